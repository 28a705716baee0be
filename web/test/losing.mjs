// A GPU that is lost when a test says so.

/** Gives a page or a worker `lose`: `lose.now()`, or `lose.at(n)` at the reading of a buffer after the next `n`. */
function loses() {
  let device, left = Infinity;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    device = await requestDevice.apply(this, given);
    return device;
  };
  const { mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = function (...given) {
    if (left === 0) device.destroy();
    left -= 1;
    return mapAsync.apply(this, given);
  };
  globalThis.lose = { now: () => device.destroy(), at: (reading) => { left = reading; } };
}

/** For the package in the page itself. */
export const losing = (page) => page.evaluate(loses);

/** What stands before the code of a worker, so that `loseInWorker` reaches its GPU. */
export const LOSING = `(${loses})();
new BroadcastChannel("lose").onmessage = ({ data: [how, ...given] }) => globalThis.lose[how](...given);
`;

/** Loses the GPU of the page's worker: "now", or "at" a reading. */
export const loseInWorker = (page, ...how) => page.evaluate((how) => new BroadcastChannel("lose").postMessage(how), how);

// Calls into the worker, in which everything is computed: the page itself never waits.

let worker;
let last = 0;
const open = new Map();
let failed = () => {};

/** Starts the worker; `onFailure` is told what has ended it. */
export function start(onFailure) {
  failed = onFailure;
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data: { id, result, error, progress } }) => {
    const call = open.get(id);
    if (!call) return;
    if (progress !== undefined) return call.progress(progress);
    open.delete(id);
    if (error === undefined) call.resolve(result);
    else call.reject(new Error(error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const error = new Error(`the computation broke off (${event.message || "the worker was not loaded"}); reload the page`);
    for (const { reject } of open.values()) reject(error);
    open.clear();
    failed(error);
  };
}

/** Calls `name` in the worker. The promise has `stop()`, which ends work that calls back. */
export function call(name, argument = {}, progress = () => {}) {
  const id = ++last;
  const promise = new Promise((resolve, reject) => open.set(id, { resolve, reject, progress }));
  worker.postMessage({ id, name, argument });
  promise.stop = () => worker.postMessage({ stop: id });
  return promise;
}

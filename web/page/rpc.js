// Calls into the worker, in which everything is computed: the page itself never waits.

let worker;
let last = 0;
const open = new Map();
let failed = () => {};
let answered = false;

/** Starts the worker; `onFailure` is told what has ended it. Another takes its place. */
export function start(onFailure) {
  failed = onFailure;
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data: { id, result, error, progress, fault } }) => {
    if (fault !== undefined) return end(fault);
    const call = open.get(id);
    if (!call) return;
    answered = true;
    if (progress !== undefined) return call.progress(progress);
    open.delete(id);
    if (error === undefined) call.resolve(result);
    else call.reject(new Error(error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end(event.message || "the worker was not loaded");
  };
}

/** Ends a worker that cannot go on. One that never answered would end again. */
function end(why) {
  worker.terminate();
  const next = answered ? "its tables and networks are gone; take them anew" : "reload the page";
  const error = new Error(`The computation broke off (${why}): ${next}.`);
  for (const { reject } of open.values()) reject(error);
  open.clear();
  if (answered) start(failed);
  answered = false;
  failed(error);
}

/** Calls `name` in the worker. The promise has `stop()`, which ends work that calls back. */
export function call(name, argument = {}, progress = () => {}) {
  const id = ++last;
  const promise = new Promise((resolve, reject) => open.set(id, { resolve, reject, progress }));
  worker.postMessage({ id, name, argument });
  promise.stop = () => worker.postMessage({ stop: id });
  return promise;
}

// Everything that computes. A call has a number; what it tells, returns or refuses carries it.
let refrain;

/** Loads the package: with threads, where the page's host says that memory may be shared between them. */
async function load() {
  const start = async (path) => {
    refrain = await import(path);
    await refrain.default();
    await refrain.initThreadPool?.(navigator.hardwareConcurrency);
  };
  const plain = "./refrain/refrain.js";
  if (!self.crossOriginIsolated) return start(plain);
  // A browser may refuse so much memory that is shared.
  return start("./refrain/threads/refrain.js").catch(() => start(plain));
}

const ready = load();
const stopped = new Set();

/** Lets messages in: a promise that is settled already would not. */
const { port1, port2 } = new MessageChannel();
const waiting = [];
port1.onmessage = () => waiting.shift()();
const pause = () => new Promise((resolve) => { waiting.push(resolve); port2.postMessage(0); });

const devices = {};
/** The device of a name; opened once. What kernels a GPU runs is part of it. */
async function device(name, kernels = "chosen") {
  const key = name === "gpu" ? `gpu ${kernels}` : name;
  devices[key] ??= name === "gpu" ? await refrain.Device.gpu({ kernels }) : name === "cpu" ? refrain.Device.cpu() : await refrain.Device.auto();
  return devices[key];
}

/** A lost GPU is asked for anew the next time. */
function forget(lost) {
  if (lost) for (const key of Object.keys(devices)) if (key !== "cpu") delete devices[key];
}

let exercise, history, run;
let csv, tableName, forecaster, backtested, forecast;
let network;
const loss = (history, val, best, network, width) =>
  refrain.lossCurve(Float64Array.from(history), Float64Array.from(val), best ?? 0, network, width);

/** Steps of a stream that are shown. */
const SHOWN = 200;
/** What a stream is fed with, by periods. */
const SIGNALS = {
  sine: (t) => Math.sin(2 * Math.PI * t),
  own: (t) => Math.sin(2 * Math.PI * t),
  square: (t) => (t % 1 < 0.5 ? 1 : -1),
  noise: () => 2 * Math.random() - 1,
};

const calls = {
  async device({ name }) {
    return (await device(name)).info;
  },

  /** A new network for the exercise. */
  async exercise({ name, options }) {
    const on = await device(name);
    exercise?.free();
    exercise = new refrain.Exercise(on, options);
    history = [];
    return { parameters: exercise.parameters, device: on.info };
  },

  /** Trains it up to an epoch, and shows it after every epoch for which there is time. */
  async train({ epochs, network, widths }, { tell, goes }) {
    const began = performance.now();
    const before = exercise.epochs;
    let busy = 0, shown = 0;
    const show = async () => {
      const since = performance.now();
      run?.free();
      run = await exercise.freeRun(100);
      tell({
        epoch: exercise.epochs,
        loss: history.at(-1),
        lost: exercise.lost,
        ms: busy / (exercise.epochs - before),
        pictures: [run.svg(widths[0]), loss(history, [], 0, network, widths[1])],
      });
      shown = performance.now();
      return shown - since;
    };
    while (exercise.epochs < epochs && goes()) {
      const since = performance.now();
      const piece = exercise.epochs === 0 ? 1 : Math.min(epochs - exercise.epochs, 10);
      await exercise.train(piece, async ({ epoch, loss }) => {
        history[epoch - 1] = loss;
        await pause();
        return goes() && performance.now() - since < 120;
      });
      busy += performance.now() - since;
      // The free run has kernels of its own to be compiled: what the first epoch came to is said before.
      if (shown === 0) tell({ epoch: exercise.epochs, loss: history.at(-1), lost: exercise.lost, ms: busy });
      await pause();
      if (performance.now() - shown > 40) await show();
      await pause();
    }
    await show();
    forget(exercise.lost);
    return {
      epoch: exercise.epochs, lost: exercise.lost, test: await exercise.test(), naive: exercise.naive(), rmse: run.rmse,
      ms: busy / Math.max(1, exercise.epochs - before), seconds: (performance.now() - began) / 1e3, history,
    };
  },

  async exerciseModel() {
    return exercise.model();
  },

  exercisePictures({ network, widths }) {
    return run && [run.svg(widths[0]), loss(history, [], 0, network, widths[1])];
  },

  /** Takes a table, or the one before again, and says what it holds. */
  async table({ file, text, name, written }) {
    const bytes = file ? new Uint8Array(await file.arrayBuffer()) : text === undefined ? csv : new TextEncoder().encode(text);
    const found = refrain.describe(bytes, { ...written, name });
    csv = bytes;
    tableName = name;
    return found;
  },

  sample({ name }) {
    return refrain.sample(name, 1);
  },

  async loadModel({ file }) {
    const loaded = refrain.Forecaster.load(new Uint8Array(await file.arrayBuffer()), file.name);
    forecaster?.free();
    forecaster = loaded;
    return forecaster.about;
  },

  /** Trains a forecaster on the table. */
  async fit({ name, task, width }, { tell, goes }) {
    const { from, ...options } = task;
    const network = `${task.cell} with ${task.layers ?? 1} x ${task.hidden} hidden units`;
    let shown = 0;
    const trained = await refrain.Forecaster.train(await device(name), csv, { ...options, name: tableName }, async (progress) => {
      await pause();
      const picture = performance.now() - shown > 200 && progress.history.length > 0
        ? loss(progress.history, progress.val, progress.best, network, width) : null;
      if (picture) shown = performance.now();
      forget(progress.lost);
      tell({ ...progress, picture });
      return goes();
    });
    forecaster?.free();
    forecaster = trained;
    forget(forecaster.lost);
    return { ...forecaster.about, lost: forecaster.lost };
  },

  /** The forecast of the table's future, and the backtest of its past. */
  async forecast({ name, width, written, from }) {
    const on = await device(name);
    const options = { ...written, name: tableName };
    forecast?.free();
    forecast = undefined;
    forecast = await forecaster.forecast(on, csv, options);
    backtested?.free();
    backtested = undefined;
    let refused = null;
    try {
      backtested = await forecaster.backtest(on, csv, { ...options, ...(from && { from }) });
    } catch (error) {
      if (isFault(error)) throw error;
      refused = error.message;
    }
    const lost = forecast.lost ?? backtested?.lost;
    forget(lost);
    return { result: backtested?.result, refused, notes: forecast.notes, lost, pictures: calls.forecastPictures({ width }) };
  },

  forecastPictures({ width }) {
    return forecast && [forecast.svg(width), backtested?.svg(width)];
  },

  files() {
    return { model: forecaster.model(), csv: forecast.csv(), svg: forecast.svg(960) };
  },

  /** The network of a model file, or the one that the exercise has trained. */
  async openModel({ name, file, options }) {
    if (!file && !exercise) throw new Error("no network has been trained on the first screen, expected one");
    const bytes = file ? new Uint8Array(await file.arrayBuffer()) : await exercise.model();
    const loaded = refrain.Network.load(await device(name), bytes, file ? { ...options, name: file.name } : { name: "the exercise's network" });
    network?.free();
    network = loaded;
    return network.about;
  },

  /** Streams: one step after the other, whose state stays on the device. */
  async stream({ signal, period, pace, width }, { tell, goes }) {
    const { inputs, outputs, network: title } = network.about;
    if (signal === "own" && inputs !== outputs) throw new Error(`its output has ${outputs} values, expected ${inputs}, as many as its input`);
    network.openStream(1);
    const given = [], said = [];
    let step = 0, busy = 0, output;
    while (goes()) {
      const until = performance.now() + 40;
      do {
        const x = signal === "own" && step >= period ? output
          : Float32Array.from({ length: inputs }, (_, n) => SIGNALS[signal](step / period + n / inputs));
        const since = performance.now();
        output = await network.step(x);
        busy += performance.now() - since;
        step += 1;
        for (const [values, value] of [[given, x[0]], [said, output[0]]]) {
          values.push(value);
          if (values.length > SHOWN) values.shift();
        }
      } while (pace === 0 && performance.now() < until);
      const picture = refrain.streamPicture(title, Float32Array.from(given), Float32Array.from(said), step - 1, width);
      tell({ step, us: 1e3 * busy / step, output: output[0], picture });
      await (pace === 0 ? pause() : new Promise((resolve) => { setTimeout(resolve, 1e3 / pace); }));
    }
    return { step };
  },

  async verify({ name, kernels, every }, { tell, goes }) {
    const on = await device(name, kernels);
    let told = 0;
    return refrain.verify(on, { every }, async (progress) => {
      await pause();
      if (performance.now() - told > 150) {
        tell(progress);
        told = performance.now();
      }
      return goes();
    });
  },

  async bench({ name, row }) {
    await pause();
    return refrain.bench(await device(name), row, 0.6);
  },
};

/** Whether an error leaves the program in no state to go on: it has panicked, or run out of memory or stack. */
const isFault = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error?.name === "Panic";

/** Ends the worker, for whom it is no use to go on: the page starts another. */
const giveUp = (error) => self.postMessage({ fault: error?.message ?? String(error) });
self.onerror = (message, _file, _line, _column, error) => {
  giveUp(error ?? message);
  return true;
};
self.onunhandledrejection = (event) => {
  event.preventDefault();
  giveUp(event.reason);
};

self.onmessage = async ({ data: { id, name, argument, stop } }) => {
  if (stop) return stopped.add(stop);
  const about = { tell: (progress) => self.postMessage({ id, progress }), goes: () => !stopped.has(id) };
  try {
    await ready;
    self.postMessage({ id, result: await calls[name](argument, about) });
  } catch (error) {
    if (isFault(error)) return giveUp(error);
    self.postMessage({ id, error: error.message ?? String(error) });
  }
  stopped.delete(id);
};

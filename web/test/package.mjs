// The package's own interface, called from a page that has it beside it.

/** Losses of two epochs of the exercise on a device. */
export const losses = (page, device) => page.evaluate(async (device) => {
  const refrain = await import("./refrain/refrain.js");
  await refrain.default();
  const exercise = new refrain.Exercise(await refrain.Device[device]());
  const losses = [];
  await exercise.train(2, ({ steps }) => { losses.push(...steps); });
  return losses;
}, device);

/** Milliseconds of an epoch of the exercise. */
export const epochTime = (page, device, epochs) => page.evaluate(async ([device, epochs]) => {
  const refrain = await import("./refrain/refrain.js");
  await refrain.default();
  const exercise = new refrain.Exercise(await refrain.Device[device]());
  // A browser compiles anew what runs often: until then it is slow.
  await exercise.train(device === "cpu" ? 60 : 2);
  const since = performance.now();
  await exercise.train(epochs);
  return (performance.now() - since) / epochs;
}, [device, epochs]);

/** Builds, fits, saves, loads and streams a network: losses before and after, how far its stream is from its outputs, and
 * what it refuses. */
export const network = (page, device) => page.evaluate(async (device) => {
  const refrain = await import("./refrain/refrain.js");
  await refrain.default();
  const on = await refrain.Device[device]();
  const series = Float32Array.from({ length: 400 }, (_, t) => Math.sin(t / 8));
  const data = refrain.Dataset.windows(series, { window: 20 });
  const network = new refrain.Network(on, { cell: "lstm", inputs: 1, hidden: 12, outputs: 1, seed: 3 });
  const { loss: before } = await network.evaluate(data);
  let epochs = 0;
  await network.fit(data, { epochs: 10, lr: 5e-3 }, ({ epoch }) => { epochs = epoch; return epoch < 3; });
  const { loss: after } = await network.evaluate(data);

  const loaded = refrain.Network.load(on, network.model());
  const row = new refrain.Dataset({ x: series.slice(0, 20), shape: [1, 20, 1] });
  const [y] = await network.predict(row);
  const [same] = await loaded.predict(row);
  loaded.openStream(1);
  let last;
  for (const x of series.slice(0, 20)) [last] = await loaded.step(Float32Array.of(x));
  const refused = [];
  for (const wrong of [
    () => new refrain.Dataset({ x: series, shape: [3, 20, 1] }),
    () => new refrain.Network(on, { cell: "lstm", inputs: 1, hiden: 12 }),
    () => new refrain.Network(on, { cell: "lstm", inputs: 1, hidden: -1 }),
    () => loaded.openStream(4e9),
    () => refrain.lossCurve(new Float64Array(1), new Float64Array(), 0, "", NaN),
  ]) {
    try {
      wrong();
      refused.push("nothing");
    } catch (error) {
      refused.push(error.message);
    }
  }
  return { before, after, epochs, apart: Math.abs(last - y), again: Math.abs(same - y), refused };
}, device);

/** Fits a network whose GPU is lost in the fourth of twelve epochs, and one on the CPU alone; then the exercise, likewise. */
export const lost = (page) => page.evaluate(async () => {
  const refrain = await import("./refrain/refrain.js");
  await refrain.default();
  const series = Float32Array.from({ length: 200 }, (_, t) => Math.sin(t / 8));
  const data = refrain.Dataset.windows(series, { window: 20 });
  const fitted = async (on, watch) => {
    const network = new refrain.Network(on, { cell: "gru", inputs: 1, hidden: 8, outputs: 1, seed: 3 });
    await network.fit(data, { epochs: 12, lr: 5e-3, validate: 0.2, patience: 0 }, watch);
    return network;
  };
  const epochs = [], devices = new Set();
  let told = null;
  const network = await fitted(await refrain.Device.gpu(), ({ epoch, device: name, lost }) => {
    epochs.push(epoch);
    devices.add(name);
    told = lost;
    if (epoch === 4) lose.now();
  });
  const alone = await fitted(refrain.Device.cpu());
  const [{ loss }, { loss: expected }] = [await network.evaluate(data), await alone.evaluate(data)];
  const exercise = new refrain.Exercise(await refrain.Device.gpu());
  const ofExercise = [];
  await exercise.train(6, ({ epoch }) => {
    ofExercise.push(epoch);
    if (epoch === 2) lose.now();
  });
  return {
    epochs, ofExercise, devices: [...devices], told, property: network.lost, apart: Math.abs(loss - expected) / expected,
  };
});

/** What a forecaster comes to on the CPU alone, and where the GPU is lost: after training, at one of `readings` of its
 * buffers, and in a backtest and a forecast. */
export const lostForecasts = (page, csv, readings) => page.evaluate(async ([csv, readings]) => {
  const refrain = await import("./refrain/refrain.js");
  await refrain.default();
  const trained = (on, options, watch) => refrain.Forecaster.train(on, csv, { target: "sales", hidden: 6, epochs: 2, ...options }, watch);
  const outcome = async (model, on) => {
    const [forecast, backtest] = [await model.forecast(on, csv), await model.backtest(on, csv)];
    return { csv: forecast.csv(), mae: backtest.result.methods[0].mae, coverage: model.about.coverage, lost: [model.lost, forecast.lost, backtest.lost] };
  };
  const cpu = refrain.Device.cpu();
  const found = [];
  for (const members of [1, 2]) {
    const model = await trained(cpu, { members });
    const lost = [];
    for (const reading of members === 1 ? readings : readings.slice(-1)) {
      let told = null;
      const broken = await trained(await refrain.Device.gpu(), { members }, ({ member, epoch, step, steps, lost }) => {
        if (lost) told = lost;
        else if (member === members && epoch === 2 && step === steps) lose.at(reading);
      });
      lose.at(Infinity);
      lost.push({ told, ...await outcome(broken, cpu) });
    }
    found.push({ alone: await outcome(model, cpu), lost });
    if (members === 1) {
      const gpu = await refrain.Device.gpu();
      lose.at(0);
      // It is lost in the forecast; the backtest begins on one that is lost.
      found[0].asked = await outcome(model, gpu);
      lose.at(Infinity);
    }
  }
  return found;
}, [csv, readings]);

/** Notes how long each submission takes on the GPU, in milliseconds, from when the one before has ended; and whether it has
 * a kernel on buffers that it has not run on before, for which a driver may have to compile it. */
export const watchSubmissions = (page) => page.evaluate(() => {
  let ended = 0, kernels = [], isNew = false, pipeline;
  const known = new WeakMap();
  const wrap = (type, name, before) => {
    const plain = type.prototype[name];
    type.prototype[name] = function (...given) {
      before(...given);
      return plain.apply(this, given);
    };
  };
  wrap(GPUDevice, "createComputePipeline", () => { isNew = true; });
  wrap(GPUComputePassEncoder, "setPipeline", (next) => {
    pipeline = next;
    kernels.push(next.label);
  });
  wrap(GPUComputePassEncoder, "setBindGroup", (_, group) => {
    isNew ||= known.get(group) !== pipeline;
    known.set(group, pipeline);
  });
  const submit = GPUQueue.prototype.submit;
  GPUQueue.prototype.submit = function (commands) {
    const begun = performance.now();
    submit.call(this, commands);
    const about = { kernels, isNew };
    [kernels, isNew] = [[], false];
    this.onSubmittedWorkDone().then(() => {
      const now = performance.now();
      self.submissions.push({ ...about, ms: now - Math.max(begun, ended) });
      ended = now;
    });
  };
});

/** What takes an adapter some time, as a page does it. */
export const WORK = ["exercise", "forecaster", "verification", "network"];

/** The submissions of some work. */
export const submissions = (page, name) => page.evaluate(async (name) => {
  const refrain = await import("./refrain/refrain.js");
  await refrain.default();
  self.gpu ??= await refrain.Device.gpu();
  self.submissions = [];
  await {
    async exercise() {
      const exercise = new refrain.Exercise(self.gpu, { cell: "lstm" });
      await exercise.train(2);
      await exercise.freeRun(100);
    },
    async forecaster() {
      const csv = refrain.sample("visits", 1);
      let calls = 0;
      const model = await refrain.Forecaster.train(self.gpu, csv, { target: "visits" }, () => { calls += 1; return calls < 2; });
      await model.forecast(self.gpu, csv);
    },
    async verification() {
      await refrain.verify(self.gpu, { every: 192 });
    },
    async network() {
      const [rows, steps] = [32, 24];
      const x = Float32Array.from({ length: rows * steps }, (_, t) => Math.sin(t / 9));
      const data = new refrain.Dataset({ x, shape: [rows, steps, 1], targets: new Float32Array(rows) });
      const network = new refrain.Network(self.gpu, { cell: "lstm", inputs: 1, hidden: 128, outputs: 1 });
      await network.fit(data, { epochs: 1 });
    },
  }[name]();
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  return self.submissions;
}, name);

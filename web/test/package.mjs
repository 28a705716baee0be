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
  let refused = "";
  try {
    new refrain.Dataset({ x: series, shape: [3, 20, 1] });
  } catch (error) {
    refused = error.message;
  }
  return { before, after, epochs, apart: Math.abs(last - y), again: Math.abs(same - y), refused };
}, device);

// The CPU engine on several threads, which a page has where it is cross-origin isolated.
import assert from "node:assert/strict";
import { serve } from "./browser.mjs";
import { on, trained } from "./harness.mjs";

/** What makes a page cross-origin isolated. */
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** Fits networks that the engine shares out in its two ways, on so many threads: losses, all weights and outputs. */
async function fitted({ threads }) {
  const refrain = await import("./refrain/threads/refrain.js");
  await refrain.default();
  await refrain.initThreadPool(threads);
  const device = refrain.Device.cpu();
  const found = [];
  for (const [options, rows, steps, batch] of [
    // By tiles of rows: the exercise's shape, and one whose last tile is not full.
    [{ cell: "rnn", hidden: 20 }, 96, 50, 32], [{ cell: "gru", hidden: 33, layers: 2 }, 75, 20, 50],
    // By units: few rows, and a wide network.
    [{ cell: "lstm", hidden: 128 }, 8, 40, 4], [{ cell: "lstm", hidden: 512 }, 64, 6, 32],
  ]) {
    const x = Float32Array.from({ length: rows * steps }, (_, t) => Math.sin(t / 9) + (t * t % 13) / 26);
    const targets = Float32Array.from({ length: rows }, (_, row) => Math.sin(row));
    const data = new refrain.Dataset({ x, shape: [rows, steps, 1], targets });
    const network = new refrain.Network(device, { inputs: 1, outputs: 1, seed: 3, ...options });
    const { history } = await network.fit(data, { epochs: 2, batch, lr: 3e-3 });
    found.push({ history, parameters: network.parameters, outputs: await network.predict(data) });
  }
  return { driver: device.info.driver, found: found.map(({ history, parameters, outputs }) => [history, parameters, outputs].map((values) => [...values])) };
}

/** Milliseconds of a training step of an LSTM of 128 units, on 64 rows of 50 steps. */
async function timed({ threads }) {
  const refrain = await import(threads ? "./refrain/threads/refrain.js" : "./refrain/refrain.js");
  await refrain.default();
  if (threads) await refrain.initThreadPool(threads);
  const [steps, rows] = [5, 64];
  const x = Float32Array.from({ length: steps * rows * 50 }, (_, t) => Math.sin(t / 9));
  const data = new refrain.Dataset({ x, shape: [steps * rows, 50, 1], targets: new Float32Array(steps * rows) });
  const network = new refrain.Network(refrain.Device.cpu(), { cell: "lstm", inputs: 1, hidden: 128, outputs: 1 });
  // A browser compiles anew what runs often: until then it is slow.
  await network.fit(data, { epochs: 4, batch: rows });
  const runs = [];
  for (let run = 0; run < 5; run += 1) {
    const since = performance.now();
    await network.fit(data, { epochs: 2, batch: rows });
    runs.push((performance.now() - since) / (2 * steps));
  }
  return Math.min(...runs);
}

/** Calls a function in a worker of its own: a page itself may not wait for threads. */
async function inWorker(page, work, argument) {
  await page.context().route("**/work.js", (route) => route.fulfill({
    contentType: "text/javascript", headers: ISOLATED,
    body: `(${work})(${JSON.stringify(argument)}).then((found) => postMessage({ found }), (error) => postMessage({ error: String(error) }));`,
  }));
  const { found, error } = await page.evaluate(() => new Promise((resolve) => {
    const worker = new Worker("work.js", { type: "module" });
    worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
    worker.onerror = ({ message }) => resolve({ error: message ?? "the worker was not loaded" });
  }));
  assert.equal(error, undefined);
  return found;
}

/** A browser that gives a worker no memory that is shared. */
const NO_MEMORY = `WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(about) {
    if (about.shared) throw new RangeError("could not allocate memory");
    super(about);
  }
};
`;

export default {
  async "where the page is cross-origin isolated, the CPU engine has threads, and no bit depends on their number"() {
    const { address, close } = await serve(ISOLATED);
    try {
      await on("?device=cpu&epochs=20", async (page) => {
        const { status } = await trained(page);
        const name = await page.locator("#device-name").textContent();
        console.log(`  ${name}; ${status}`);
        assert.match(name, /, [2-9]\d* threads$/);
        const one = await inWorker(page, fitted, { threads: 1 });
        assert.match(one.driver, /, 1 thread$/);
        for (const threads of [2, 3]) {
          const several = await inWorker(page, fitted, { threads });
          assert.match(several.driver, new RegExp(`, ${threads} threads$`));
          assert.deepEqual(several.found, one.found);
        }
        for (const threads of [0, 1, 2]) {
          const ms = await inWorker(page, timed, { threads });
          console.log(`  a step of an LSTM of 128 units, ${threads ? `threads: ${threads}` : "without threads"}: ${ms.toFixed(1)} ms`);
        }
      }, {}, "", address);
    } finally {
      close();
    }
  },

  async "where a browser refuses the memory of threads, the CPU engine has one"() {
    const { address, close } = await serve(ISOLATED);
    try {
      await on("?device=cpu&epochs=2", async (page) => {
        await trained(page);
        assert.match(await page.locator("#device-name").textContent(), /, 1 thread$/);
      }, {}, NO_MEMORY, address);
    } finally {
      close();
    }
  },
};

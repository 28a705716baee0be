// What the browser may do to the page: a GPU that is lost or has low limits, a program that breaks, submissions that are
// too long.
import assert from "node:assert/strict";
import { join } from "node:path";
import { drop, on, refrain, sales } from "./harness.mjs";
import { LOSING, loseInWorker, losing } from "./losing.mjs";
import { WORK, lost, lostForecasts, submissions, watchSubmissions } from "./package.mjs";

/** Every call into the package of the worker that is there breaks, once the page says so. */
const BREAK = `{
  let broken = false;
  new BroadcastChannel("break").onmessage = () => { broken = true; };
  const instantiate = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (...given) => {
    const { instance, module } = await instantiate.apply(WebAssembly, given);
    const exports = Object.entries(instance.exports).map(([name, value]) => [name, typeof value !== "function" ? value : (...given) => {
      if (broken) throw new WebAssembly.RuntimeError("unreachable");
      return value(...given);
    }]);
    return { instance: { exports: Object.fromEntries(exports) }, module };
  };
}
`;

/** An adapter of hardware whose limits are those of WebGPU's compatibility mode. */
const LOW = `{
  const low = { maxComputeInvocationsPerWorkgroup: 128, maxStorageBuffersPerShaderStage: 4 };
  const over = (object, few) => new Proxy(object, { get: (object, name) => (name in few ? few[name] : object[name]) });
  const request = GPU.prototype.requestAdapter;
  GPU.prototype.requestAdapter = async function (...given) {
    const adapter = await request.apply(this, given);
    Object.defineProperty(adapter, "limits", { value: over(adapter.limits, low) });
    Object.defineProperty(adapter, "info", { value: over(adapter.info, { isFallbackAdapter: false }) });
    return adapter;
  };
}
`;

/** The numbers of a table of forecasts. */
const numbers = (csv) => csv.trim().split("\n").slice(1).flatMap((line) => line.split(",").slice(1).map(Number));

/** How far apart numbers are, as a part of the first. */
const apart = (ours, theirs) => Math.max(...ours.map((number, n) => Math.abs(number - theirs[n]) / Math.abs(number)));

export default {
  async "where the program breaks, the page says so and goes on"() {
    const broken = /^The computation broke off \(.*unreachable\): its tables and networks are gone; take them anew\.$/;
    const breakIt = (page) => page.evaluate(() => new BroadcastChannel("break").postMessage(0));
    await on("?device=cpu&epochs=10000#sine", async (page) => {
      // In the middle of what is waited for, which no answer would end.
      await page.locator("#sine-status", { hasText: /^Epoch \d\d/ }).waitFor();
      await breakIt(page);
      await page.locator("#failure:not([hidden])").waitFor();
      console.log(`  ${await page.locator("#failure").textContent()}`);
      for (const place of ["#failure", "#sine-error"]) assert.match(await page.locator(place).textContent(), broken);
      // Another worker has taken its place.
      await page.fill("#sine-form [name=epochs]", "2");
      await page.click("#sine-form button.main");
      await page.locator("#sine-table:not([hidden])").waitFor();
      assert.equal(await page.locator("#sine-error").textContent(), "");
      // And in a call.
      await breakIt(page);
      await page.click("nav a[href='#forecast']");
      await drop(page, "sales.csv", [[sales, 1]]);
      await page.locator("#forecast-error:not([hidden])").waitFor();
      assert.match(await page.locator("#forecast-error").textContent(), broken);
      await drop(page, "sales.csv", [[sales, 1]]);
      await page.locator("#table-status", { hasText: "400 rows" }).waitFor();
      assert.equal(await page.locator("#forecast-error").textContent(), "");
    }, {}, BREAK);
  },

  async "an adapter of the compatibility mode is refused by the limit that is short, and the CPU takes over"() {
    await on("?device=auto&epochs=2", async (page) => {
      const words = "a kernel needs 256 invocations a workgroup, but GPU allows 128; the device CPU computes without";
      await page.locator("#device-name", { hasText: `${words}: the CPU engine takes its place.` }).waitFor();
      console.log(`  ${await page.locator("#device-name").textContent()}`);
      await page.locator("#sine-table:not([hidden])").waitFor();
      assert.equal(await page.locator("#sine-error").textContent(), "");
      await page.selectOption("#device", "gpu");
      await page.locator("#device-name", { hasText: words }).waitFor();
    }, {}, LOW);
  },

  async "work that takes long on a slow adapter goes in submissions of less than 200 ms"() {
    await on("?device=cpu&epochs=1", async (page) => {
      await watchSubmissions(page);
      let several = 0;
      for (const name of WORK) {
        const found = await submissions(page, name);
        const ran = found.filter(({ isNew, kernels }) => !isNew && kernels.length).sort((a, b) => b.ms - a.ms);
        const longest = (some) => some.slice(0, 4).map(({ ms, kernels }) => `${ms.toFixed(0)} ms (${kernels.slice(0, 3)})`).join(", ");
        console.log(`  ${name}: ${found.length} submissions, ${ran.length} of kernels that had run; the longest ${longest(ran)}`);
        assert.ok(ran.length > 10, name);
        // A single dispatch is not cut, however slow other programs make it. One in a hundred may have waited for them.
        const cut = ran.filter(({ kernels }) => kernels.length > 1);
        const { ms } = cut[Math.ceil(cut.length / 100)] ?? { ms: 0 };
        assert.ok(ms < 200, `${name}: ${longest(cut)}`);
        several += cut.length;
      }
      assert.ok(several > 10, `${several} of several dispatches`);
    });
  },

  async "a network that is fitted, and the exercise, go on on the CPU where the GPU is lost"() {
    await on("?device=cpu&epochs=1", async (page) => {
      await losing(page);
      const { epochs, ofExercise, devices, told, property, apart } = await lost(page);
      console.log(`  ${epochs.length} epochs on ${devices.join(", then ")}: ${told}`);
      // No epoch is left out, and none is told twice.
      assert.deepEqual(epochs, Array.from({ length: 12 }, (_, n) => n + 1));
      assert.deepEqual(ofExercise, [1, 2, 3, 4, 5, 6]);
      assert.equal(devices.length, 2);
      assert.ok(told.length > 20 && told === property, told);
      assert.ok(apart < 1e-3, `${apart}`);
    });
  },

  async "intervals, backtests and forecasts go on on the CPU where the GPU is lost"() {
    await on("?device=cpu&epochs=1", async (page) => {
      await losing(page);
      for (const { alone, lost, asked } of await lostForecasts(page, sales, [0, 2])) {
        assert.ok(alone.coverage > 0.5 && alone.lost.every((why) => why === undefined));
        for (const broken of [...lost, ...(asked ? [asked] : [])]) {
          const why = broken.lost.filter(Boolean);
          console.log(`  ${why}${broken.told ? ", in training" : ""}`);
          // After training, or by each of the calls on the adapter that is gone.
          assert.deepEqual(broken.lost.map(Boolean), broken === asked ? [false, true, true] : [true, false, false]);
          assert.ok(why.every((words) => words.length > 20), why.join());
          assert.equal(broken.coverage, alone.coverage);
          assert.ok(apart(numbers(alone.csv), numbers(broken.csv)) < 1e-2, `${alone.csv} ${broken.csv}`);
          assert.ok(apart([alone.mae], [broken.mae]) < 1e-2, `${alone.mae} ${broken.mae}`);
        }
        // The last of these readings is none of training's.
        assert.equal(lost.at(-1).told, null);
      }
    });
  },

  async "a forecast on the page goes on on the CPU where the GPU is lost, and says so"() {
    const folder = refrain(
      { file: "sales.csv", text: sales },
      { words: ["train", "sales.csv", "--target", "sales", "--device", "cpu", "--epochs", "1", "--hidden", "4", "--window", "21", "--quiet", "--out", "m.safetensors"] },
    );
    await on("?device=gpu&epochs=1#forecast", async (page) => {
      await page.locator("#sine-table:not([hidden])").waitFor({ state: "attached" });
      await drop(page, "sales.csv", [[sales, 1]]);
      await page.locator("#table-status", { hasText: "400 rows" }).waitFor();
      await loseInWorker(page, "at", 0);
      await page.setInputFiles("#file", join(folder, "m.safetensors"));
      await page.locator("#verdict", { hasText: /./ }).waitFor();
      const status = await page.locator("#forecast-status").textContent();
      console.log(`  ${status}`);
      assert.match(status, /^.{20,}: the CPU goes on\. gru/);
      assert.equal(await page.locator("#forecast-error").textContent(), "");
    }, {}, LOSING);
  },
};

// The first screen: the exercise.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./browser.mjs";
import { on, seconds, shoot, trained } from "./harness.mjs";
import { LOSING, loseInWorker } from "./losing.mjs";
import { epochTime, losses } from "./package.mjs";

const golden = JSON.parse(readFileSync(join(root, "tests/golden/exercise.json"), "utf8"));

export default {
  async "the exercise on the CPU comes to the README's error"() {
    await on("?device=cpu", async (page) => {
      const { mse, naive, status } = await trained(page);
      assert.ok(mse < 2e-5 && naive > 8e-3, `${mse}, ${naive}`);
      console.log(`  MSE ${mse}; ${status}`);
      await shoot(page, "sine-cpu");
    });
  },

  async "the exercise on WebGPU comes to the README's error"() {
    const since = performance.now();
    await on("?device=gpu", async (page) => {
      await page.locator("#sine-status", { hasText: /^Epoch 1 / }).or(page.locator("#sine-error:not([hidden])")).waitFor();
      console.log(`  first epoch ${seconds(since).toFixed(1)} s after the page was opened`);
      const { mse, status } = await trained(page);
      assert.match(await page.locator("#device-name").textContent(), /WebGPU$/);
      assert.ok(mse < 2e-5, `${mse}`);
      console.log(`  MSE ${mse}; ${status}`);
      await shoot(page, "sine-gpu");
    });
  },

  async "every cell, size and seed is in the address, and a run can be paused"() {
    await on("?device=cpu&cell=gru&hidden=8&lr=0.003&epochs=3000&seed=5", async (page) => {
      const status = page.locator("#sine-status");
      await page.locator("#sine-status", { hasText: "of 3000" }).waitFor();
      await page.click("#sine-pause");
      await page.locator("#sine-table:not([hidden])").waitFor();
      const at = Number((await status.textContent()).match(/^(\d+) epochs/)[1]);
      assert.ok(at < 3000, `${at}`);
      await page.fill("#sine-form [name=epochs]", String(at + 50));
      await page.click("#sine-pause");
      await page.locator("#sine-status", { hasText: new RegExp(`^${at + 50} epochs`) }).waitFor();
      assert.equal(await page.inputValue("#sine-form [name=cell]"), "gru");
      await page.selectOption("#sine-form [name=cell]", "lstm");
      await page.locator("#sine-status", { hasText: "epochs," }).waitFor();
      assert.match(page.url(), /cell=lstm/);
    });
  },

  async "losses of both devices are those of the native CPU engine"() {
    await on("?device=cpu&epochs=1", async (page) => {
      for (const device of ["cpu", "gpu"]) {
        const found = await losses(page, device);
        assert.equal(found.length, golden.losses.length);
        const off = Math.max(...found.map((loss, n) => Math.abs(loss - golden.losses[n]) / golden.losses[n]));
        console.log(`  ${device}: off by ${off.toExponential(1)} at most`);
        assert.ok(off < 1e-4, `${device}: ${off}`);
      }
      console.log(`  an epoch: CPU ${(await epochTime(page, "cpu", 50)).toFixed(2)} ms, SwiftShader ${(await epochTime(page, "gpu", 5)).toFixed(0)} ms`);
    });
  },

  async "where the GPU is lost, the exercise goes on on the CPU"() {
    await on("?device=gpu&epochs=400", async (page) => {
      await page.locator("#sine-status", { hasText: /^Epoch [2-9] / }).waitFor();
      await loseInWorker(page, "now");
      await page.locator("#sine-error", { hasText: "goes on from the last epoch on the CPU" }).waitFor();
      await page.locator("#sine-table:not([hidden])").waitFor();
      console.log(`  ${await page.locator("#sine-error").textContent()}`);
      assert.match(await page.locator("#sine-status").textContent(), /^400 epochs/);
      assert.ok(Number(await page.locator("#sine-table tbody td").first().textContent()) < 2e-5);
      // Another one is asked for when the exercise begins anew.
      await page.fill("#sine-form [name=epochs]", "1");
      await page.click("#sine-form button.main");
      await page.locator("#sine-table:not([hidden])").waitFor();
      assert.equal(await page.locator("#sine-error").textContent(), "");
    }, {}, LOSING);
  },

  async "without WebGPU the page says so, and computes on the CPU"() {
    await on("?epochs=2", async (page) => {
      await page.locator("#device-name", { hasText: "the CPU engine takes its place" }).waitFor();
      await trained(page);
    });
  },
};

// Networks in the package, and model files on the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { on, refrain, sales, shoot } from "./harness.mjs";
import { network } from "./package.mjs";

export default {
  async "a network is built, fitted, saved, loaded and streamed"() {
    await on("?device=cpu&epochs=1", async (page) => {
      for (const device of ["cpu", "gpu"]) {
        const { before, after, epochs, apart, again, refused } = await network(page, device);
        assert.ok(after < 0.2 * before, `${device}: ${before} to ${after}`);
        assert.equal(epochs, 3);
        assert.ok(apart < 1e-5 && again === 0, `${device}: ${apart}, ${again}`);
        [
          /^x: expected 60 values/, /^options.hiden: unknown field/, /^options.hidden: invalid value: integer `-1`, expected a whole number/,
          /^the states of the stream needs .* take fewer rows$/, /^width is NaN, expected pixels/,
        ].forEach((words, n) => assert.match(refused[n], words));
      }
    });
  },

  async "models that the command line wrote are streamed, and forecast"() {
    const folder = refrain(
      { words: ["train-sine", "--device", "cpu", "--cell", "gru", "--epochs", "20", "--out", "sine", "--quiet"] },
      { file: "sales.csv", text: sales },
      { words: ["train", "sales.csv", "--target", "sales", "--device", "cpu", "--epochs", "3", "--out", "sales.safetensors", "--quiet"] },
      { words: ["forecast", "sales.safetensors", "sales.csv", "--device", "cpu", "--out", "forecast.csv", "--quiet"] },
    );
    await on("?device=cpu&epochs=1#stream", async (page) => {
      await page.setInputFiles("#model-file", join(folder, "sine/model.safetensors"));
      await page.locator("#stream-about", { hasText: "gru, 1 inputs, 1 x 20 hidden units" }).waitFor();
      await page.selectOption("#stream-form [name=pace]", "0");
      await page.selectOption("#stream-form [name=signal]", "own");
      await page.click("#stream-form button.main");
      await page.locator("#stream-status", { hasText: /^Step \d{4}/ }).waitFor();
      await page.click("#stream-stop");
      console.log(`  ${await page.locator("#stream-status").textContent()}`);
      await shoot(page, "stream");
      assert.equal(await page.locator("#stream-error").textContent(), "");

      await page.click("nav a[href='#forecast']");
      await page.setInputFiles("#file", join(folder, "sales.safetensors"));
      await page.locator("#forecast-status", { hasText: "forecasts sales" }).waitFor();
      await page.setInputFiles("#file", join(folder, "sales.csv"));
      await page.locator("#verdict", { hasText: /./ }).waitFor();
      const [download] = await Promise.all([page.waitForEvent("download"), page.click("[data-save=csv]")]);
      const numbers = (text) => text.trim().split("\n").slice(1).flatMap((line) => line.split(",").slice(1).map(Number));
      const [found, expected] = [await download.path(), join(folder, "forecast.csv")].map((path) => numbers(readFileSync(path, "utf8")));
      assert.equal(found.length, expected.length);
      found.forEach((value, n) => assert.ok(Math.abs(value - expected[n]) < 1e-3, `${value}, ${expected[n]}`));
    });
  },
};

// The second screen: tables and forecasts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MINUTES, address, drop, on, refrain, sales, seconds, shoot } from "./harness.mjs";

export default {
  async "a CSV is dropped and forecast"() {
    await on("?device=cpu&epochs=1#forecast", async (page) => {
      await page.locator("#drop").waitFor();
      assert.ok(!await page.isVisible("#forecast-form"), "there is nothing to train on yet");
      assert.ok(!await page.isVisible("#forecast-result"), "nothing has been forecast yet");
      await drop(page, "sales.csv", [[sales, 1]]);
      await page.locator("#table-status", { hasText: "400 rows" }).waitFor();
      await page.click("#forecast-form button.main");
      await page.locator("#verdict", { hasText: /./ }).waitFor();
      assert.equal(await page.locator("#forecast-error").textContent(), "");
      assert.equal(await page.locator("#backtest-table tbody tr").count(), 4);
      const saved = async (what) => {
        const [download] = await Promise.all([page.waitForEvent("download"), page.click(`[data-save=${what}]`)]);
        return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "latin1") };
      };
      const csv = await saved("csv");
      assert.equal(csv.name, "sales-forecast.csv");
      assert.equal(csv.text.trim().split("\n").length, 8);
      assert.match((await saved("svg")).text, /^<svg/);
      const model = await saved("model");
      assert.match(model.text, /weight_hh_l0/);
      await shoot(page, "forecast");

      // The model comes back from its file, and forecasts the same.
      const again = await page.evaluate(([bytes, text]) => import("./refrain/refrain.js").then(async (refrain) => {
        await refrain.default();
        const model = refrain.Forecaster.load(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)), "sales");
        return (await model.forecast(refrain.Device.cpu(), text)).csv();
      }), [model.text, sales]);
      assert.equal(again, csv.text);
    });
  },

  async "series that are left out, and what a short one decides, are said"() {
    const panel = (lengths) => `id,t,y\n${lengths.flatMap((rows, series) =>
      Array.from({ length: rows }, (_, t) => `s${series},${t},${(10 + series + 5 * Math.sin(t * 2 * Math.PI / 10) + (t * t % 7) / 7).toFixed(3)}`)).join("\n")}\n`;
    await on("?device=cpu&epochs=1#forecast", async (page) => {
      const notes = page.locator("#forecast-notes");
      const take = async (name, text) => {
        await drop(page, name, [[text, 1]]);
        await page.locator("#table-status", { hasText: `${name}: ` }).filter({ hasText: "in 5 series" }).waitFor();
      };
      const form = async (fields) => {
        await page.evaluate((fields) => {
          document.querySelector("#forecast-form").reset();
          for (const [name, value] of Object.entries(fields)) document.querySelector(`#forecast-form [name=${name}]`).value = value;
        }, { id: "id", hidden: 4, epochs: 1, window: 20, season: 10, ...fields });
      };
      const trained = async () => {
        await page.selectOption("#forecast-form [name=target]", "y");
        await page.click("#forecast-form button.main");
        await page.locator("#verdict", { hasText: /./ }).waitFor();
        assert.equal(await page.locator("#forecast-error").textContent(), "");
        return notes.textContent();
      };
      await form({ horizon: 6 });
      await take("panel.csv", panel([90, 90, 16, 10, 4]));
      const said = await trained();
      console.log(`  ${said}`);
      assert.match(said, /some series are too short for a window and a horizon of 6: 1 of 5 to be trained on, 3 of 5 to validate, 2 of 5 to be held out/);
      const [download] = await Promise.all([page.waitForEvent("download"), page.click("[data-save=model]")]);
      const model = { name: "m.safetensors", mimeType: "application/octet-stream", buffer: readFileSync(await download.path()) };

      // The shortest decides over the horizon, in words of the page.
      await form({});
      await page.evaluate(() => { document.querySelector("#verdict").textContent = ""; });
      const decided = await trained();
      console.log(`  ${decided}`);
      assert.match(decided, /panel\.csv.* rows, where others have \d+: this makes the horizon \d+ for all; “Rows ahead” sets it/);

      // And series that a forecast leaves out.
      await form({ horizon: 6 });
      await take("cut.csv", panel([90, 3, 16, 2, 4]));
      await page.setInputFiles("#file", model);
      await page.locator("#forecast-notes", { hasText: "2 of 5 series have fewer rows than the model's shortest window, 4, and are not forecast: s1, s3" }).waitFor();
      // Of a table that all of it is made use of there is nothing to say.
      await page.evaluate(() => document.querySelector("#forecast-form").reset());
      await drop(page, "sales.csv", [[sales, 1]]);
      await page.locator("#table-status", { hasText: "400 rows" }).waitFor();
      await page.fill("#forecast-form [name=epochs]", "1");
      await page.evaluate(() => { document.querySelector("#verdict").textContent = ""; });
      await page.selectOption("#forecast-form [name=target]", "sales");
      await page.click("#forecast-form button.main");
      await page.locator("#verdict", { hasText: /./ }).waitFor();
      assert.equal(await notes.textContent(), "");
    });
  },

  async "a sample is forecast on WebGPU"() {
    await on("?device=gpu&epochs=1#forecast", async (page) => {
      await page.click("[data-sample=visits]");
      await page.locator("#table-status", { hasText: "1100 rows" }).waitFor();
      await page.fill("#forecast-form [name=epochs]", "4");
      await page.fill("#forecast-form [name=hidden]", "8");
      await page.click("#forecast-form button.main");
      await page.locator("#verdict", { hasText: /./ }).waitFor({ timeout: 5 * MINUTES });
      assert.equal(await page.locator("#forecast-error").textContent(), "");
    });
  },

  async "what the command line refuses is refused in the same words"() {
    const series = (value) => `a\n${Array.from({ length: 50 }, (_, n) => value(n)).join("\n")}\n`;
    await on("?device=cpu&epochs=1#forecast", async (page) => {
      for (const [name, text, words] of [
        ["ragged.csv", "a,b\n1,2\n3\n", "expected 2 fields"],
        ["empty.csv", "", "empty"],
        ["header.csv", "a,b\n", "header.csv"],
        ["gap.csv", series((n) => (n === 20 ? "NA" : n)), "missing"],
        ["word.csv", series((n) => (n === 20 ? "many" : n)), "many"],
        ["latin.csv", Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x31]), "latin.csv"],
        ["times.csv", `t,a\n${Array.from({ length: 30 }, (_, n) => `2024-01-${n === 9 ? "99" : String(n + 1).padStart(2, "0")},${n}`).join("\n")}\n`, "times.csv"],
        ["broken.safetensors", "nothing of the kind", "broken.safetensors"],
      ]) {
        await page.setInputFiles("#file", { name, mimeType: "text/plain", buffer: Buffer.from(text) });
        await page.locator("#forecast-error", { hasText: words }).waitFor({ timeout: MINUTES });
        const said = await page.locator("#forecast-error").textContent();
        assert.ok(said.length > 20 && !/\[object|undefined|panicked|unreachable/.test(said), `${name}: ${said}`);
        console.log(`  ${name}: ${said.slice(0, 160)}`);
      }
      // What is asked of a table that cannot be done.
      await drop(page, "short.csv", [[series((n) => n), 1]]);
      await page.locator("#table-status", { hasText: "50 rows" }).waitFor();
      await page.fill("#forecast-form [name=horizon]", "40");
      await page.click("#forecast-form button.main");
      await page.locator("#forecast-error", { hasText: "rows" }).waitFor();
      await page.goto(`${address}?device=cpu&epochs=1#stream`);
      await page.setInputFiles("#model-file", { name: "no.safetensors", mimeType: "text/plain", buffer: Buffer.from("no model") });
      await page.locator("#stream-error", { hasText: "no.safetensors" }).waitFor();
    });
  },

  async "a file of 100 MB does not freeze the page"() {
    await on("?device=cpu&epochs=1#forecast", async (page) => {
      await page.evaluate(() => {
        let last = performance.now();
        window.longest = 0;
        const beat = () => {
          window.longest = Math.max(window.longest, performance.now() - last);
          last = performance.now();
          setTimeout(beat, 5);
        };
        beat();
      });
      const rows = Array.from({ length: 1000 }, (_, n) => `${(n % 97) / 7},${(n * n) % 1013}.25,${n}\n`).join("");
      const times = Math.ceil(100e6 / rows.length);
      const since = performance.now();
      await drop(page, "large.csv", [["a,b,c\n", 1], [rows, times]]);
      await page.locator("#table-status", { hasText: "rows" }).or(page.locator("#forecast-error:not([hidden])")).first().waitFor({ timeout: 4 * MINUTES });
      console.log(`  ${await page.locator("#table-status").textContent()} ${await page.locator("#forecast-error").textContent()} after ${seconds(since).toFixed(1)} s`);
      assert.equal(await page.locator("#forecast-error").textContent(), "");
      const longest = await page.evaluate(() => window.longest);
      console.log(`  the page answered within ${longest.toFixed(0)} ms throughout`);
      assert.ok(longest < 500, `${longest} ms`);
    });
  },
};

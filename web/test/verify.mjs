// The last screen, and how all of them look.
import assert from "node:assert/strict";
import { MINUTES, on, shoot, trained } from "./harness.mjs";

/** Runs the third screen's verification, and expects no miss. */
async function verified(page, kernels, every) {
  await page.evaluate((every) => {
    const list = document.querySelector("#verify-form [name=every]");
    if (![...list.options].some(({ value }) => value === every)) list.append(new Option(`one in ${every}`, every));
  }, String(every));
  await page.selectOption("#verify-form [name=kernels]", kernels);
  await page.selectOption("#verify-form [name=every]", String(every));
  await page.click("#verify-form button.main");
  await page.locator("#verify-status", { hasText: "cases in" }).or(page.locator("#verify-error:not([hidden])")).first().waitFor({ timeout: 15 * MINUTES });
  const status = await page.locator("#verify-status").textContent();
  const rows = await page.locator("#verify-table tbody tr").allTextContents();
  console.log(`  ${kernels}, one in ${every}: ${status}`);
  const worst = await page.locator("#verify-table tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map(({ textContent }) => textContent).join("  ")));
  worst.forEach((row) => console.log(`    ${row}`));
  assert.equal(await page.locator("#verify-error").textContent(), "");
  assert.ok(rows.length >= 4 && status.includes("all within what is allowed"), status);
  await page.evaluate(() => { document.querySelector("#verify-status").textContent = ""; });
}

export default {
  async "the benchmark times both devices"() {
    await on("?device=cpu&epochs=1#verify", async (page) => {
      await page.click("#bench-start");
      const row = page.locator("#bench-table tbody tr").first();
      await row.waitFor({ timeout: 3 * MINUTES });
      const cells = await row.locator("td").allTextContents();
      console.log(`  ${cells.join("  ")}`);
      assert.ok(Number(cells[0]) > 0 && Number(cells[1]) > 0 && /times as/.test(cells[2]), cells.join());
      assert.equal(await page.locator("#verify-error").textContent(), "");
    });
  },

  async "verify has no miss on the CPU"() {
    await on("?device=cpu&epochs=1#verify", async (page) => {
      await verified(page, "chosen", 4);
    });
  },

  async "verify has no miss on WebGPU"() {
    await on("?device=gpu&epochs=1#verify", async (page) => {
      // One case in so many: SwiftShader compiles kernels anew for most sizes.
      for (const [kernels, every] of [["chosen", 16], ["scans", 32], ["steps", 32], ["fused", 32]]) await verified(page, kernels, every);
      await shoot(page, "verify");
    });
  },

  async "it can be read in the dark and on a phone"() {
    for (const [name, options] of [
      ["dark", { colorScheme: "dark" }],
      ["phone", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }],
    ]) {
      await on("?device=cpu&cell=lstm", async (page) => {
        await trained(page);
        await shoot(page, `sine-${name}`);
        await page.click("nav a[href='#forecast']");
        await page.click("[data-sample=demand]");
        await page.locator("#table-status", { hasText: "2400 rows" }).waitFor();
        await page.fill("#forecast-form [name=epochs]", "6");
        await page.click("#forecast-form button.main");
        await page.locator("#verdict", { hasText: /./ }).waitFor();
        await shoot(page, `forecast-${name}`);
        await page.click("nav a[href='#stream']");
        await page.click("#stream-exercise");
        await page.locator("#stream-status", { hasText: /^Step \d{3}/ }).waitFor();
        await page.click("#stream-stop");
        await shoot(page, `stream-${name}`);
        await page.click("nav a[href='#verify']");
        await page.selectOption("#verify-form [name=every]", "8");
        await page.click("#verify-form button.main");
        await page.locator("#verify-status", { hasText: "cases in" }).waitFor();
        await shoot(page, `verify-${name}`);
      }, options);
    }
  },
};

// What the tests share: the page in a browser, and what is done with it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, open, root, serve } from "./browser.mjs";

const pictures = join(root, "target/web-pictures");
mkdirSync(pictures, { recursive: true });
/** Milliseconds. */
export const MINUTES = 60_000;

export const { address, close } = await serve();
export const browser = await launch();
export const seconds = (since) => (performance.now() - since) / 1e3;

/** Opens the page, and fails for whatever went wrong on it. */
export async function on(query, test, options, before = "", host = address) {
  const { page, wrong, context } = await open(browser, host, options);
  // A worker has no other door: what is to stand before its code goes into the answer to its request.
  if (before) {
    await context.route("**/worker.js", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: before + await answer.text() });
    });
  }
  page.setDefaultTimeout(2 * MINUTES);
  try {
    await page.goto(host + query);
    await test(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

/** Keeps a screenshot; nothing on the page may be wider than the window. */
export async function shoot(page, name) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${name}: ${wide} pixels wider than the window`);
}

/** Runs the command in a folder of its own, which it returns. */
export function refrain(...commands) {
  const found = ["release", "debug"].map((profile) => join(root, "target", profile, "refrain")).find(existsSync);
  assert.ok(found, "the command is not built: cargo build --release");
  const folder = mkdtempSync(join(tmpdir(), "refrain-web-"));
  for (const command of commands) {
    const { file, text, words } = command;
    if (file) writeFileSync(join(folder, file), text);
    else execFileSync(found, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  }
  return folder;
}

/** Drops a file of some pieces of text, each repeated, on the page. */
export const drop = (page, name, pieces) => page.evaluate(([name, pieces]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File(pieces.flatMap(([text, times]) => Array(times).fill(text)), name));
  dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
}, [name, pieces]);

/** A daily series, as CSV. */
export const sales = `day,sales\n${Array.from({ length: 400 }, (_, n) => `${new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10)},${(50 + 20 * Math.sin(n * 2 * Math.PI / 7) + 3 * Math.sin(n * n)).toFixed(2)}`).join("\n")}\n`;

/** Waits until the exercise is done, and returns the errors in its table. */
export async function trained(page) {
  await page.locator("#sine-table:not([hidden]), #sine-error:not([hidden])").waitFor({ timeout: 8 * MINUTES });
  assert.equal(await page.locator("#sine-error").textContent(), "");
  const cells = await page.locator("#sine-table tbody td").allTextContents();
  return { mse: Number(cells[0]), naive: Number(cells[3]), status: await page.locator("#sine-status").textContent() };
}

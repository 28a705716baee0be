// What a table, a model or a setting is refused for, on the page: the command line's refusals, in words of the page.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./browser.mjs";
import { MINUTES, on, refrain, sales } from "./harness.mjs";

const rows = (count, row) => Array.from({ length: count }, (_, n) => row(n)).join("\n");
const hour = (n) => `2024-01-${String(1 + Math.floor(n / 24)).padStart(2, "0")} ${String(n % 24).padStart(2, "0")}:00`;
const day = (n) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10);
/** Hours of a value, one row of which may be another. */
const hours = (count, value = (n) => (n * n) % 97, odd = {}) => `time,y\n${rows(count, (n) => odd[n] ?? `${hour(n)},${value(n)}`)}\n`;
/** Values alone. */
const plain = (count, value = (n) => (n * n) % 97) => `y\n${rows(count, value)}\n`;

/** A file of tensors of zeros, by their names and shapes. */
function tensors(shapes) {
  let at = 0;
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const bytes = 4 * shape.reduce((product, size) => product * size, 1);
    at += bytes;
    return [name, { dtype: "F32", shape, data_offsets: [at - bytes, at] }];
  });
  const head = JSON.stringify(Object.fromEntries(entries)).padEnd(8 * 64);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([size, Buffer.from(head), Buffer.alloc(at)]);
}
const gru = (name, inputs = 1, hidden = 4) => ({
  [`${name}.weight_ih_l0`]: [3 * hidden, inputs], [`${name}.weight_hh_l0`]: [3 * hidden, hidden],
  [`${name}.bias_ih_l0`]: [3 * hidden], [`${name}.bias_hh_l0`]: [3 * hidden],
});

/** Tables: a file's name, its text, what it is refused for, and what the form says. */
const TABLES = [
  ["empty.csv", "", "empty.csv: the table is empty"],
  ["header.csv", "a,b\n", "header.csv: there is no row after the header"],
  ["short.csv", "time,y\n2024-01-01,1\n", "short.csv: expected at least 2 rows"],
  ["ragged.csv", "a,b\n1,2\n3\n", "ragged.csv, row 3: expected 2 fields, as in the first row, found 1"],
  ["wide.csv", hours(50, undefined, { 5: `${hour(5)},1,2,3` }), "row 7: expected 2 fields, as in the first row, found 4"],
  ["word.csv", hours(50, undefined, { 5: `${hour(5)},many` }), "row 7, column `y`: expected a number"],
  ["gap.csv", hours(50, undefined, { 5: `${hour(5)},NA` }), "row 7, column `y`: the value is missing; “Missing values” forward or linear puts one in"],
  ["infinite.csv", hours(50, undefined, { 5: `${hour(5)},inf` }), "row 7, column `y`: expected a finite number"],
  ["back.csv", hours(50, undefined, { 5: `${hour(3)},1` }), "2024-01-01 03:00 comes after 2024-01-01 04:00 in row 6"],
  ["twice.csv", hours(50, undefined, { 5: `${hour(4)},1` }), "is the time of row 6 too: keep one of them, or name the column that tells series apart with “Column of series”"],
  ["between.csv", hours(50, undefined, { 5: "2024-01-01 05:30,1" }), "row 7: expected 2024-01-01 05:00, one step of h"],
  ["missing.csv", hours(50).replace(`${hour(5)},25\n`, ""), "is missing at the frequency h; “Missing values” forward or linear puts them in"],
  ["uneven.csv", `time,y\n${rows(30, (n) => `${day(n * n)},${n}`)}\n`, "is missing at the frequency B:MonTueWedFri"],
  ["bomb.csv", `time,y\n${["2000-01-01 00:00:00", "2000-01-01 00:00:01", "2000-01-01 00:00:02", "2000-04-20 00:00:00"].map((time) => `${time},1`).join("\n")}\n`, "say another “Frequency”, or cut the table at the gap", { fill: "forward" }],
  ["date.csv", `t,y\n${rows(30, (n) => `${n === 9 ? "2024-01-99" : day(n)},${n}`)}\n`, "date.csv, row 11, column `t`: expected a time such as `2024-01-01`"],
  ["months.csv", `day,y\n${rows(10, (n) => `${String(n + 1).padStart(2, "0")}/01/2023,${n}`)}\n`, "“Writing of times” '%d/%m/%Y'"],
  ["thousands.csv", `t;y\n${rows(30, (n) => `${n};1.${101 + n}`)}\n`, "`1.101` may be 1101 or 1.101, and no value of the table tells which: say “Mark of thousands” . or “Decimal mark” ."],
  ["zone.csv", `t,y\n${rows(30, (n) => `${hour(n)} XYZ,${n}`)}\n`, "column `t`"],
  ["escapes.csv", `z,\u001b[2J\u0007x\n${rows(30, (n) => `${n},v`)}\n`, "expected a number"],
  ["twins.csv", `a,a\n${rows(30, (n) => `${n},${n}`)}\n`, "`a`"],
  ["array.npy", Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 0, 0, 0, 0]), "array.npy: "],
  ["table.parquet", Buffer.from("PAR1\u0015\u0004\u0015\u0000nothing"), "table.parquet: "],
  ["table.xlsx", Buffer.from("PK\u0003\u0004\u0014\u0000nothing"), "table.xlsx: "],
  ["network.h5", Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]), "network.h5: "],
  ["no-column.csv", hours(50), "no-column.csv, column `day`", { time: "day" }],
  ["no-id.csv", hours(50), "column `shop`", { id: "shop" }],
  ["no-frequency.csv", hours(50), "“Frequency”: freq is 7x, expected a count and", { frequency: "7x" }],
  ["other-step.csv", hours(50), "3 rows are missing at the frequency 15min", { frequency: "15min" }],
  ["no-format.csv", hours(50), "“Writing of times” is %K, expected some of %Y", { timeFormat: "%K" }],
  ["counted.csv", plain(50), "“Frequency” is for times, and rows are counted: “Column of times” names the column of times", { frequency: "h" }],
  ["comma.csv", `t;y\n${rows(30, (n) => `${n};${n}.5`)}\n`, "a number with the decimal mark `,`", { decimal: "," }],
];

/** Tables that can be read, and are refused when they are to be forecast. */
const TASKS = [
  ["overflow.csv", "t,y\n-9000000000000,1\n0,2\n9000000000000,1\n", "rows are left to train on"],
  ["constant.csv", hours(60, () => 5), "constant.csv: column `y` is 5 in every training row"],
  ["few.csv", hours(15), "of 15 rows are left to train on, expected at least 18: a window of 12 and a horizon of 6; take a smaller “Rows seen” or “Rows ahead”, or less for “Rows that validate” and “Rows held out”", { window: 12, horizon: 6 }],
  ["fifty.csv", plain(50), "“Rows that validate” asks for 40 rows, expected at most 10", { horizon: 40 }],
  ["part.csv", hours(99), "“Rows that validate”: a part of the table is 1.5, expected a fraction below 1, a number of rows, or a date", { val: "1.5" }],
  ["word.csv", hours(99), "“Rows held out”: a part of the table is soon, expected a fraction below 1, a number of rows, or a date", { test: "soon" }],
  ["later.csv", hours(99), "it ends at 2024-01-05 02:00, before “Rows held out” 2024-03-01: give “Rows held out” an earlier date", { test: "2024-03-01" }],
  ["one.csv", hours(99), "“Rows that validate” has 1 rows, expected none, or at least the horizon, 6", { val: 1, horizon: 6 }],
  ["many.csv", hours(99), "“Rows held out” asks for 2880 rows, expected at most 99", { test: 2880 }],
  ["levels.csv", hours(99), "quantiles is [0.9, 0.1], expected 1 to", { quantiles: "0.9, 0.1" }],
  ["level.csv", hours(99), "“Quantiles”: invalid type: string \"half\", expected a number", { quantiles: "half" }],
  ["negative.csv", hours(99, (n) => (n * n) % 97 - 50), "“Logarithms” needs values above 0", { log: "true" }],
  ["season.csv", hours(99), "window is 4, expected at least 24, the season, which “Subtracted” takes from it", { center: "season", window: 4, horizon: 2 }],
  ["filled.csv", hours(99, (n) => (n % 3 ? "NA" : (n * n) % 97)), "take a smaller “Rows ahead”, a coarser “Frequency”, or “Channels” independent", { fill: "forward", horizon: 4, window: 8 }],
];

/** Model files for the second screen. */
const MODELS = [
  ["text.safetensors", Buffer.from("nothing of the kind"), "text.safetensors: "],
  ["empty.safetensors", Buffer.alloc(0), "it is empty"],
  ["pointer.safetensors", Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"), "pointer.safetensors: "],
  ["zip.safetensors", Buffer.from("PK\u0003\u0004\u0014\u0000archive/data.pkl"), "zip.safetensors: "],
  ["cut.safetensors", tensors(gru("rnn")).subarray(0, 300), "cut.safetensors: "],
  ["bare.safetensors", tensors(gru("rnn")), "says nothing of a forecast"],
  ["huge.safetensors", Buffer.concat([Buffer.from([255, 255, 255, 255, 255, 255, 255, 127]), Buffer.from("{}")]), "huge.safetensors: "],
];

/** Networks for the stream's screen. */
const NETWORKS = [
  ["text.safetensors", Buffer.from("no model"), "text.safetensors: "],
  ["two.safetensors", tensors({ ...gru("a"), ...gru("b") }), "expected one recurrent module, found 2: `a`, `b`; choose one with “Recurrent module”"],
  ["none.safetensors", tensors({ ...gru("a"), ...gru("b") }), "“Recurrent module” c: expected the name of", { module: "c" }],
  ["head.safetensors", tensors({ ...gru("a"), "fc.weight": [2, 4], "fc.bias": [2] }), "“Linear behind it”", { headModule: "fd" }],
  ["relu.safetensors", tensors(gru("a")), "relu", { nonlinearity: "relu" }],
  ["vast.safetensors", tensors({ "rnn.weight_ih_l0": [0], "rnn.weight_hh_l0": [0] }), "vast.safetensors: "],
];

/** What is wrong with the refusal of a file: it is to be a sentence of these words, and of what a reader of the page knows. */
function faults(name, said, words) {
  console.log(`  ${said.slice(0, 250)}`);
  const strange = said.match(/\[object|undefined|panicked|unreachable|RuntimeError|fault|options\b|::|--[a-z]|\bat line|Device\.|[\u0000-\u001f]/i);
  const length = said.length > 20 && said.length < 700;
  return said.includes(words) && length && !strange ? [] : [`${name}: ${said}${strange ? `, with ${strange}` : ""}; expected ${words}`];
}

/** Fills the fields of a form, and opens what they are folded in; the others are empty. */
const say = (page, form, fields = {}) => page.evaluate(([form, fields]) => {
  document.querySelector(form).reset();
  for (const [name, value] of Object.entries(fields)) document.querySelector(`${form} [name=${name}]`).value = value;
}, [form, fields]);

const give = (page, input, name, content) => page.setInputFiles(input, { name, mimeType: "text/plain", buffer: Buffer.from(content) });

async function refusal(page, error) {
  await page.locator(`${error}:not([hidden])`).waitFor({ timeout: 20_000 });
  return page.locator(error).textContent();
}

/** Lines of the library's code, without comments. */
function code(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "cli" ? [] : code(path);
    return readFileSync(path, "utf8").split("\n").filter((line) => !line.trim().startsWith("//"));
  });
}

export default {
  async "every option that the library's refusals name is a field of the page"() {
    const named = new Set(code(join(root, "src")).flatMap((line) =>
      [...line.matchAll(/`(?:BacktestOptions|LoadOptions|ReadOptions|Task)::(\w+)/g)].map(([, name]) => name)));
    const ours = [...named].map((name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()));
    assert.ok(ours.length >= 20, ours.join());
    const types = readFileSync(join(root, "web/src/types.ts"), "utf8");
    await on("?device=cpu&epochs=1#forecast", async (page) => {
      for (const name of ours) {
        assert.match(types, new RegExp(`^  ${name}\\?:`, "m"), `${name} is no option of the package`);
        assert.equal(await page.locator(`form [name=${name}]`).count(), 1, `${name} is no field of the page`);
      }
    });
  },

  async "tables, tasks and models are refused in words of the page"() {
    await on("?device=cpu&epochs=1#forecast", async (page) => {
      const found = [];
      for (const [name, text, words, fields] of TABLES) {
        await say(page, "#forecast-form", fields);
        await give(page, "#file", name, text);
        found.push(...faults(name, await refusal(page, "#forecast-error"), words));
      }
      for (const [name, text, words, fields] of TASKS) {
        await say(page, "#forecast-form", { hidden: 4, epochs: 1, ...fields });
        await give(page, "#file", name, text);
        await page.locator("#table-status", { hasText: name }).waitFor();
        await page.selectOption("#forecast-form [name=target]", "y");
        await page.click("#forecast-form button.main");
        found.push(...faults(name, await refusal(page, "#forecast-error"), words));
      }
      for (const [name, bytes, words] of MODELS) {
        await give(page, "#file", name, bytes);
        found.push(...faults(name, await refusal(page, "#forecast-error"), words));
      }
      assert.deepEqual(found, []);
    });
  },

  async "networks for a stream are refused in words of the page"() {
    await on("?device=cpu&epochs=1#stream", async (page) => {
      const found = [];
      for (const [name, bytes, words, fields] of NETWORKS) {
        await say(page, "#file-form", fields);
        await give(page, "#model-file", name, bytes);
        found.push(...faults(name, await refusal(page, "#stream-error"), words));
      }
      assert.deepEqual(found, []);
      assert.ok(await page.isVisible("#file-form") && !await page.isVisible("#stream-form"), "there is no network to stream yet");
      // What was asked for in the field that the refusal names is taken.
      await say(page, "#file-form");
      await give(page, "#model-file", "two.safetensors", NETWORKS[1][1]);
      await refusal(page, "#stream-error");
      await page.click("#file-form summary");
      await page.fill("#file-form [name=module]", "b");
      await page.locator("#file-form [name=module]").blur();
      await page.locator("#stream-status", { hasText: /^Step/ }).waitFor();
    });
  },

  async "a table that does not fit a model is refused in words of the page"() {
    const folder = refrain(
      { file: "sales.csv", text: sales },
      { words: ["train", "sales.csv", "--target", "sales", "--device", "cpu", "--epochs", "1", "--hidden", "4", "--window", "21", "--quiet", "--out", "m.safetensors"] },
    );
    await on("?device=cpu&epochs=1#forecast", async (page) => {
      const found = [];
      await page.setInputFiles("#file", join(folder, "m.safetensors"));
      await page.locator("#forecast-status", { hasText: "forecasts sales" }).waitFor();
      for (const [name, text, words] of [
        ["few.csv", sales.split("\n").slice(0, 12).join("\n"), "11 rows, expected at least 21, the model's window"],
        ["hours.csv", hours(60).replace("time,y", "day,sales"), "hours.csv: its frequency is h, expected D, the model's"],
        ["counted.csv", plain(60).replace("y\n", "sales\n"), "expected"],
      ]) {
        await give(page, "#file", name, text);
        found.push(...faults(name, await refusal(page, "#forecast-error"), words));
      }
      // All of its rows were trained on: there is nothing to hold the model against.
      await give(page, "#file", "begin.csv", sales.split("\n").slice(0, 300).join("\n"));
      await page.locator("#verdict", { hasText: /./ }).waitFor();
      found.push(...faults("begin.csv", await page.locator("#verdict").textContent(), "hold rows out with “Rows held out” in training, or say “Backtest from”"));
      assert.deepEqual(found, []);
    });
  },
};

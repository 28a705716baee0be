// The second screen: a table in, a forecaster, its backtest and its forecast out.
import { call } from "./rpc.js";
import { at, fields, fill, inLabels, onResize, save, show, significant, tellError, width } from "./view.js";

/** The largest table that is taken: beyond it a tab's memory may not suffice. */
const MOST_BYTES = 300 * 2 ** 20;

const form = at("forecast-form");
const result = at("forecast-result");
const hosts = [at("forecast-picture"), at("backtest-picture")];
let training, deviceName, tableName, model;

const fail = (error) => tellError(at("forecast-error"), error);
const say = (text) => { at("forecast-status").textContent = text; };
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Why the CPU goes on, where the GPU was lost. */
const lostInWords = (lost) => (lost ? `${inLabels(lost).replace(/\.$/, "")}: the CPU goes on. ` : "");

async function attempt(work) {
  fail();
  try {
    await work();
  } catch (error) {
    fail(error);
    say("");
  }
}

async function takeFile(file) {
  if (file.size > MOST_BYTES) throw new Error(`${file.name} has ${Math.round(file.size / 2 ** 20)} MiB, expected at most ${MOST_BYTES / 2 ** 20}: take the command line`);
  if (/\.safetensors$/i.test(file.name)) return takeModel(file);
  at("table-status").textContent = `Reading ${file.name} …`;
  await takeTable({ file, name: file.name });
}

/** What the form says of the task, and of how the table is written. */
function settings(part = form) {
  const { except, quantiles, header, log, ...plain } = fields(part);
  const list = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);
  return {
    ...plain,
    ...(header && { header: header === "true" }),
    ...(log && { log: log === "true" }),
    ...(except && { except: list(except) }),
    ...(quantiles && { quantiles: list(quantiles).map((level) => (Number.isNaN(Number(level)) ? level : Number(level))) }),
  };
}

/** What of it is said of tables alone. */
const written = () => ({ ...settings(at("table-fields")), ...(form.elements.fill.value && { fill: form.elements.fill.value }) });

async function takeModel(file) {
  model = await call("loadModel", { file });
  say(`${file.name}: ${model.network}, forecasts ${model.targets.join(", ")}, ${plural(model.horizon, "row")} ahead`);
  if (tableName) await forecast();
  else say(`${at("forecast-status").textContent}. Now a CSV with such rows, please.`);
}

async function takeTable(source) {
  result.hidden = true;
  at("table-status").textContent = "";
  const { columns, rows, series, frequency, from, to, notes, problem } = await call("table", { ...source, written: written() });
  tableName = source.name;
  const times = from && to ? `, ${from} to ${to}, frequency ${frequency}` : "";
  const many = series > 1 ? ` in ${series} series` : "";
  at("table-status").textContent = problem ? `${source.name}: ${plural(columns.length, "column")}`
    : `${source.name}: ${plural(rows, "row")}${many}${times}. ${notes.map(inLabels).join(" ")}`;
  if (problem) fail(new Error(/column `/.test(problem) ? `${problem}. A column that is complete can be forecast all the same.` : problem));
  form.hidden = false;
  const before = form.elements.target.value;
  form.elements.target.replaceChildren(...columns.map((name) => new Option(name, name)));
  if (columns.includes(before)) form.elements.target.value = before;
  if (model && model.targets.every((name) => columns.includes(name))) await forecast();
  else if (source.file || source.text) form.querySelector("button.main").focus();
}

async function train() {
  training?.stop();
  await training?.catch(() => {});
  result.hidden = true;
  const progress = at("forecast-progress");
  progress.hidden = false;
  progress.removeAttribute("value");
  at("forecast-stop").disabled = false;
  say("Compiling …");
  training = call("fit", { name: deviceName(), task: settings(), width: width(at("forecast-loss")) }, (now) => {
    const { member, members, epoch, epochs, step, steps, history, val, best, lost, picture } = now;
    progress.value = (member - 1 + (epoch - 1 + step / steps) / epochs) / members;
    const losses = history.length ? `, loss ${significant(history.at(-1))}, validation ${significant(val.at(-1))}, best epoch ${best ?? "–"}` : "";
    say(`${lostInWords(lost)}${members > 1 ? `Network ${member} of ${members}. ` : ""}Epoch ${epoch} of at most ${epochs}${losses}`);
    if (picture) show(at("forecast-loss"), picture);
  });
  try {
    model = await training;
    await forecast();
  } finally {
    training = undefined;
    progress.hidden = true;
    at("forecast-stop").disabled = true;
  }
}

async function forecast() {
  say("Forecasting …");
  result.hidden = false;
  const { result: found, refused, notes, lost, pictures } = await call("forecast", { name: deviceName(), width: width(hosts[0]), written: written(), from: form.elements.from.value });
  draw(pictures);
  const rows = model.rows ? `${model.rows[0]} rows trained it, ${model.rows[1]} validated it, ${model.rows[2]} were held out. ` : "";
  say(`${lostInWords(model.lost ?? lost)}${model.network}, ${model.parameters} parameters. ${rows}It sees ${plural(model.window, "row")} and forecasts ${plural(model.horizon, "row")} at once.`);
  const said = [...model.notes, ...notes];
  at("forecast-notes").textContent = said.length ? `Of this table: ${said.map(inLabels).join("; ")}.` : "";
  const table = at("backtest-table");
  table.hidden = !found;
  at("verdict").textContent = refused ? inLabels(refused) : verdict(found);
  if (!found) return;
  const best = Math.min(...found.methods.map(({ mase, mae }) => mase ?? mae));
  fill(table, found.methods.map(({ name, mae, rmse, smape, mase, r2 }) => {
    const kind = (mase ?? mae) === best ? "best" : "";
    return [name, [significant(mae), kind], significant(rmse), `${smape.toFixed(2)} %`, [significant(mase), kind], significant(r2)];
  }));
  table.caption.textContent = `${plural(found.windows, "forecast")} of rows that were held out, ${plural(found.horizon, "row")} ahead each`;
  const { coverage, width: mean } = found.methods[0];
  const intervals = found.coverage && coverage !== undefined
    ? `Intervals meant to hold ${Math.round(100 * found.coverage)} % hold ${(100 * coverage).toFixed(1)} % of the truths; mean width ${significant(mean)}. ` : "";
  at("backtest-notes").textContent = intervals + found.notes.map(inLabels).join(" ");
}

/** What the errors come to, in a sentence. */
function verdict({ warnings, methods }) {
  if (warnings.length) return warnings.join(" ");
  const [model, ...rules] = methods;
  const [ours, theirs] = [model.mase ?? model.mae, Math.min(...rules.map(({ mase, mae }) => mase ?? mae))];
  return `The model is better than every rule: its error is ${Math.round(100 * ours / theirs)} % of the best of them.`;
}

function draw(pictures) {
  pictures?.forEach((svg, n) => {
    hosts[n].hidden = !svg;
    if (svg) show(hosts[n], svg);
  });
}

async function saveFile(what) {
  const files = await call("files");
  const stem = tableName.replace(/\.[^.]*$/, "");
  if (what === "model") save(`${stem}.safetensors`, files.model, "application/octet-stream");
  if (what === "csv") save(`${stem}-forecast.csv`, files.csv, "text/csv");
  if (what === "svg") save(`${stem}-forecast.svg`, files.svg, "image/svg+xml");
}

/** Takes a file that was dropped on the page. */
export const takeDropped = (file) => attempt(() => takeFile(file));

export function set(device) {
  deviceName = device;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(train);
  });
  at("table-fields").addEventListener("change", () => tableName && attempt(() => takeTable({ name: tableName })));
  at("forecast-stop").addEventListener("click", () => training?.stop());
  at("file").addEventListener("change", ({ target }) => target.files[0] && attempt(() => takeFile(target.files[0])).then(() => { target.value = ""; }));
  for (const button of document.querySelectorAll("[data-sample]")) {
    button.addEventListener("click", () => attempt(async () => {
      const name = button.dataset.sample;
      await takeTable({ text: await call("sample", { name }), name: `${name}.csv` });
    }));
  }
  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", () => attempt(() => saveFile(button.dataset.save)));
  }
  onResize(async () => !result.hidden && !training && draw(await call("forecastPictures", { width: width(hosts[0]) })));
}

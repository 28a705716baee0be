// The third screen: the kernels against the reference, and the GPU against the CPU.
import { call } from "./rpc.js";
import { at, fields, fill, significant, tellError } from "./view.js";

/** Rows of the benchmark table that take a browser a moment. */
const ROWS = [
  "train rnn B=32 T=50 I=1 H=20",
  "train lstm B=32 T=50 I=1 H=20",
  "train rnn B=1000 T=50 I=1 H=64",
  "train lstm B=64 T=100 I=64 H=128",
  "forward lstm B=64 T=100 I=64 H=128",
  "train gru B=16 T=50 I=128 H=256",
];

const form = at("verify-form");
let running, deviceName;

const say = (text) => { at("verify-status").textContent = text; };
const fail = (error) => tellError(at("verify-error"), error);

function showRows(rows) {
  fill(at("verify-table"), rows.map(({ cell, precision, cases, worst, tolerance, misses }) => [
    cell,
    precision === "f16" ? "16" : "32",
    String(cases),
    ...[["forward", 1], ["gradients", 1], ["update", 0]].map(([name, plain]) => {
      const number = (value) => value === null ? "NaN" : plain ? value.toFixed(1) : value.toExponential(1);
      return `${number(worst[name])} (${plain ? tolerance[name] : tolerance[name].toExponential(0)})`;
    }),
    [String(misses.length), misses.length ? "best" : ""],
  ]));
}

async function verify() {
  const { kernels, every } = fields(form);
  const progress = at("verify-progress");
  fail();
  say("Compiling …");
  progress.hidden = false;
  progress.value = 0;
  at("verify-stop").disabled = false;
  const began = performance.now();
  // What kernels to run is asked of a GPU; without one the processor is verified.
  const name = deviceName() === "auto" && kernels !== "chosen" ? "gpu" : deviceName();
  running = call("verify", { name, kernels, every: Number(every) }, ({ done, total, rows }) => {
    progress.value = done / total;
    say(`${done} of ${total} cases`);
    showRows(rows);
  });
  try {
    const rows = await running;
    showRows(rows);
    const [cases, misses] = [rows.reduce((sum, row) => sum + row.cases, 0), rows.flatMap((row) => row.misses)];
    const seconds = ((performance.now() - began) / 1e3).toFixed(0);
    say(`${cases} cases in ${seconds} s: ${misses.length ? `${misses.length} beyond what is allowed` : "all within what is allowed"}.`);
    if (misses.length) fail(new Error(misses.join("; ")));
  } catch (error) {
    fail(error);
    say("");
  } finally {
    running = undefined;
    progress.hidden = true;
    at("verify-stop").disabled = true;
  }
}

async function time() {
  const button = at("bench-start");
  button.disabled = true;
  fail();
  const rows = [];
  for (const row of ROWS) {
    say(`Timing ${row} …`);
    const cells = {};
    for (const name of ["gpu", "cpu"]) {
      try {
        cells[name] = (await call("bench", { name, row })).median_ms;
      } catch (error) {
        fail(error);
      }
    }
    const { gpu, cpu } = cells;
    const ratio = !gpu || !cpu ? "–" : gpu < cpu ? `${(cpu / gpu).toFixed(1)} times as fast` : `${(gpu / cpu).toFixed(1)} times as slow`;
    rows.push([row, significant(gpu), significant(cpu), ratio]);
    fill(at("bench-table"), rows);
  }
  say("");
  button.disabled = false;
}

export function set(device) {
  deviceName = device;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running) verify();
  });
  at("verify-stop").addEventListener("click", () => running?.stop());
  at("bench-start").addEventListener("click", time);
}

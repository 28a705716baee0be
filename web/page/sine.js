// The first screen: the exercise, which trains as one watches. Its settings are in the address.
import { call } from "./rpc.js";
import { at, fields, fill, onResize, save, show, significant, tellError, width } from "./view.js";

const form = at("sine-form");
const pictures = [at("sine-run"), at("sine-loss")];
const pauseButton = at("sine-pause");
let training, paused = false, deviceName, made = false;

const network = () => `${form.elements.cell.value} 1 x ${form.elements.hidden.value}`;
const widths = () => pictures.map(width);
const draw = (svgs) => svgs?.forEach((svg, n) => show(pictures[n], svg));

/** Fills the form in from the address. */
export function readAddress() {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements[name];
    if (field) field.value = value;
    if (field && (field.value === "" || !field.checkValidity())) field.value = field.defaultValue ?? "rnn";
  }
}

function writeAddress() {
  const address = new URLSearchParams(fields(form));
  if (deviceName() !== "auto") address.set("device", deviceName());
  history.replaceState(null, "", `?${address}${location.hash}`);
}

/** Begins anew, after what was going on has ended. */
export async function restart() {
  if (!form.reportValidity()) return;
  writeAddress();
  tellError(at("sine-error"));
  await halt();
  const { epochs, ...options } = fields(form);
  at("sine-table").hidden = true;
  at("sine-status").textContent = "Compiling …";
  try {
    const { parameters } = await call("exercise", { name: deviceName(), options });
    at("sine-status").textContent = `${parameters} parameters; the first epoch compiles the kernels …`;
    made = true;
    await go(epochs);
  } catch (error) {
    tellError(at("sine-error"), error);
    at("sine-status").textContent = "";
  }
}

function tellLost(lost) {
  if (lost) tellError(at("sine-error"), new Error(`${lost.replace(/\.$/, "")}. It goes on from the last epoch on the CPU.`));
}

async function halt() {
  training?.stop();
  await training?.catch(() => {});
}

async function go(epochs) {
  paused = false;
  pauseButton.disabled = false;
  pauseButton.textContent = "Pause";
  at("sine-save").disabled = true;
  training = call("train", { epochs, network: network(), widths: widths() }, ({ epoch, loss, ms, lost, pictures }) => {
    draw(pictures);
    tellLost(lost);
    at("sine-status").textContent = `Epoch ${epoch} of ${epochs}, loss ${significant(loss)}, ${significant(ms)} ms an epoch`;
  });
  const mine = training;
  try {
    const { epoch, test, naive, rmse, ms, lost } = await training;
    tellLost(lost);
    if (training !== mine) return;
    pauseButton.disabled = epoch >= epochs;
    at("sine-save").disabled = false;
    at("sine-status").textContent =
      `${epoch} epochs, ${significant(ms)} ms each; alone for 100 points: RMSE ${significant(rmse)}`;
    const row = (name, { mse, rmse, mae }) => [name, ...[mse, rmse, mae].map(significant)];
    fill(at("sine-table"), [row(form.elements.cell.value, test), row("repeat the last value", naive)]);
  } finally {
    if (training === mine) training = undefined;
  }
}

async function togglePause() {
  paused = !paused;
  if (paused) {
    pauseButton.textContent = "Go on";
    training?.stop();
    return;
  }
  await halt();
  await go(fields(form).epochs).catch((error) => tellError(at("sine-error"), error));
}

export function set(device) {
  deviceName = device;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    restart();
  });
  form.elements.cell.addEventListener("change", restart);
  pauseButton.addEventListener("click", togglePause);
  at("sine-save").addEventListener("click", async () =>
    save("model.safetensors", await call("exerciseModel"), "application/octet-stream"));
  onResize(async () => made && !training && draw(await call("exercisePictures", { network: network(), widths: widths() })));
}

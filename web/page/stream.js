// The fourth screen: a model file, and a stream through it, step by step.
import { call } from "./rpc.js";
import { at, fields, inLabels, onResize, show, significant, tellError, width } from "./view.js";

const form = at("stream-form");
const picture = at("stream-picture");
let running, deviceName, opened;

const say = (text) => { at("stream-status").textContent = text; };
const fail = (error) => tellError(at("stream-error"), error);

async function halt() {
  running?.stop();
  await running?.catch(() => {});
}

async function open(source) {
  fail();
  opened = source;
  await halt();
  try {
    const { network, parameters, device, notes } = await call("openModel", { ...source, name: deviceName(), options: fields(at("file-form")) });
    at("stream-about").textContent = `${source.file?.name ?? "The exercise's"}: ${network}, ${parameters} parameters, on ${device}. ${notes.map(inLabels).join(" ")}`;
    form.hidden = false;
    await run();
  } catch (error) {
    fail(error);
  }
}

async function run() {
  await halt();
  fail();
  at("stream-stop").disabled = false;
  running = call("stream", { ...fields(form), pace: Number(form.elements.pace.value), width: width(picture) }, ({ step, us, output, picture: svg }) => {
    show(picture, svg);
    say(`Step ${step}: output ${significant(output)}; ${significant(us)} µs a step`);
  });
  const mine = running;
  try {
    await mine;
  } catch (error) {
    fail(error);
  } finally {
    if (running === mine) {
      running = undefined;
      at("stream-stop").disabled = true;
    }
  }
}

/** Takes a model file. */
export const takeFile = (file) => open({ file });

export function set(device) {
  deviceName = device;
  at("model-file").addEventListener("change", ({ target }) => {
    if (target.files[0]) takeFile(target.files[0]).then(() => { target.value = ""; });
  });
  at("stream-exercise").addEventListener("click", () => open({}));
  at("file-form").addEventListener("change", () => opened?.file && open(opened));
  at("file-form").addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.reportValidity()) run();
  });
  at("stream-stop").addEventListener("click", () => running?.stop());
  onResize(() => { if (running) run(); });
}

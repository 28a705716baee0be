// The page: which screen is shown, and which device computes.
import * as forecast from "./forecast.js";
import { call, start } from "./rpc.js";
import * as sine from "./sine.js";
import * as stream from "./stream.js";
import * as verify from "./verify.js";
import { at, inLabels, tellError } from "./view.js";

const screens = ["sine", "forecast", "stream", "verify"];
const choice = at("device");
const device = () => choice.value;

function showScreen() {
  const wanted = location.hash.slice(1);
  const shown = screens.includes(wanted) ? wanted : screens[0];
  for (const name of screens) at(name).hidden = name !== shown;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${shown}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Says which device computes, and why it is not a GPU. Whether there is one. */
async function openDevice() {
  const name = at("device-name");
  try {
    const info = await call("device", { name: device() });
    const isGpu = info.backend !== "native";
    const lack = info.passedOver ?? (navigator.gpu ? "WebGPU finds no hardware GPU here" : "This browser has no WebGPU");
    const why = isGpu || device() === "cpu" ? "" : `${inLabels(lack)}: the CPU engine takes its place. `;
    name.textContent = `${why}${isGpu ? `${info.name} through WebGPU` : info.driver}`;
    return true;
  } catch (error) {
    name.textContent = navigator.gpu ? inLabels(error.message) : "This browser has no WebGPU: take the CPU.";
    return false;
  }
}

async function changeDevice() {
  if (await openDevice()) sine.restart();
}

start((error) => tellError(at("failure"), error));
for (const screen of [sine, forecast, stream, verify]) screen.set(device);
const asked = new URLSearchParams(location.search).get("device");
if ([...choice.options].some(({ value }) => value === asked)) choice.value = asked;
sine.readAddress();
addEventListener("hashchange", showScreen);
choice.addEventListener("change", changeDevice);
// Anywhere on the page, so that a file that misses is not opened in the page's place.
const drops = document.querySelectorAll(".drop");
addEventListener("dragover", (event) => {
  event.preventDefault();
  drops.forEach((drop) => drop.classList.add("over"));
});
addEventListener("dragleave", (event) => event.relatedTarget || drops.forEach((drop) => drop.classList.remove("over")));
addEventListener("drop", (event) => {
  event.preventDefault();
  drops.forEach((drop) => drop.classList.remove("over"));
  const file = event.dataTransfer.files[0];
  if (!file) return;
  if (location.hash === "#stream") return stream.takeFile(file);
  location.hash = "forecast";
  forecast.takeDropped(file);
});
showScreen();
if (await openDevice() && !matchMedia("(prefers-reduced-motion: reduce)").matches) sine.restart();

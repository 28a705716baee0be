// Tests the built page in Chromium, with WebGPU on SwiftShader. Arguments pick tests by their names; screenshots go to
// target/web-pictures.
import faults from "./faults.mjs";
import forecast from "./forecast.mjs";
import { browser, close, seconds } from "./harness.mjs";
import models from "./models.mjs";
import refusals from "./refusals.mjs";
import sine from "./sine.mjs";
import threads from "./threads.mjs";
import verify from "./verify.mjs";

const wanted = process.argv.slice(2);
const tests = { ...sine, ...forecast, ...refusals, ...faults, ...models, ...threads, ...verify };
let passed = 0;
let failures = 0;
for (const [name, test] of Object.entries(tests)) {
  if (wanted.length && !wanted.some((word) => name.includes(word))) continue;
  const since = performance.now();
  try {
    await test();
    passed += 1;
    console.log(`ok    ${name} (${seconds(since).toFixed(0)} s)`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${name} (${seconds(since).toFixed(0)} s)\n${error.stack}`);
  }
}
await browser.close();
close();
console.log(`${passed} passed, ${failures} failed`);
process.exit(failures ? 1 : 0);

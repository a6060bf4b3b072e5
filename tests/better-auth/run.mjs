// Runs the checks of one area one after the other: `node run.mjs account`.

const [, , area] = process.argv;
const { default: checks } = await import(`./areas/${area}.mjs`);
let failures = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`not ok ${name}\n${error.stack}`);
  }
}
console.log(`${Object.keys(checks).length - failures} passed, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);

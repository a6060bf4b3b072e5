// Opens /docs as a person would. Nothing leaves the machine: whatever is not asked at 127.0.0.1 goes to a trap that answers
// nothing. The page may not ask elsewhere at all; the browser asks its maker, whatever it is told.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { SERVER_URL, CHROMIUM, SCREENSHOTS } = process.env;

const caught = [];
const trap = createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", (data) => {
    const [, host] = /^[A-Z]+ (?:http:\/\/)?([^/: ]+)/.exec(data.toString("latin1")) ?? [];
    caught.push(host ?? "no request");
    socket.destroy();
  });
});
await new Promise((listening) => trap.listen(0, "127.0.0.1", listening));

const profile = await mkdtemp(join(tmpdir(), "docs-page-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: CHROMIUM,
  headless: true,
  viewport: { width: 1280, height: 1400 },
  proxy: { server: `http://127.0.0.1:${trap.address().port}`, bypass: "127.0.0.1" },
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

const complaints = [];
const asked = [];
try {
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("request", (request) => asked.push(request.url()));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });

  await page.goto(`${SERVER_URL}/docs`);
  await page.locator(".opblock").first().waitFor();
  assert.equal(await page.locator(".info .title").innerText().then((text) => text.split("\n")[0].trim()), "SMM Guru");
  const operations = await page.locator(".opblock").count();
  assert.ok(operations > 100, `${operations} operations are listed`);
  assert.equal(await page.locator(".errors-wrapper").count(), 0, "the page finds fault with the document");
  await page.screenshot({ path: join(SCREENSHOTS, "list.png") });

  // With a body.
  const order = await expanded(page, "post", "/api/v1/dashboard/orders");
  const text = await order.innerText();
  for (const word of ["Idempotency-Key", "Request body", "quantity", "Responses", "201", "INSUFFICIENT_BALANCE"]) {
    assert.ok(text.includes(word), `${word} is not shown:\n${text}`);
  }
  await order.locator(".opblock-section-request-body .tablinks", { hasText: "Schema" }).click();
  await order.locator(".opblock-section-request-body .json-schema-2020-12").first().waitFor();
  await order.screenshot({ path: join(SCREENSHOTS, "order.png") });

  // With parameters.
  const list = await expanded(page, "get", "/api/v1/services");
  const names = await list.locator(".parameters .parameter__name").allInnerTexts();
  assert.ok(names.some((name) => name.startsWith("currency")), `parameters: ${names}`);
  await list.screenshot({ path: join(SCREENSHOTS, "services.png") });

  // And tried.
  const version = await expanded(page, "get", "/api/version");
  await version.locator(".try-out__btn").click();
  await version.locator(".execute").click();
  const answer = version.locator(".live-responses-table .response").first();
  await answer.waitFor();
  assert.match(await answer.innerText(), /^200/);
  await version.screenshot({ path: join(SCREENSHOTS, "tried.png") });
} finally {
  await browser.close();
  trap.close();
  await rm(profile, { recursive: true, force: true });
}

assert.deepEqual(complaints, []);
const elsewhere = asked.filter((url) => !url.startsWith("data:") && new URL(url).hostname !== "127.0.0.1");
assert.deepEqual(elsewhere, [], "the page asked somebody else");
const strangers = caught.filter((host) => !/\.(google|googleapis|gvt1)\.com$/.test(host));
assert.deepEqual(strangers, [], "the browser asked somebody whom its maker did not tell it to ask");
console.log(`${asked.length} requests of the page, all of them here`);

async function expanded(page, method, path) {
  const operation = page.locator(`.opblock-${method}`, {
    has: page.locator(`.opblock-summary-path[data-path="${path}"]`),
  });
  await operation.locator(".opblock-summary-control").click();
  await operation.locator(".responses-table").first().waitFor();
  return operation;
}

// Lets the web application's own server ask SMM Guru who is signed in, without a change to the application.
//
// Before every page its middleware asks `/api/auth/get-session` of the address that it listens at itself. A proxy in front
// never sees that request, so Next answers it, from a database that it has not: nobody is signed in, and the pages of staff
// lead to the sign-in form. Here each connection that this process opens to its own port goes to SMM Guru instead. Replacing
// `fetch` is not enough: the middleware runs apart, with a `fetch` of its own. Both open connections with `net`.
//
//   SELF_PORT  the port that Next listens at
//   API_PORT   the port of SMM Guru
//   API_HOST   where SMM Guru is, 127.0.0.1 unless it is set. The cookies of visitors go there over plain HTTP
//
// See "In front of the web application" in docs/OPERATIONS.md.
"use strict";

const net = require("node:net");

const OURSELVES = new Set(["localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0"]);
const self = port("SELF_PORT");
const api = { host: process.env.API_HOST || "127.0.0.1", port: port("API_PORT") };

function port(name) {
  const number = Number(process.env[name]);
  // Pages of staff that nobody can open are harder to explain than a start that says why.
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw new Error(`${name} must be a port`);
  return number;
}

function isToOurselves(options) {
  const leads = options !== null && typeof options === "object" && Number(options.port) === self;
  return leads && OURSELVES.has(options.hostname || options.host || "localhost");
}

for (const name of ["connect", "createConnection"]) {
  const original = net[name];
  net[name] = function (...given) {
    const [options, ...rest] = given;
    if (!isToOurselves(options)) return original.apply(this, given);
    return original.call(this, { ...options, ...api, hostname: api.host }, ...rest);
  };
}

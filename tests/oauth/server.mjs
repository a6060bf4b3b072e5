// An OAuth server, and beside it what GitHub says about people. `REDIRECT_URL=… node server.mjs` tells its port.
//
// POST /control sets who sits in front of the browser, and what goes wrong where. POST /walk sends a browser of its own to
// an address and answers where it is sent back to.

import http from "node:http";
import Provider from "oidc-provider";

const redirectUrl = process.env.REDIRECT_URL;
const control = { person: null, declines: false, faults: {} };

const server = http.createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const base = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(base, {
  clients: [
    {
      client_id: "our-id",
      client_secret: "canary-client-secret",
      redirect_uris: [redirectUrl],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("read:user user:email");
    await grant.save();
    return grant;
  },
  pkce: { methods: ["S256"], required: () => true },
  scopes: ["read:user", "user:email"],
});
const oauth = provider.callback();

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

function answer(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

// What an OAuth server must not do, by the last part of the path.
function misbehaves(response, path) {
  switch (control.faults[path]) {
    case undefined:
      return false;
    case "stalls":
      return true;
    case "trickles":
      response.writeHead(200, { "content-type": "application/json" }).write("{");
      return true;
    case "fails":
      answer(response, 500, { message: "canary-upstream" });
      return true;
    case "html":
      response.writeHead(200, { "content-type": "text/html" }).end("<h1>canary-upstream</h1>");
      return true;
    case "huge":
      answer(response, 200, { access_token: "x", id: 1, filler: "x".repeat(2_000_000) });
      return true;
    case "elsewhere":
      response.writeHead(302, { location: `${base}/stolen` }).end();
      return true;
    case "nobody":
      answer(response, 200, { login: "nobody" });
      return true;
    case "silent":
      answer(response, 403, { message: "Resource not accessible by integration" });
      return true;
    default:
      throw new Error("no such fault");
  }
}

async function about(request, response, tell) {
  const token = await provider.AccessToken.find(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
  if (!token || !request.headers["user-agent"]) return answer(response, 401, { message: "Bad credentials" });
  answer(response, 200, tell(control.person));
}

async function walk(url) {
  const jar = new Map();
  for (let steps = 0; steps < 10; steps += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = set.match(/^([^=]+)=([^;]*)/);
      jar.set(name, value);
    }
    const location = response.headers.get("location");
    if (!location) return { stopped: await response.text() };
    url = new URL(location, url).href;
    if (!url.startsWith(base)) return { back: url };
  }
  return { stopped: "it goes round in circles" };
}

server.on("request", async (request, response) => {
  const { pathname } = new URL(request.url, base);
  if (pathname === "/control") return answer(response, 200, Object.assign(control, await body(request)));
  if (pathname === "/walk") return answer(response, 200, await walk((await body(request)).url));
  if (misbehaves(response, pathname.split("/").at(-1))) return;
  if (pathname === "/api/user") return about(request, response, ({ emails, ...person }) => person);
  if (pathname === "/api/user/emails") return about(request, response, (person) => person.emails);
  if (pathname.startsWith("/interaction/")) {
    const result = control.declines
      ? { error: "access_denied", error_description: "The user has denied your application access." }
      : { login: { accountId: String(control.person.id) } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  oauth(request, response);
});
// Whoever started it holds its input. When they are gone, however they went, nobody needs it.
process.stdin.resume().on("end", () => process.exit(0));
console.log(`LISTENING ${base}`);

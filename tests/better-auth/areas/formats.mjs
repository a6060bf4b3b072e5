// What the original implementation writes, for us to read, and what we write, for it to read.

import assert from "node:assert/strict";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { hashPassword, verifyPassword } from "better-auth/crypto";

const { SECRET: secret, OUR_TOKEN: ourToken, OUR_COOKIE: ourCookie } = process.env;
const form = { name: "Žofie", email: "zofie@example.com", password: "ﬁancé-Ⅳ-Correct-1" };
const COOKIE = "better-auth.session_token";

function original(database) {
  return betterAuth({
    secret,
    baseURL: "http://localhost:3000",
    database: memoryAdapter(database),
    emailAndPassword: { enabled: true },
  });
}

const empty = () => ({ user: [], session: [], account: [], verification: [] });

export default {
  async "it signs up a user, and its rows and its cookie go to us"() {
    const database = empty();
    const request = new Request("http://localhost:3000/api/auth/sign-up/email", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(form),
    });
    const response = await original(database).handler(request);
    assert.equal(response.status, 200);
    const [cookie] = response.headers.getSetCookie()[0].split(";");
    const [{ password: hash }] = database.account;
    const [{ token }] = database.session;
    assert.ok(await verifyPassword({ hash, password: form.password }));
    const another = await hashPassword("correct horse battery staple");
    process.stdout.write(`HANDED OVER ${JSON.stringify({ cookie, token, hash, another, ...form })}\n`);
  },

  async "it takes a cookie that we signed, and no other"() {
    const database = empty();
    const now = new Date();
    const dates = { createdAt: now, updatedAt: now };
    database.user.push({ id: "u", name: "Ann", email: "ann@example.com", emailVerified: false, ...dates });
    const expiresAt = new Date(now.getTime() + 3_600_000);
    database.session.push({ id: "s", userId: "u", token: ourToken, expiresAt, ...dates });
    const auth = original(database);
    const seen = async (value) => auth.api.getSession({ headers: new Headers({ cookie: `${COOKIE}=${value}` }) });
    assert.equal((await seen(ourCookie)).user.email, "ann@example.com");
    const forged = ourCookie.replace(/\.(.)/, (_, first) => `.${first === "A" ? "B" : "A"}`);
    assert.equal(await seen(forged), null);
  },
};

// Signing up, in and out, and a user's own account.

import assert from "node:assert/strict";
import { Browser, ORIGIN, fail, isIn, isNow, succeed } from "../browser.mjs";

const WEEK = 7 * 86400;
const USER = ["createdAt", "email", "emailVerified", "id", "image", "name", "updatedAt"];
const SESSION_COOKIE = "better-auth.session_token";
const form = { name: "Alice Doe", email: "Alice@Example.com", password: "Correct-Horse-1" };
const email = "alice@example.com";

const fields = (value) => Object.keys(value).sort();

export default {
  async "a visitor signs up, is signed in, and signs out"() {
    const browser = new Browser();
    const up = succeed(await browser.auth.signUp.email({ ...form, callbackURL: "/dashboard" }));
    assert.deepEqual(fields(up), ["token", "user"]);
    assert.deepEqual(fields(up.user), USER);
    assert.equal(up.token.length, 32);
    assert.equal(up.user.email, email);
    isNow(up.user.createdAt);
    const [cookie] = browser.lastSetCookies;
    assert.match(cookie, /^better-auth\.session_token=\w{32}\.[\w%]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
    const { session, user } = await browser.session();
    isIn(session.expiresAt, WEEK);
    isNow(session.createdAt);
    assert.deepEqual([user.role, user.banned, user.name], ["user", null, "Alice Doe"]);
    assert.deepEqual(succeed(await browser.auth.signOut()), { success: true });
    assert.equal(browser.lastSetCookies.length, 3);
    assert.equal(browser.cookies.size, 0);
    assert.equal(await browser.session(), null);
    assert.deepEqual(succeed(await browser.auth.signOut()), { success: true });
  },

  async "what is wrong with a sign-up is told"() {
    const { auth } = new Browser();
    const up = (change) => auth.signUp.email({ ...form, ...change });
    assert.equal(fail(await up({}), 422, "USER_ALREADY_EXISTS"), "User already exists");
    const fresh = { email: "new@example.com" };
    assert.equal(fail(await up({ ...fresh, password: "Short-1" }), 400, "PASSWORD_TOO_SHORT"), "Password too short");
    fail(await up({ ...fresh, password: "x".repeat(129) }), 400, "PASSWORD_TOO_LONG");
    fail(await up({ email: "nobody" }), 400, "INVALID_EMAIL");
    assert.equal(fail(await up({ name: undefined }), 400, "VALIDATION_ERROR"), "Invalid body parameters");
  },

  async "a user signs in as the page does it"() {
    const browser = new Browser();
    const data = await browser.signIn(email, form.password);
    assert.deepEqual(fields(data), ["redirect", "token", "url", "user"]);
    assert.deepEqual([data.redirect, data.url], [true, "/dashboard"]);
    assert.deepEqual(fields(data.user), USER);
    const signIn = (change) => browser.auth.signIn.email({ email, password: form.password, ...change });
    assert.equal(succeed(await signIn({})).redirect, false);
    const wrong = await signIn({ password: "Wrong-Horse-1" });
    assert.equal(fail(wrong, 401, "INVALID_EMAIL_OR_PASSWORD"), "Invalid credentials");
    const unknown = await signIn({ email: "nobody@example.com" });
    assert.deepEqual({ ...unknown.error }, { ...wrong.error });
    fail(await signIn({ callbackURL: "https://evil.example/" }), 403, "INVALID_CALLBACKURL");
  },

  async "a browser that is not to remember gets cookies without an age"() {
    const browser = new Browser();
    succeed(await browser.auth.signIn.email({ email, password: form.password, rememberMe: false }));
    assert.equal(browser.lastSetCookies.length, 2);
    assert.ok(browser.lastSetCookies.every((cookie) => !cookie.includes("Max-Age")));
    isIn((await browser.session()).session.expiresAt, 86400);
    assert.equal(browser.lastSetCookies.length, 0, "its cookie must not begin to last");
  },

  async "a forged cookie is nobody"() {
    const browser = new Browser();
    browser.cookies.set(SESSION_COOKIE, `${"x".repeat(32)}.${"A".repeat(43)}%3D`);
    assert.equal(await browser.session(), null);
  },

  async "a user changes name and picture"() {
    const browser = new Browser();
    await browser.signIn(email, form.password);
    const image = "https://example.com/alice.png";
    assert.deepEqual(succeed(await browser.auth.updateUser({ name: "Alice Roe", image })), { status: true });
    const { user } = await browser.session();
    assert.deepEqual([user.name, user.image], ["Alice Roe", image]);
    fail(await browser.auth.updateUser({ email: "other@example.com" }), 400, "EMAIL_CAN_NOT_BE_UPDATED");
    const { error } = await new Browser().auth.updateUser({ name: "Nobody" });
    assert.deepEqual([error.status, error.code], [401, undefined]);
  },

  async "a user lists sessions and ends them"() {
    const [first, second, third] = [new Browser(), new Browser(), new Browser()];
    for (const browser of [first, second, third]) {
      await browser.signIn(email, form.password);
    }
    const list = async () => succeed(await first.auth.listSessions());
    const own = (await first.session()).session.token;
    const all = await list();
    assert.ok(all.length >= 3 && all.some((session) => session.token === own));
    isIn(all[0].expiresAt, WEEK);
    const { token } = (await second.session()).session;
    assert.deepEqual(succeed(await first.auth.revokeSession({ token })), { status: true });
    assert.equal(await second.session(), null);
    assert.equal(fail(await first.auth.revokeSession({ token }), 400, "SESSION_NOT_FOUND"), "Session not found");
    assert.deepEqual(succeed(await first.auth.revokeOtherSessions()), { status: true });
    assert.equal(await third.session(), null);
    assert.deepEqual((await list()).map((session) => session.token), [own]);
    assert.deepEqual(succeed(await first.auth.revokeSessions()), { status: true });
    assert.equal(await first.session(), null);
  },

  async "a user changes the password"() {
    const [browser, other] = [new Browser(), new Browser()];
    await browser.signIn(email, form.password);
    await other.signIn(email, form.password);
    const change = (currentPassword, newPassword, revokeOtherSessions) =>
      browser.auth.changePassword({ currentPassword, newPassword, revokeOtherSessions });
    assert.equal(fail(await change("Wrong-Horse-1", "Correct-Horse-2"), 400, "INVALID_PASSWORD"), "Invalid password");
    fail(await change(form.password, "short"), 400, "PASSWORD_TOO_SHORT");
    const kept = succeed(await change(form.password, "Correct-Horse-2"));
    assert.deepEqual([kept.token, kept.user.email], [null, email]);
    assert.notEqual(await other.session(), null);
    const ended = succeed(await change("Correct-Horse-2", form.password, true));
    assert.equal(ended.token.length, 32);
    assert.equal(await other.session(), null);
    assert.notEqual(await browser.session(), null);
  },

  async "both addresses have the same handlers, and there is a page for errors"() {
    const browser = new Browser();
    for (const base of ["/api/auth", "/api/v1/auth"]) {
      const ok = await browser.get(`${base}/ok`);
      assert.deepEqual(await ok.json(), { ok: true });
      const page = await browser.get(`${base}/error?error=${encodeURIComponent("<script>alert(1)</script>")}`);
      assert.match(page.headers.get("content-type"), /^text\/html/);
      const text = await page.text();
      assert.ok(text.includes("&lt;script&gt;") && !text.includes("<script"));
      const unknown = await browser.get(`${base}/nowhere`);
      assert.deepEqual([unknown.status, await unknown.text()], [404, ""]);
      const session = await browser.fetch(`${ORIGIN}${base}/get-session`, { headers: { "content-type": "application/json" } });
      assert.equal(session.headers.get("cache-control"), "no-store");
      assert.equal(await session.json(), null);
    }
  },

  async "the sixth wrong password is told to wait"() {
    const { auth } = new Browser();
    const guess = (n) => auth.signIn.email({ email: "victim@example.com", password: `Wrong-Horse-${n}` });
    for (let n = 1; n <= 5; n += 1) {
      fail(await guess(n), 401, "INVALID_EMAIL_OR_PASSWORD");
    }
    fail(await guess(6), 429, "TOO_MANY_REQUESTS");
  },
};

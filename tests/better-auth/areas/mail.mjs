// What the library does with the links of mails.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Browser, fail, succeed } from "../browser.mjs";

const password = "Correct-Horse-1";
const email = "alice@example.com";

/** The path of the link in the latest mail to this address with this subject. */
async function link(to, subject, not = "") {
  for (let tries = 0; tries < 600; tries += 1) {
    const names = readdirSync(process.env.MAILS).filter((name) => name.endsWith(".json"));
    names.sort((a, b) => parseInt(b) - parseInt(a));
    for (const name of names) {
      const mail = JSON.parse(readFileSync(join(process.env.MAILS, name), "utf8"));
      const path = mail.text.match(/\/api\/auth\/\S+/)?.[0];
      if (mail.to[0] === to && mail.subject === subject && path !== not) return path;
    }
    await setTimeout(100);
  }
  assert.fail(`no mail "${subject}" to ${to}`);
}

const token = (path) => new URLSearchParams(path.split("?")[1]).get("token");

const browser = new Browser();

export default {
  async "who signs up proves the address"() {
    succeed(await browser.auth.signUp.email({ name: "Alice", email, password, callbackURL: "/dashboard" }));
    const path = await link(email, "Verify your email address");
    assert.deepEqual(succeed(await browser.auth.verifyEmail({ query: { token: token(path) } })), { status: true, user: null });
    assert.equal((await browser.session()).user.emailVerified, true);
    fail(await browser.auth.verifyEmail({ query: { token: token(path) } }), 401, "INVALID_TOKEN");
    assert.deepEqual(succeed(await browser.auth.sendVerificationEmail({ email, callbackURL: "/dashboard" })), { status: true });
  },

  async "a forgotten password is reset"() {
    const visitor = new Browser();
    const asked = await visitor.auth.forgetPassword({ email, redirectTo: "/reset-password" });
    assert.deepEqual(succeed(asked), { status: true });
    assert.deepEqual(succeed(await visitor.auth.forgetPassword({ email: "nobody@example.com", redirectTo: "/reset-password" })), { status: true });
    const followed = await visitor.get(await link(email, "Reset your password"));
    assert.equal(followed.status, 302);
    const page = followed.headers.get("location");
    assert.match(page, /^\/reset-password\?token=\w{32}$/);
    const reset = (newPassword) => visitor.auth.resetPassword({ newPassword, token: token(page) });
    fail(await reset("Short-1"), 400, "PASSWORD_TOO_SHORT");
    assert.deepEqual(succeed(await reset("Correct-Horse-2")), { status: true });
    fail(await reset("Correct-Horse-3"), 400, "INVALID_TOKEN");
    assert.equal(await browser.session(), null, "the session goes on");
    await browser.signIn(email, "Correct-Horse-2");
  },

  async "an account moves to another address"() {
    const changed = await browser.auth.changeEmail({ newEmail: "alice@new.example.com", callbackURL: "/dashboard" });
    assert.deepEqual(succeed(changed), { status: true });
    const follow = async (path) => succeed(await browser.auth.verifyEmail({ query: { token: token(path) } }));
    assert.deepEqual(await follow(await link(email, "Confirm your new email address")), { status: true, user: null });
    assert.equal((await browser.session()).user.email, email, "the other address is not proven yet");
    const { status, user } = await follow(await link("alice@new.example.com", "Verify your new email address"));
    assert.deepEqual([status, user.email, user.emailVerified], [true, "alice@new.example.com", true]);
    assert.equal((await browser.session()).user.email, "alice@new.example.com");
    fail(await browser.auth.changeEmail({ newEmail: "alice@new.example.com" }), 400, "EMAIL_IS_THE_SAME");
  },

  async "an account is deleted"() {
    fail(await browser.auth.deleteUser({ password: "Wrong-Horse-1" }), 400, "INVALID_PASSWORD");
    const asked = await browser.auth.deleteUser({ password: "Correct-Horse-2", callbackURL: "/" });
    assert.deepEqual(succeed(asked), { success: true, message: "Verification email sent" });
    const path = await link("alice@new.example.com", "Confirm that your account is to be deleted");
    const deleted = await browser.auth.deleteUser({ token: token(path) });
    assert.deepEqual(succeed(deleted), { success: true, message: "User deleted" });
    assert.equal(await browser.session(), null);
  },
};

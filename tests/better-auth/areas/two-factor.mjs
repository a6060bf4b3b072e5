// The plugin for second factors: a code of an app, recovery codes, and devices that are trusted.

import assert from "node:assert/strict";
import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import { Browser, fail, succeed } from "../browser.mjs";

const email = "ann@example.com";
const password = "Correct-Horse-1";
const HALF = "better-auth.two_factor";
const TRUST = "better-auth.trust_device";
const SESSION = "better-auth.session_token";

/** What the library's own server would take. */
class App {
  constructor(totpURI) {
    const { searchParams, pathname, protocol } = new URL(totpURI);
    assert.equal(protocol, "otpauth:");
    assert.match(decodeURIComponent(pathname), /ann@example\.com$/);
    assert.deepEqual([searchParams.get("digits"), searchParams.get("period")], ["6", "30"]);
    this.secret = new TextDecoder().decode(base32.decode(searchParams.get("secret")));
    this.shown = 0;
  }

  /** A code that was not shown yet: this step's, then the next one's. */
  async code() {
    const now = Math.floor(Date.now() / 30000);
    this.shown = Math.max(this.shown + 1, now);
    assert.ok(this.shown <= now + 1, "the codes of this window are used up");
    return createOTP(this.secret).hotp(this.shown);
  }
}

const browser = new Browser();
let app;
let codes;

/** Somebody else's browser, half signed in. */
async function half() {
  const other = new Browser();
  let redirects = 0;
  other.onTwoFactorRedirect = () => (redirects += 1);
  const data = succeed(await other.auth.signIn.email({ email, password }));
  assert.deepEqual(data, { twoFactorRedirect: true });
  assert.equal(redirects, 1, "the page is not told");
  assert.ok(other.cookies.has(HALF) && !other.cookies.has(SESSION));
  assert.equal(await other.session(), null);
  return other;
}

export default {
  async "a user turns it on with an app"() {
    const { twoFactor } = browser.auth;
    succeed(await browser.auth.signUp.email({ name: "Ann", email, password }));
    fail(await twoFactor.enable({ password: "Wrong-Horse-1" }), 400, "INVALID_PASSWORD");
    const begun = succeed(await twoFactor.enable({ password, issuer: "My panel" }));
    assert.deepEqual(Object.keys(begun).sort(), ["backupCodes", "totpURI"]);
    assert.equal(new URL(begun.totpURI).searchParams.get("issuer"), "My panel");
    assert.equal(begun.backupCodes.length, 10);
    assert.ok(begun.backupCodes.every((code) => /^\w{5}-\w{5}$/.test(code)), begun.backupCodes);
    codes = begun.backupCodes;
    app = new App(begun.totpURI);
    assert.equal((await browser.session()).user.twoFactorEnabled, false);
    fail(await twoFactor.verifyTotp({ code: "000000" }), 401, "INVALID_CODE");
    const on = succeed(await twoFactor.verifyTotp({ code: await app.code() }));
    assert.deepEqual(Object.keys(on).sort(), ["token", "user"]);
    assert.equal((await browser.session()).user.twoFactorEnabled, true);
    const shown = succeed(await twoFactor.getTotpUri({ password }));
    assert.equal(new App(shown.totpURI).secret, app.secret);
    fail(await twoFactor.enable({ password }), 409, "TWO_FACTOR_ALREADY_ENABLED");
    fail(await twoFactor.sendOtp(), 400, "OTP_NOT_ENABLED");
    fail(await twoFactor.verifyOtp({ code: "123456" }), 400, "OTP_NOT_ENABLED");
  },

  async "signing in takes a code, which works once, and a device can be trusted"() {
    const device = await half();
    const code = await app.code();
    const data = succeed(await device.auth.twoFactor.verifyTotp({ code, trustDevice: true }));
    assert.equal(data.user.email, email);
    assert.equal(data.token.length, 32);
    assert.equal((await device.session()).user.email, email);
    assert.ok(device.cookies.has(TRUST) && !device.cookies.has(HALF));
    const replay = await half();
    fail(await replay.auth.twoFactor.verifyTotp({ code }), 401, "INVALID_CODE");
    succeed(await device.auth.signOut());
    const before = device.cookies.get(TRUST);
    assert.equal((await device.signIn(email, password)).user.email, email);
    assert.notEqual(device.cookies.get(TRUST), before);
  },

  async "recovery codes work once and are renewed"() {
    const device = await half();
    const verify = (code) => device.auth.twoFactor.verifyBackupCode({ code });
    fail(await verify("AAAAA-AAAAA"), 401, "INVALID_BACKUP_CODE");
    assert.equal(succeed(await verify(codes[0])).user.email, email);
    assert.equal(await browser.session(), null, "the other sessions go on");
    const left = succeed(await device.auth.twoFactor.viewBackupCodes({ password }));
    assert.equal(left.backupCodes.length, 9);
    const renewed = succeed(await device.auth.twoFactor.generateBackupCodes({ password }));
    assert.deepEqual([renewed.status, renewed.backupCodes.length], [true, 10]);
    const next = await half();
    fail(await next.auth.twoFactor.verifyBackupCode({ code: codes[0] }), 401, "INVALID_BACKUP_CODE");
    succeed(await next.auth.twoFactor.verifyBackupCode({ code: renewed.backupCodes[0] }));
    succeed(await next.auth.twoFactor.disable({ password }));
    assert.equal((await next.session()).user.twoFactorEnabled, false);
    assert.equal((await browser.signIn(email, password)).user.email, email);
    fail(await browser.auth.twoFactor.getTotpUri({ password }), 400, "TOTP_NOT_ENABLED");
    fail(await new Browser().auth.twoFactor.verifyTotp({ code: "123456" }), 401, "INVALID_TWO_FACTOR_COOKIE");
  },
};

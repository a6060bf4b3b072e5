// A browser as the client library sees one: it keeps cookies and says which page asks.

import assert from "node:assert/strict";
import { createAuthClient } from "better-auth/client";
import { adminClient, twoFactorClient } from "better-auth/client/plugins";

export const ORIGIN = process.env.SERVER_URL;

export class Browser {
  constructor() {
    this.cookies = new Map();
    this.lastSetCookies = [];
    // As the web application makes it, but for the address, which is the page's own there.
    this.auth = createAuthClient({
      baseURL: `${ORIGIN}/api/auth`,
      plugins: [adminClient(), twoFactorClient({ onTwoFactorRedirect: () => this.onTwoFactorRedirect?.() })],
      fetchOptions: { cache: "default", customFetchImpl: (url, init) => this.fetch(url, init) },
    });
  }

  async fetch(url, init = {}) {
    const headers = new Headers(init.headers);
    headers.set("origin", ORIGIN);
    if (this.cookies.size > 0) {
      headers.set("cookie", [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    }
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    this.lastSetCookies = response.headers.getSetCookie();
    for (const cookie of this.lastSetCookies) {
      const [pair, ...attributes] = cookie.split("; ");
      const equals = pair.indexOf("=");
      const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
      if (attributes.includes("Max-Age=0")) {
        this.cookies.delete(name);
      } else {
        this.cookies.set(name, value);
      }
    }
    return response;
  }

  get(path) {
    return this.fetch(`${ORIGIN}${path}`);
  }

  /** Signs somebody in, in the words of the page. */
  async signIn(email, password) {
    return succeed(await this.auth.signIn.email({ email, password, callbackURL: "/dashboard" }));
  }

  /** Who is signed in, or null. */
  async session() {
    return succeed(await this.auth.getSession());
  }
}

/** The data of a call that has to work. */
export function succeed({ data, error }) {
  assert.equal(error, null, JSON.stringify(error));
  return data;
}

/** The message of a call that has to fail so. */
export function fail({ data, error }, status, code) {
  assert.equal(data, null, `succeeded: ${JSON.stringify(data)}`);
  assert.equal(error.status, status, JSON.stringify(error));
  assert.equal(error.code, code, JSON.stringify(error));
  return error.message;
}

/** The library makes dates of what looks like one. Read wrongly, they are minutes off. */
export function isNow(date, seconds = 60) {
  assert.ok(date instanceof Date, `${date} is no date`);
  const off = Math.abs(date.getTime() - Date.now());
  assert.ok(off < seconds * 1000, `${date.toISOString()} is ${off} ms off`);
}

/** Whether a date is so many seconds from now, give or take a minute. */
export function isIn(date, seconds) {
  isNow(new Date(date.getTime() - seconds * 1000));
}

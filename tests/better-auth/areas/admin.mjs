// The plugin with which staff administer users.

import assert from "node:assert/strict";
import { Browser, fail, isIn, isNow, succeed } from "../browser.mjs";

const DAY = 86400;
const USER = [
  "banExpires", "banReason", "banned", "createdAt", "email", "emailVerified", "id", "image", "name", "role", "twoFactorEnabled", "updatedAt",
];
const password = "Correct-Horse-1";
const fields = (value) => Object.keys(value).sort();

async function staff() {
  const browser = new Browser();
  await browser.signIn(process.env.ADMIN_EMAIL, process.env.ADMIN_PASSWORD);
  return browser;
}

/** A new user, as the page creates one. */
async function create({ auth }, name) {
  const email = `${name}@example.com`;
  const { user } = succeed(await auth.admin.createUser({ name, email, password, role: "user" }));
  return user;
}

async function signedIn({ email }) {
  const browser = new Browser();
  await browser.signIn(email, password);
  return browser;
}

export default {
  async "staff create and list users"() {
    const admin = await staff();
    const user = await create(admin, "created");
    assert.deepEqual(fields(user), USER);
    assert.deepEqual([user.role, user.banned, user.banExpires], ["user", null, null]);
    isNow(user.createdAt);
    const again = { name: "created", email: user.email, password, role: "user" };
    fail(await admin.auth.admin.createUser(again), 400, "USER_ALREADY_EXISTS");
    const list = async (query) => succeed(await admin.auth.admin.listUsers({ query }));
    const page = await list({ limit: 20 });
    assert.deepEqual(fields(page), ["limit", "total", "users"]);
    assert.equal(page.limit, 20);
    assert.deepEqual(page.users[0], user, "the newest comes first");
    const found = await list({ searchValue: "CREATED@", searchField: "email", searchOperator: "starts_with" });
    assert.deepEqual([found.total, found.users[0].id], [1, user.id]);
    const sorted = await list({ sortBy: "name", sortDirection: "desc", limit: "2", offset: 1 });
    assert.equal(sorted.users.length, 2);
    assert.ok(sorted.users[0].name >= sorted.users[1].name);
    const filtered = await list({ filterField: "role", filterOperator: "eq", filterValue: "admin" });
    assert.deepEqual(filtered.users.map(({ role }) => role), ["admin"]);
    const customer = await signedIn(user);
    const wallet = await (await customer.get("/api/v1/dashboard/wallet")).json();
    assert.equal(wallet.result.balance, "0.00");
  },

  async "staff ban a user for as long as the page says, and lift the ban"() {
    const admin = await staff();
    const user = await create(admin, "banned");
    const browser = await signedIn(user);
    const ban = async (change) => succeed(await admin.auth.admin.banUser({ userId: user.id, ...change })).user;
    const banned = await ban({ banReason: "Fraud", banExpiresIn: 7 * DAY * 1000 });
    assert.deepEqual([banned.banned, banned.banReason], [true, "Fraud"]);
    isIn(banned.banExpires, 7 * DAY);
    assert.equal(await browser.session(), null);
    assert.equal((await browser.get("/api/v1/dashboard/wallet")).status, 401);
    const refused = await browser.auth.signIn.email({ email: user.email, password });
    assert.match(fail(refused, 403, "BANNED_USER"), /^You have been banned from this application\./);
    assert.equal((await ban({})).banExpires, null);
    isIn((await ban({ banExpiresIn: 3600 })).banExpires, 3600);
    const free = succeed(await admin.auth.admin.unbanUser({ userId: user.id })).user;
    assert.deepEqual([free.banned, free.banReason, free.banExpires], [false, null, null]);
    await browser.signIn(user.email, password);
    const self = (await admin.session()).user.id;
    const own = await admin.auth.admin.banUser({ userId: self });
    assert.equal(fail(own, 400, "YOU_CANNOT_BAN_YOURSELF"), "You cannot ban yourself");
    assert.deepEqual(succeed(await admin.auth.admin.banUser({ userId: "nobody" })), { user: null });
  },

  async "staff remove a user and the address is free"() {
    const admin = await staff();
    const user = await create(admin, "removed");
    const browser = await signedIn(user);
    const remove = async () => succeed(await admin.auth.admin.removeUser({ userId: user.id }));
    assert.deepEqual(await remove(), { success: true });
    assert.deepEqual(await remove(), { success: true });
    assert.equal(await browser.session(), null);
    assert.notEqual((await create(admin, "removed")).id, user.id);
  },

  async "staff change a role, but not that of the last administrator"() {
    const admin = await staff();
    const user = await create(admin, "promoted");
    const set = (userId, role) => admin.auth.admin.setRole({ userId, role });
    assert.equal(succeed(await set(user.id, "admin")).user.role, "admin");
    const second = await signedIn(user);
    succeed(await second.auth.admin.listUsers({ query: { limit: 1 } }));
    assert.equal(succeed(await set(user.id, ["user"])).user.role, "user");
    assert.equal(await second.session(), null, "another role, another session");
    const self = (await admin.session()).user.id;
    fail(await set(self, "user"), 409, "LAST_ADMIN");
    fail(await admin.auth.admin.removeUser({ userId: self }), 409, "LAST_ADMIN");
    fail(await set(user.id, "root"), 400, "VALIDATION_ERROR");
  },

  async "staff set a password and end sessions"() {
    const admin = await staff();
    const user = await create(admin, "locked-out");
    const [first, second] = [await signedIn(user), await signedIn(user)];
    const list = async () => succeed(await admin.auth.admin.listUserSessions({ userId: user.id })).sessions;
    assert.equal((await list()).length, 2);
    const sessionToken = (await first.session()).session.token;
    assert.deepEqual(succeed(await admin.auth.admin.revokeUserSession({ sessionToken })), { success: true });
    assert.equal(await first.session(), null);
    assert.notEqual(await second.session(), null);
    const newPassword = "Given-By-Staff-1";
    const set = await admin.auth.admin.setUserPassword({ userId: user.id, newPassword });
    assert.deepEqual(succeed(set), { status: true });
    assert.equal(await second.session(), null);
    await first.signIn(user.email, newPassword);
    assert.deepEqual(succeed(await admin.auth.admin.revokeUserSessions({ userId: user.id })), { success: true });
    assert.equal(await first.session(), null);
    assert.deepEqual(await list(), []);
  },

  async "staff act as a user and come back"() {
    const admin = await staff();
    const self = (await admin.session()).user;
    const user = await create(admin, "customer-of-staff");
    const acting = succeed(await admin.auth.admin.impersonateUser({ userId: user.id }));
    assert.deepEqual([acting.user.id, acting.session.impersonatedBy], [user.id, self.id]);
    isIn(acting.session.expiresAt, 3600);
    assert.equal((await admin.session()).user.id, user.id);
    fail(await admin.auth.admin.listUsers({ query: {} }), 403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS");
    const back = succeed(await admin.auth.admin.stopImpersonating());
    assert.equal(back.user.id, self.id);
    assert.equal((await admin.session()).user.id, self.id);
    assert.ok(!admin.cookies.has("admin_session"));
    fail(await admin.auth.admin.stopImpersonating(), 400, "YOU_ARE_NOT_IMPERSONATING_ANYONE");
    fail(await admin.auth.admin.impersonateUser({ userId: self.id }), 403, "YOU_CANNOT_IMPERSONATE_ADMINS");
    fail(await admin.auth.admin.impersonateUser({ userId: "nobody" }), 404, "USER_NOT_FOUND");
  },

  async "nobody else administers users"() {
    const admin = await staff();
    const user = await create(admin, "bystander");
    const { auth } = await signedIn(user);
    const calls = {
      LIST_USERS: (it) => it.listUsers({ query: { limit: 20 } }),
      CREATE_USERS: (it) => it.createUser({ name: "x", email: "x@example.com", password, role: "admin" }),
      BAN_USERS: (it) => it.banUser({ userId: user.id }),
      DELETE_USERS: (it) => it.removeUser({ userId: user.id }),
      CHANGE_USERS_ROLE: (it) => it.setRole({ userId: user.id, role: "admin" }),
      LIST_USERS_SESSIONS: (it) => it.listUserSessions({ userId: user.id }),
      REVOKE_USERS_SESSIONS: (it) => it.revokeUserSessions({ userId: user.id }),
      IMPERSONATE_USERS: (it) => it.impersonateUser({ userId: user.id }),
      SET_USERS_PASSWORD: (it) => it.setUserPassword({ userId: user.id, newPassword: password }),
    };
    const nobody = new Browser();
    for (const [name, call] of Object.entries(calls)) {
      fail(await call(auth.admin), 403, `YOU_ARE_NOT_ALLOWED_TO_${name}`);
      const { error } = await call(nobody.auth.admin);
      assert.deepEqual([error.status, error.code, error.message], [401, undefined, undefined], name);
    }
    const may = async (it, permissions) => succeed(await it.hasPermission({ permissions })).success;
    assert.equal(await may(admin.auth.admin, { user: ["ban", "delete"], session: ["revoke"] }), true);
    assert.equal(await may(auth.admin, { user: ["ban"] }), false);
  },
};

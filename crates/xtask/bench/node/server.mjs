// What the product is compared with: Hono on node-postgres, with hand-written SQL, prepared statements and a pool.
// It answers as the product does: placing an order and listing one's orders here, services, figures and live updates in
// files of their own.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import pg from 'pg';
import { metrics } from './metrics.mjs';
import { services } from './services.mjs';
import { streams } from './streams.mjs';

const env = process.env;
const pool = new pg.Pool({
  connectionString: env.DATABASE_URL,
  max: Number(env.DATABASE_CONNECTIONS_MAX ?? 16),
  idleTimeoutMillis: 0,
});
// 64-bit integers that stay below 2^53 here.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const COOKIE = 'better-auth.session_token';
const SESSION = {
  name: 'session',
  text: `SELECT u.id, u.banned, u.ban_expires, u.role FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_digest = $1 AND s.expires_at > $2`,
};
// The product's own statement, the names of its parameters, and the words that are the same in every order.
const { names: PARAMETERS, statement, values: WORDS } = JSON.parse(env.PLACEMENT);
const PLACE = { name: 'place', text: statement };
const PLACED = {
  name: 'placed',
  text: `SELECT o.id, o.service_name, o.price, o.created_at, k.fingerprint
         FROM idempotency_keys k JOIN orders o ON o.id = k.order_id WHERE k.user_id = $1 AND k.key = $2`,
};
const COLUMNS = `id, service_id, service_name, link, quantity, price, refunded, hold, state, refill, start_count, remains,
  cancel_requested_at, created_at, updated_at`;
// With a parameter for the limit PostgreSQL would plan anew each time.
const page = (rows, below) => ({
  name: `page${rows}${below}`,
  text: `SELECT ${COLUMNS} FROM orders WHERE user_id = $1 ${below} ORDER BY id DESC LIMIT ${rows}`,
});
const STATUS = {
  held: 'Pending', submitting: 'Pending', unknown: 'Pending', submitted: 'In progress', in_progress: 'In progress',
  completed: 'Completed', partial: 'Partial', canceled: 'Canceled', voided: 'Canceled',
};

function sessionToken(header) {
  for (const pair of (header ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name !== COOKIE || value === undefined) continue;
    const signed = decodeURIComponent(value);
    const dot = signed.lastIndexOf('.');
    if (dot < 0) return null;
    const token = signed.slice(0, dot);
    const given = Buffer.from(signed.slice(dot + 1), 'base64');
    const right = createHmac('sha256', env.BETTER_AUTH_SECRET).update(token).digest();
    return given.length === right.length && timingSafeEqual(given, right) ? token : null;
  }
  return null;
}

function amountText(micros) {
  const units = Math.floor(micros / 1e6);
  const rest = String(micros - units * 1e6).padStart(6, '0').replace(/0{1,4}$/, '');
  return `${units}.${rest}`;
}

const time = (micros) => (micros === null ? null : new Date(micros / 1000).toISOString());
const failure = (c, status, name, message) => c.json({ success: false, name, message, result: null }, status);

// As the product does: what is offered is kept in memory, and the statement places nothing if that is out of date.
const offers = new Map();
async function offered(service) {
  if (!offers.has(service)) {
    const { rows: [offer] } = await pool.query({
      name: 'offer',
      text: `SELECT id, provider_id, upstream_id, name, rate, COALESCE(profit, 0) AS profit, refill, cancel,
             quantity_min, quantity_max FROM services WHERE id = $1`,
      values: [service],
    });
    if (offer !== undefined) offers.set(service, offer);
  }
  return offers.get(service);
}

async function place(user, offer, link, quantity, key, fingerprint) {
  const at = Date.now() * 1000;
  const selling = offer.rate + offer.profit;
  const price = Math.max(Math.ceil(selling * quantity / 1e6), 1);
  const own = {
    ...WORDS,
    user_id: user, actor_user: user, transfer_user: user, link, quantity, key, fingerprint, price,
    created_at: at, updated_at: at, event_at: at, job_due_at: at, due_at: WORDS.due_at === null ? null : at,
    service_id: offer.id, provider_id: offer.provider_id, upstream_service: offer.upstream_id, service_name: offer.name,
    rate: offer.rate, profit: offer.profit, selling_rate: selling, refill: offer.refill, cancel: offer.cancel,
    cost: Math.ceil(offer.rate * quantity / 1e6),
    details: JSON.stringify([['price', String(price / 1e6)], ['quantity', String(quantity)]]),
  };
  const { rows: [placed] } = await pool.query({ ...PLACE, values: PARAMETERS.map((name) => own[name]) });
  return placed && { id: placed.id, service_name: offer.name, price, created_at: at };
}

const app = new Hono();

const signedIn = (mayPass) => async (c, next) => {
  const token = sessionToken(c.req.header('cookie'));
  if (token !== null) {
    const digest = createHash('sha256').update(token).digest('hex');
    const { rows } = await pool.query({ ...SESSION, values: [digest, Date.now() * 1000] });
    if (rows.length === 1 && !rows[0].banned && mayPass(rows[0])) {
      c.set('user', rows[0].id);
      c.set('role', rows[0].role);
      c.set('session', digest);
      return next();
    }
  }
  return failure(c, 401, 'UNAUTHENTICATED', 'Authentication required.');
};
for (const prefix of ['/api/v1', '/scanned/api/v1']) {
  app.use(`${prefix}/dashboard/*`, signedIn(() => true));
  app.use(`${prefix}/admin/*`, signedIn(({ role }) => role === 'admin'));
}

app.post('/api/v1/dashboard/orders', async (c) => {
  const key = c.req.header('idempotency-key');
  if (key === undefined || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    return failure(c, 400, 'IDEMPOTENCY_KEY_INVALID', 'The idempotency key is not valid.');
  }
  const form = await c.req.json().catch(() => null);
  const { category, service, link, quantity } = form ?? {};
  const url = typeof link === 'string' && link.length <= 2048 && URL.canParse(link) ? new URL(link) : null;
  const valid = typeof category === 'string' && category !== '' && /^\d+$/.test(service)
    && Number.isInteger(quantity) && quantity >= 1 && (url?.protocol === 'https:' || url?.protocol === 'http:');
  if (!valid) return failure(c, 400, 'VALIDATION_ERROR', 'The form is not valid.');
  const offer = await offered(service);
  if (offer === undefined || quantity < offer.quantity_min || quantity > offer.quantity_max) {
    return failure(c, 409, 'SERVICE_NOT_OFFERED', 'The service is not offered.');
  }
  const fingerprint = createHash('sha256')
    .update(JSON.stringify(['service', service, 'link', link, 'quantity', quantity])).digest('hex');
  const user = c.get('user');
  let order = await place(user, offer, link, quantity, key, fingerprint);
  if (order === undefined) {
    // The statement never says why. What is left to tell apart is left out but for the replay.
    const { rows: [placed] } = await pool.query({ ...PLACED, values: [user, key] });
    if (placed === undefined) return failure(c, 409, 'NOT_PLACED', 'The order was not placed.');
    if (placed.fingerprint !== fingerprint) return failure(c, 422, 'IDEMPOTENCY_KEY_REUSED', 'The key was used.');
    c.header('idempotent-replayed', 'true');
    order = placed;
  } else {
    // Nobody waits for it: the answer goes out meanwhile.
    live.tell({ id: order.id, user, offer, quantity, price: order.price, at: order.created_at });
  }
  return c.json({
    success: true,
    name: 'ORDER_CREATED',
    message: 'Order created successfully and price deducted from wallet',
    result: {
      order: {
        id: order.id,
        serviceId: Number(service),
        serviceName: order.service_name,
        link,
        quantity,
        price: amountText(order.price),
        currency: 'USD',
        status: 'Pending',
        created_at: time(order.created_at),
      },
    },
  }, 201);
});

app.get('/api/v1/dashboard/orders', async (c) => {
  const limit = Number(c.req.query('limit') ?? 1000);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    return failure(c, 400, 'VALIDATION_ERROR', 'limit must be between 1 and 1000');
  }
  const cursor = c.req.query('cursor');
  const values = [c.get('user')];
  if (cursor !== undefined) values.push(parseInt(cursor.slice(1), 16));
  const { rows } = await pool.query({ ...page(limit, cursor === undefined ? '' : 'AND id < $2'), values });
  const more = rows.length === limit;
  return c.json({
    success: true,
    name: 'ORDER_FETCHED',
    message: 'Order fetched successfully',
    result: {
      orders: rows.map((order) => ({
        id: order.id,
        serviceId: order.service_id,
        serviceName: order.service_name,
        link: order.link,
        quantity: order.quantity,
        price: order.price / 1e6,
        refunded: amountText(order.hold === 'voided' ? order.price : order.refunded),
        status: STATUS[order.state],
        refill: order.refill,
        startCount: order.start_count,
        remains: order.remains,
        cancelRequestedAt: time(order.cancel_requested_at),
        created_at: time(order.created_at),
        updated_at: time(order.updated_at),
      })),
      currency: 'USD',
      nextCursor: more ? `o${rows[rows.length - 1].id.toString(16)}` : null,
    },
  });
});

services(app, pool);
metrics(app, pool, { amountText, time });
const live = await streams(app, pool, { amountText, time, failure });

app.onError((error, c) => {
  // The key's twin came first, with a request that was under way at the same time.
  if (error.code === '23505') return failure(c, 409, 'IN_PROGRESS', 'The same request is under way.');
  console.error(error);
  return failure(c, 500, 'INTERNAL', 'It did not work.');
});

app.get('/health', (c) => c.json({ status: 'ok' }));

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(env.PORT ?? 0) }, ({ port }) => {
  console.log(`listens on http://127.0.0.1:${port}`);
});
process.on('SIGINT', () => {
  server.close();
  process.exit(0);
});

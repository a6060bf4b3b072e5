// What the product is compared with: Hono on node-postgres, with hand-written SQL, prepared statements and a pool.
// It answers two routes exactly as the product does: placing an order and listing one's orders.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import pg from 'pg';

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
const PLACE = { name: 'place', text: 'SELECT * FROM bench_place_order($1, $2, $3, $4, $5, $6)' };
const COLUMNS = `id, service_id, service_name, link, quantity, price, refunded, hold, state, refill, start_count, remains,
  cancel_requested_at, created_at, updated_at`;
const FIRST_PAGE = {
  name: 'first',
  text: `SELECT ${COLUMNS} FROM orders WHERE user_id = $1 ORDER BY id DESC LIMIT $2`,
};
const NEXT_PAGE = {
  name: 'next',
  text: `SELECT ${COLUMNS} FROM orders WHERE user_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2`,
};
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

const app = new Hono();

app.use('/api/v1/dashboard/*', async (c, next) => {
  const token = sessionToken(c.req.header('cookie'));
  if (token !== null) {
    const digest = createHash('sha256').update(token).digest('hex');
    const { rows } = await pool.query({ ...SESSION, values: [digest, Date.now() * 1000] });
    if (rows.length === 1 && !rows[0].banned) {
      c.set('user', rows[0].id);
      return next();
    }
  }
  return failure(c, 401, 'UNAUTHENTICATED', 'Authentication required.');
});

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
  const fingerprint = createHash('sha256')
    .update(JSON.stringify(['service', service, 'link', link, 'quantity', quantity])).digest('hex');
  const { rows: [order] } = await pool.query({
    ...PLACE, values: [c.get('user'), service, link, quantity, key, fingerprint],
  });
  if (order.replayed) c.header('idempotent-replayed', 'true');
  return c.json({
    success: true,
    name: 'ORDER_CREATED',
    message: 'Order created successfully and price deducted from wallet',
    result: {
      order: {
        id: order.order_id,
        serviceId: Number(service),
        serviceName: order.ordered,
        link,
        quantity,
        price: amountText(order.charged),
        currency: 'USD',
        status: 'Pending',
        created_at: time(order.placed_at),
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
  const values = [c.get('user'), limit + 1];
  if (cursor !== undefined) values.push(parseInt(cursor.slice(1), 16));
  const { rows } = await pool.query({ ...(cursor === undefined ? FIRST_PAGE : NEXT_PAGE), values });
  const more = rows.length > limit;
  if (more) rows.pop();
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

app.onError((error, c) => {
  const name = { B0001: 'IDEMPOTENCY_KEY_REUSED', B0002: 'SERVICE_NOT_OFFERED', B0003: 'INSUFFICIENT_BALANCE' }[error.code];
  if (name === undefined) console.error(error);
  return failure(c, { B0001: 422, B0002: 409, B0003: 402 }[error.code] ?? 500, name ?? 'INTERNAL', 'It did not work.');
});

app.get('/health', (c) => c.json({ status: 'ok' }));

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(env.PORT ?? 0) }, ({ port }) => {
  console.log(`listens on http://127.0.0.1:${port}`);
});
process.on('SIGINT', () => {
  server.close();
  process.exit(0);
});

// Live updates: who placed an order tells it over Redis, and every process writes it to those who watch there. Written straight
// to the socket, each event put into words once for all who see the same.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Redis } from 'ioredis';

const CHANNEL = 'live';
const CHECK_EVERY = 5_000;
const HEARTBEAT_EVERY = 20_000;
const RETRY = 'retry: 2000\n';
const OPEN = {
  name: 'open sessions',
  text: `SELECT s.token_digest FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_digest = ANY($1) AND s.expires_at > $2 AND NOT u.banned`,
};
// The positions of both rows, and the wallet as it is now.
const WRITTEN = {
  name: 'written',
  text: `SELECT e.id AS event, t.id AS transfer, w.available, w.held FROM order_events e, transfers t, wallets w
         WHERE e.order_id = $1 AND t.order_id = $1 AND w.user_id = $2`,
};

export async function streams(app, pool, { amountText, time, failure }) {
  if (process.env.REDIS_URL === undefined) return { tell: () => {} };
  const [publisher, subscriber] = [new Redis(process.env.REDIS_URL), new Redis(process.env.REDIS_URL)];
  const watching = new Set();

  async function publish({ id, user, offer, quantity, price, at }) {
    const { rows: [row] } = await pool.query({ ...WRITTEN, values: [id, user] });
    const order = {
      id,
      serviceName: offer.name,
      status: 'Pending',
      quantity,
      remains: null,
      startCount: null,
      charge: amountText(price),
      refunded: '0.00',
      currency: 'USD',
      at: time(at),
    };
    const wallet = {
      id: row.transfer,
      kind: 'hold',
      amount: `-${amountText(price)}`,
      orderId: id,
      balance: amountText(row.available),
      held: amountText(row.held),
      currency: 'USD',
      at: time(at),
    };
    const staff = { userId: user, serviceId: offer.id, providerId: offer.provider_id, state: 'held', kind: 'placed', actor: 'customer' };
    const words = (order, wallet) => `${RETRY}id: ${row.event}-0\nevent: order\ndata: ${JSON.stringify(order)}\n\n`
      + `id: ${row.event}-${row.transfer}\nevent: wallet\ndata: ${JSON.stringify(wallet)}\n\n`;
    await publisher.publish(CHANNEL, JSON.stringify({
      user,
      own: words(order, wallet),
      all: words({ ...order, ...staff }, { ...wallet, userId: user }),
    }));
  }

  subscriber.on('message', (_, message) => {
    const { user, own, all } = JSON.parse(message);
    const now = Date.now();
    for (const watcher of watching) {
      if (!watcher.seesAll && watcher.user !== user) continue;
      watcher.outgoing.write(watcher.seesAll ? all : own);
      watcher.writtenAt = now;
    }
  });
  await subscriber.subscribe(CHANNEL);

  setInterval(async () => {
    const digests = [...new Set(Array.from(watching, ({ session }) => session))];
    if (digests.length === 0) return;
    const { rows } = await pool.query({ ...OPEN, values: [digests, Date.now() * 1000] });
    const open = new Set(rows.map((row) => row.token_digest));
    const now = Date.now();
    for (const watcher of watching) {
      if (!open.has(watcher.session)) {
        watcher.outgoing.end('event: closed\ndata: {"reason":"signed_out"}\n\n');
      } else if (now - watcher.writtenAt >= HEARTBEAT_EVERY) {
        watcher.outgoing.write(':\n\n');
        watcher.writtenAt = now;
      }
    }
  }, CHECK_EVERY);

  app.get('/api/v1/dashboard/events', (c) => {
    const seesAll = c.req.query('scope') === 'all';
    if (seesAll && c.get('role') !== 'admin') return failure(c, 403, 'FORBIDDEN', 'That is for staff.');
    const { outgoing } = c.env;
    const watcher = { outgoing, seesAll, user: c.get('user'), session: c.get('session'), writtenAt: Date.now() };
    outgoing.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    outgoing.write(`${RETRY}event: ready\ndata: {"resumed":false}\n\n`);
    watching.add(watcher);
    outgoing.on('close', () => watching.delete(watcher));
    return RESPONSE_ALREADY_SENT;
  });

  return { tell: (order) => void publish(order).catch(console.error) };
}

// The services that can be ordered. As the product does: rendered once for each version of the catalogue, kept as bytes,
// and packed once for whoever takes gzip; the version counts for a quarter of a second, and everybody who has to look at
// the same time shares one look.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const pack = promisify(gzip);
const COUNTS_FOR_MS = 250;
const VERSION = { name: 'version', text: 'SELECT version FROM catalog_feed WHERE id = 1' };
const CATEGORIES = {
  name: 'categories',
  text: `SELECT id, name, position FROM categories WHERE availability = 'active' AND name <> 'Uncategorized'`,
};
const SERVICES = {
  name: 'services',
  text: `SELECT s.id, s.name, s.category_id, s.rate, s.profit, s.fixed_price, s.quantity_min, s.quantity_max, s.dripfeed,
         s.refill, s.cancel, s.description, s.average_time FROM services s JOIN providers p ON p.id = s.provider_id
         WHERE s.availability = 'active' AND p.availability = 'active' AND s.service_type = 'Default'
         AND (s.sell_at_loss OR s.fixed_price IS NULL OR s.fixed_price >= s.rate) ORDER BY s.id`,
};

function rateText(nanos) {
  const units = Math.floor(nanos / 1e9);
  const rest = String(nanos - units * 1e9).padStart(9, '0').replace(/0{1,7}$/, '');
  return `${units}.${rest}`;
}

// An answer to whoever asks is read after they asked, and shared with everybody else who asked before it was begun.
function together(read) {
  let running = null;
  let next = null;
  const begin = () => {
    next = null;
    running = read().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (running === null) return begin();
    next ??= running.then(begin, begin);
    return next;
  };
}

async function render(pool) {
  const [{ rows: categories }, { rows: services }] = await Promise.all([pool.query(CATEGORIES), pool.query(SERVICES)]);
  const place = (category) => category.position ?? Infinity;
  const by = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  categories.sort((a, b) => by(place(a), place(b)) || by(a.name.toLowerCase(), b.name.toLowerCase()) || by(a.id, b.id));
  const lists = new Map(categories.map(({ id, name }) => [id, { id, name, services: [] }]));
  for (const it of services) {
    lists.get(it.category_id)?.services.push({
      id: it.id,
      name: it.name,
      type: 'Default',
      price: rateText(it.fixed_price ?? it.rate + (it.profit ?? 0)),
      min: it.quantity_min,
      max: it.quantity_max,
      dripfeed: it.dripfeed,
      refill: it.refill,
      cancel: it.cancel,
      description: it.description,
      averageTime: it.average_time,
    });
  }
  return Buffer.from(JSON.stringify({
    success: true,
    name: 'SERVICES_FETCHED',
    message: 'Services fetched successfully',
    result: { services: [...lists.values()], currency: 'USD' },
  }));
}

export function services(app, pool) {
  const look = together(async () => {
    const begun = performance.now();
    const { rows: [{ version }] } = await pool.query(VERSION);
    known = { version, until: begun + COUNTS_FOR_MS };
    return version;
  });
  let known = { version: null, until: 0 };
  let kept = { version: null, plain: null, packed: null };
  const list = (version, form) => {
    if (kept.version !== version) kept = { version, plain: render(pool), packed: null };
    if (form === 'packed') kept.packed ??= kept.plain.then(pack);
    return kept[form];
  };

  app.get('/api/v1/services', async (c) => {
    const version = performance.now() < known.until ? known.version : await look();
    const isPacked = c.req.header('accept-encoding')?.includes('gzip') ?? false;
    const etag = isPacked ? `"${version}-gzip"` : `"${version}"`;
    const seen = c.req.header('if-none-match');
    const headers = { etag, 'cache-control': 'no-cache', vary: 'accept-encoding' };
    if (seen === '*' || seen === etag) return new Response(null, { status: 304, headers });
    headers['content-type'] = 'application/json';
    if (isPacked) headers['content-encoding'] = 'gzip';
    return new Response(await list(version, isPacked ? 'packed' : 'plain'), { status: 200, headers });
  });
}

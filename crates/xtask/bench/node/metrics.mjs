// Figures at a glance, of the shop and of a customer. By the same daily sums that the product's workers keep, with what came
// since added, as few statements as it takes; and below `/scanned` by looking at every order.
const DAY = 86_400_000_000;
const DAYS = 30;
const ENDS = `('completed', 'partial', 'canceled', 'voided', 'written_off')`;

// A snapshot, because a worker may move on between two statements. One round trip.
const BEGIN = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
  SELECT generation, transfers, events FROM figure_cursors WHERE is_shown`;

// What no worker has added yet, to $2 and $3.
const lately = (kinds, whose) => `
  SELECT t.kind AS measure, t.created_at AS at, o.service_id, 1 AS counted, t.amount
  FROM transfers t JOIN orders o ON o.id = t.order_id
  WHERE t.id > $2 AND t.id <= $2 + 20000 AND t.kind IN (${kinds}) ${whose}
  UNION ALL
  SELECT e.kind, e.at, o.service_id, 1, 0 FROM order_events e JOIN orders o ON o.id = e.order_id
  WHERE e.id > $3 AND e.id <= $3 + 20000 AND e.kind IN ${ENDS} ${whose}`;
const counted = (measures) => `COALESCE(SUM(counted) FILTER (WHERE measure IN ${measures}), 0)::BIGINT`;
const amount = (measures) => `COALESCE(SUM(amount) FILTER (WHERE measure IN ${measures}), 0)::BIGINT`;
const list = (rows) => `(SELECT COALESCE(json_agg(it), '[]') FROM (${rows}) it)`;

const AROUND = `
  (SELECT COUNT(*) FROM users WHERE removed_at IS NULL) AS users,
  (SELECT COUNT(*) FROM users WHERE removed_at IS NULL AND created_at >= $4) AS users_lately,
  (SELECT COUNT(*) FROM users WHERE removed_at IS NULL AND created_at >= $5 AND created_at < $4) AS users_before,
  (SELECT COUNT(*) FROM services WHERE availability <> 'archived') AS services,
  (SELECT COUNT(*) FROM providers WHERE availability <> 'archived') AS providers,
  ${list(`SELECT id, service_name, state, price, created_at, user_id FROM orders ORDER BY id DESC LIMIT 10`)} AS recent`;
const SHOP = {
  name: 'shop',
  text: `
WITH lately AS MATERIALIZED (${lately(`'hold', 'recognise'`, '')}),
shop AS MATERIALIZED (
  SELECT measure, at, counted, amount FROM figures WHERE generation = $1 AND scope = 'shop_day'
    AND measure IN ('hold', 'recognise', 'completed', 'partial', 'canceled', 'voided', 'written_off')
  UNION ALL SELECT measure, at - at % ${DAY}, counted, amount FROM lately
), ordered AS MATERIALIZED (
  SELECT service_id, ${counted(`('hold')`)} AS orders, ${amount(`('recognise')`)} AS revenue
  FROM (
    SELECT measure, service_id, counted, amount FROM figures WHERE generation = $1 AND scope = 'service_day'
      AND measure IN ('hold', 'recognise') AND at >= $4
    UNION ALL SELECT measure, service_id, counted, amount FROM lately WHERE at >= $4
  ) all_of_them GROUP BY service_id
), top AS (SELECT * FROM ordered WHERE orders > 0 ORDER BY orders DESC, service_id LIMIT 5)
SELECT ever.*,
  ${list(`SELECT at, ${counted(`('hold')`)} AS orders, ${amount(`('recognise')`)} AS revenue FROM shop WHERE at >= $4 GROUP BY at`)} AS days,
  ${list(`SELECT top.*, s.name FROM top JOIN services s ON s.id = top.service_id ORDER BY orders DESC, service_id`)} AS top,
  ${AROUND}
FROM (SELECT ${counted(`('hold')`)} AS orders, ${counted(ENDS)} AS ended, ${amount(`('recognise')`)} AS revenue,
  COALESCE(SUM(counted) FILTER (WHERE measure = 'hold' AND at >= $4), 0)::BIGINT AS orders_lately,
  COALESCE(SUM(counted) FILTER (WHERE measure = 'hold' AND at >= $5 AND at < $4), 0)::BIGINT AS orders_before
  FROM shop) ever`,
};
const OWN = {
  name: 'own',
  text: `
WITH own AS MATERIALIZED (
  SELECT measure, at, counted, amount FROM user_figures WHERE generation = $1 AND user_id = $5
    AND measure IN ('hold', 'post', 'refund', 'void', 'completed', 'partial', 'canceled', 'voided', 'written_off')
  UNION ALL SELECT measure, at - at % ${DAY}, counted, amount
  FROM (${lately(`'hold', 'post', 'refund', 'void'`, 'AND o.user_id = $5')}) lately
)
SELECT ${list('SELECT measure, SUM(counted)::BIGINT AS counted, SUM(amount)::BIGINT AS amount FROM own GROUP BY measure')} AS ever,
  ${list(`SELECT at, ${counted(`('hold')`)} AS orders, ${amount(`('hold')`)} - ${amount(`('refund', 'void')`)} AS spent
    FROM own WHERE at >= $4 GROUP BY at`)} AS days`,
};

const OVER = `('completed', 'partial', 'canceled', 'voided')`;
const SHOP_SCANNED = {
  name: 'shop scanned',
  text: `
SELECT ever.*,
  ${list(`SELECT at, SUM(orders)::BIGINT AS orders, SUM(revenue)::BIGINT AS revenue FROM (
    SELECT created_at - created_at % ${DAY} AS at, COUNT(*) AS orders, 0 AS revenue FROM orders WHERE created_at >= $4 GROUP BY 1
    UNION ALL SELECT ended_at - ended_at % ${DAY}, 0, SUM(recognised) FROM orders WHERE ended_at >= $4 GROUP BY 1
  ) both_of_them GROUP BY at`)} AS days,
  ${list(`SELECT o.service_id, COUNT(*) FILTER (WHERE o.created_at >= $4) AS orders,
      COALESCE(SUM(recognised) FILTER (WHERE o.ended_at >= $4), 0)::BIGINT AS revenue, s.name
    FROM orders o JOIN services s ON s.id = o.service_id WHERE o.created_at >= $4 OR o.ended_at >= $4
    GROUP BY o.service_id, s.name ORDER BY 2 DESC, 1 LIMIT 5`)} AS top,
  ${AROUND}
FROM (SELECT COUNT(*) AS orders, COUNT(*) FILTER (WHERE state IN ${OVER}) AS ended, SUM(recognised)::BIGINT AS revenue,
  COUNT(*) FILTER (WHERE created_at >= $4) AS orders_lately,
  COUNT(*) FILTER (WHERE created_at >= $5 AND created_at < $4) AS orders_before
  FROM orders WHERE $1::BIGINT IS NOT NULL AND $2::BIGINT IS NOT NULL AND $3::BIGINT IS NOT NULL) ever`,
};
const OWN_SCANNED = {
  name: 'own scanned',
  text: `
SELECT ${list(`SELECT measure, SUM(counted)::BIGINT AS counted, SUM(amount)::BIGINT AS amount FROM (
    SELECT kind AS measure, 1 AS counted, amount FROM transfers t JOIN orders o ON o.id = t.order_id WHERE o.user_id = $5
    UNION ALL SELECT e.kind, 1, 0 FROM order_events e JOIN orders o ON o.id = e.order_id
      WHERE o.user_id = $5 AND e.kind IN ${ENDS}
  ) all_of_them GROUP BY measure`)} AS ever,
  ${list(`SELECT t.created_at - t.created_at % ${DAY} AS at, COUNT(*) FILTER (WHERE t.kind = 'hold') AS orders,
      SUM(CASE t.kind WHEN 'hold' THEN t.amount ELSE -t.amount END)::BIGINT AS spent
    FROM transfers t JOIN orders o ON o.id = t.order_id
    WHERE o.user_id = $5 AND t.kind IN ('hold', 'refund', 'void') AND t.created_at >= $4 GROUP BY 1`)} AS days
WHERE $1::BIGINT IS NOT NULL AND $2::BIGINT IS NOT NULL AND $3::BIGINT IS NOT NULL`,
};
const STATUS = {
  held: 'pending', submitting: 'pending', unknown: 'pending', submitted: 'in_progress', in_progress: 'in_progress',
  completed: 'completed', partial: 'partial', canceled: 'cancelled', voided: 'cancelled',
};

// In tenths of a percent, half away from zero.
function growth(now, before) {
  if (before === 0) return now === 0 ? 0 : 100;
  const doubled = (now - before) * 2000;
  return Math.trunc((doubled + before * Math.sign(doubled)) / (before * 2)) / 10;
}

function lastDays() {
  const today = Math.floor(Date.now() * 1000 / DAY) * DAY;
  return { since: today - (DAYS - 1) * DAY, earlier: today - (2 * DAYS - 1) * DAY };
}

// One row for each day, also where nothing happened.
function dayByDay(since, rows, row) {
  const found = new Map(rows.map((it) => [it.at, it]));
  return Array.from({ length: DAYS }, (_, no) => {
    const at = since + no * DAY;
    return { date: new Date(at / 1000).toISOString().slice(0, 10), ...row(found.get(at)) };
  });
}

export function metrics(app, pool, { amountText, time }) {
  async function ofThisMoment(query, values) {
    const client = await pool.connect();
    let failed = true;
    try {
      const [, { rows: [{ generation, transfers, events }] }] = await client.query(BEGIN);
      const { rows: [row] } = await client.query({ ...query, values: [generation, transfers, events, ...values] });
      await client.query('COMMIT');
      failed = false;
      return row;
    } finally {
      client.release(failed);
    }
  }

  const shop = (query) => async (c) => {
    const { since, earlier } = lastDays();
    const it = await ofThisMoment(query, [since, earlier]);
    return c.json({
      success: true,
      name: 'DASHBOARD_METRICS_RETRIEVED',
      message: 'Dashboard metrics retrieved successfully',
      result: {
        overview: {
          totalUsers: it.users,
          totalOrders: it.orders,
          totalServices: it.services,
          totalProviders: it.providers,
          activeOrders: Math.max(it.orders - it.ended, 0),
          totalRevenue: it.revenue / 1e6,
          userGrowth: growth(it.users_lately, it.users_before),
          orderGrowth: growth(it.orders_lately, it.orders_before),
        },
        charts: {
          dailyMetrics: dayByDay(since, it.days, (day) => ({
            orders: day?.orders ?? 0,
            revenue: (day?.revenue ?? 0) / 1e6,
          })),
          topServices: it.top.map((service) => ({
            serviceId: String(service.service_id),
            serviceName: service.name,
            orderCount: service.orders,
            totalRevenue: service.revenue / 1e6,
          })),
        },
        recentActivities: it.recent.map((order) => ({
          id: String(order.id),
          service: order.service_name,
          status: STATUS[order.state],
          charge: amountText(order.price),
          createdAt: time(order.created_at),
          userId: order.user_id,
        })),
      },
    });
  };

  const own = (query) => async (c) => {
    const { since } = lastDays();
    const { ever, days } = await ofThisMoment(query, [since, c.get('user')]);
    const sums = new Map(ever.map((it) => [it.measure, it]));
    const count = (...measures) => measures.reduce((sum, it) => sum + (sums.get(it)?.counted ?? 0), 0);
    const money = (...measures) => measures.reduce((sum, it) => sum + (sums.get(it)?.amount ?? 0), 0);
    const [orders, refunded] = [count('hold'), money('refund', 'void')];
    const ended = count('completed', 'partial', 'canceled', 'voided', 'written_off');
    const active = Math.max(orders - ended, 0);
    const inProgress = Math.max(count('post') - count('completed', 'partial', 'canceled'), 0);
    const signed = (micros) => (micros < 0 ? `-${amountText(-micros)}` : amountText(micros));
    return c.json({
      success: true,
      name: 'METRICS_RETRIEVED',
      message: 'Metrics retrieved successfully',
      result: {
        overview: {
          totalOrders: orders,
          activeOrders: active,
          totalSpent: signed(money('hold') - refunded),
          totalRefunded: amountText(refunded),
        },
        ordersByStatus: {
          pending: Math.max(active - inProgress, 0),
          inProgress,
          completed: count('completed'),
          partial: count('partial'),
          canceled: count('canceled', 'voided', 'written_off'),
        },
        dailyMetrics: dayByDay(since, days, (day) => ({
          orders: day?.orders ?? 0,
          spent: signed(day?.spent ?? 0),
        })),
        currency: 'USD',
      },
    });
  };

  app.get('/api/v1/admin/dashboard-metrics', shop(SHOP));
  app.get('/api/v1/dashboard/metrics', own(OWN));
  app.get('/scanned/api/v1/admin/dashboard-metrics', shop(SHOP_SCANNED));
  app.get('/scanned/api/v1/dashboard/metrics', own(OWN_SCANNED));
}

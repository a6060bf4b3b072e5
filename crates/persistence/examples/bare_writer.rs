//! The ground for placing orders on SQLite: one connection that writes what the product writes for an order, with nothing
//! in front of it. Many orders share a commit, each in a savepoint of its own, because each may fail alone.
//!
//! ```sh
//! cargo run --release --workspace --example bare_writer -- DATABASE SERVICE QUANTITY TOGETHER WARM_UP SECONDS
//! ```
//!
//! `cargo xtask bench` runs it on a copy of a furnished database.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "bare_writer DATABASE SERVICE QUANTITY TOGETHER WARM_UP SECONDS";
const KEY: &str = "
INSERT INTO idempotency_keys (user_id, key, fingerprint, order_id, created_at) VALUES ($1, $2, $3, NULL, $4)
ON CONFLICT (user_id, key) DO NOTHING";
const ORDER: &str = "
INSERT INTO orders (
    user_id, service_id, service_name, provider_id, upstream_service, rate, selling_rate, refill, cancel, link, quantity,
    price, cost, state, hold, refunded, recognised, attempts, due_at, lookups, created_at, updated_at, revision
)
SELECT $1, id, name, provider_id, upstream_id, rate, rate + profit, refill, cancel, $2, $3, $4, $5, 'held', 'pending',
    0, 0, 0, $6, 0, $6, $6, 0
FROM services WHERE id = $7 RETURNING id";
const EVENT: &str = "
INSERT INTO order_events (order_id, kind, actor, actor_user, at, details) VALUES ($1, 'placed', 'customer', $2, $3, $4)";
const BIND: &str = "UPDATE idempotency_keys SET order_id = $1 WHERE user_id = $2 AND key = $3";
const JOB: &str = "
INSERT INTO outbox (topic, subject, due_at, claim, attempts) VALUES ('order.submit', $1, $2, 0, 0)
ON CONFLICT (topic, subject) DO NOTHING";
const TRANSFER: &str = "
INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, order_id, created_at)
VALUES (1, 2, $1, 'hold', $2, $3, $4, $5)";
const HOLD: &str = "
UPDATE wallets SET available = available - $1, held = held + $1, updated_at = $2
WHERE user_id = $3 AND available >= $1 AND status = 'active'";
const NOW: &str = "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)";

struct Writer {
    connection: SqliteConnection,
    customers: Vec<String>,
    service: i64,
    quantity: i64,
    price: i64,
    cost: i64,
    now: i64,
    placed: i64,
}

impl Writer {
    async fn open(file: &str, service: i64, quantity: i64) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::from_str(file)?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let mut connection = options.connect().await?;
        let rich = "SELECT user_id FROM wallets WHERE available > 0";
        let rows = sqlx::query(rich).fetch_all(&mut connection).await?;
        let rates = sqlx::query("SELECT rate, rate + profit FROM services WHERE id = $1").bind(service);
        let rates = rates.fetch_one(&mut connection).await?;
        let amount = |rate: i64| (rate * quantity + 999_999).div_euclid(1_000_000).max(1);
        Ok(Self {
            customers: rows.iter().map(|row| row.get(0)).collect(),
            service,
            quantity,
            price: amount(rates.get(1)),
            cost: amount(rates.get(0)),
            now: sqlx::query(NOW).fetch_one(&mut connection).await?.get(0),
            placed: 0,
            connection,
        })
    }

    /// One commit of so many orders.
    async fn commit(&mut self, together: i64) -> Result<(), Failure> {
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut self.connection)
            .await?;
        for _ in 0..together {
            sqlx::query("SAVEPOINT one").execute(&mut self.connection).await?;
            self.place().await?;
            sqlx::query("RELEASE one").execute(&mut self.connection).await?;
        }
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        Ok(())
    }

    async fn place(&mut self) -> Result<(), Failure> {
        self.placed += 1;
        let (number, now, price) = (self.placed, self.now, self.price);
        let turn = usize::try_from(number)? % self.customers.len();
        let user = self.customers.get(turn).ok_or("nobody has money")?.clone();
        let key = format!("bench-{number:016}");
        let connection = &mut self.connection;
        let claim = sqlx::query(KEY)
            .bind(&user)
            .bind(&key)
            .bind("f".repeat(64))
            .bind(now);
        claim.execute(&mut *connection).await?;
        let order = sqlx::query(ORDER)
            .bind(&user)
            .bind(format!("https://instagram.com/p/{number:016}"))
            .bind(self.quantity)
            .bind(price)
            .bind(self.cost)
            .bind(now)
            .bind(self.service);
        let order: i64 = order.fetch_one(&mut *connection).await?.get(0);
        let details = format!(r#"[["price","{price}"],["quantity","{}"]]"#, self.quantity);
        let event = sqlx::query(EVENT).bind(order).bind(&user).bind(now).bind(details);
        event.execute(&mut *connection).await?;
        sqlx::query(BIND)
            .bind(order)
            .bind(&user)
            .bind(&key)
            .execute(&mut *connection)
            .await?;
        sqlx::query(JOB)
            .bind(order)
            .bind(now)
            .execute(&mut *connection)
            .await?;
        let transfer = sqlx::query(TRANSFER)
            .bind(price)
            .bind(order.to_string())
            .bind(&user);
        transfer.bind(order).bind(now).execute(&mut *connection).await?;
        let held = sqlx::query(HOLD)
            .bind(price)
            .bind(now)
            .bind(&user)
            .execute(&mut *connection)
            .await?;
        if held.rows_affected() == 1 {
            Ok(())
        } else {
            Err("the wallet does not hold the price".into())
        }
    }
}

#[expect(clippy::print_stdout, reason = "the result is its output")]
#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, service, quantity, together, warm_up, seconds] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let together: i64 = together.parse()?;
    let mut writer = Writer::open(file, service.parse()?, quantity.parse()?).await?;
    let warm_up = Duration::from_secs_f64(warm_up.parse()?);
    let began = Instant::now();
    while began.elapsed() < warm_up {
        writer.commit(together).await?;
    }
    let (before, began, seconds) = (
        writer.placed,
        Instant::now(),
        Duration::from_secs_f64(seconds.parse()?),
    );
    while began.elapsed() < seconds {
        writer.commit(together).await?;
    }
    let placed = u32::try_from(writer.placed - before)?;
    let took = began.elapsed().as_secs_f64();
    println!("{{\"orders_per_second\":{:.1}}}", f64::from(placed) / took);
    writer.connection.close().await?;
    Ok(())
}

//! Databases for tests, each of its own, migrated and empty.

mod crowd;
mod earlier;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ports::StoreError;
use sea_orm::ConnectionTrait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

use crate::clock::since_boot;
use crate::connections::Watch;
use crate::database::Database;
use crate::error::{driver_error, store_error};
use crate::pool_sizes::PoolSizes;
use crate::sql;

pub use crowd::{CopySchedule, GroupRow, OrderCopy};

/// Where the tests' PostgreSQL is: an address with the right to create databases.
const SERVER_URL: &str = "TEST_DATABASE_URL";
/// Turns a test that would skip itself for want of a server into a failure.
const REQUIRE_SERVERS: &str = "REQUIRE_SERVERS";
/// Held while the template is looked for and made, so that one process makes it and the others wait.
const TEMPLATE_LOCK: &str = "SELECT pg_advisory_lock(8316569840471241078)";
/// Connections of one test; dozens of tests run at once.
const SIZES: PoolSizes = PoolSizes {
    postgres: 8,
    sqlite_readers: 4,
    wait: Duration::from_secs(10),
    sqlite_idle: Duration::from_secs(5),
};

/// A database that goes away with this value.
pub struct TestDatabase {
    database: Database,
    url: String,
    statements: Arc<Mutex<Option<Vec<String>>>>,
    _place: Place,
}

/// What has to be removed afterwards.
#[derive(Debug)]
enum Place {
    Memory,
    Folder {
        _folder: TempDir,
    },
    Server {
        _created: Box<Created>,
    },
    /// It belongs to somebody else, and stays.
    Elsewhere,
}

impl TestDatabase {
    /// SQLite in memory.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn sqlite_memory() -> Result<Self, StoreError> {
        Self::open("sqlite::memory:".to_owned(), Place::Memory).await
    }

    /// SQLite in a file of a temporary folder.
    ///
    /// # Errors
    /// As [`Database::connect`], and if there is no room for the folder.
    pub async fn sqlite_file() -> Result<Self, StoreError> {
        let folder = tempfile::tempdir().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::open(url, Place::Folder { _folder: folder }).await
    }

    /// A database on the tests' PostgreSQL. `None`, with a line that says so, if there is none.
    ///
    /// # Errors
    /// As [`Database::connect`], and if there is no PostgreSQL although there must be (`REQUIRE_SERVERS=1`).
    pub async fn postgres() -> Result<Option<Self>, StoreError> {
        let Some(server) = server_url()? else {
            return Ok(None);
        };
        let template = template_name().await?;
        let created = Created::on(&server, Some(&template)).await?;
        let url = created.url.clone();
        Self::open(
            url,
            Place::Server {
                _created: Box::new(created),
            },
        )
        .await
        .map(Some)
    }

    /// The database of an installation, for a look at what its processes left there.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn existing(url: &str) -> Result<Self, StoreError> {
        Self::open(url.to_owned(), Place::Elsewhere).await
    }

    async fn open(url: String, place: Place) -> Result<Self, StoreError> {
        let opened = Self::open_as_it_is(url, place).await?;
        opened.database.migrate().await?;
        Ok(opened)
    }

    async fn open_as_it_is(url: String, place: Place) -> Result<Self, StoreError> {
        let database = Database::connect(&url, SIZES).await?;
        let statements = Arc::new(Mutex::new(None::<Vec<String>>));
        let heard = Arc::clone(&statements);
        let watch: Watch = Arc::new(move |statement: &str| {
            if let Some(heard) = &mut *heard.lock().unwrap_or_else(PoisonError::into_inner) {
                heard.push(statement.to_owned());
            }
        });
        let database = database.watched(SIZES, &watch);
        Ok(Self {
            database,
            url,
            statements,
            _place: place,
        })
    }

    /// Its connections.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Its address, for another [`Database`] or another process. A database in memory has none that others could use.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is on PostgreSQL.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        self.database.postgres().is_some()
    }

    /// The statements since the last call, but for those that begin and end transactions. The first call begins to listen.
    pub fn statements(&self) -> Vec<String> {
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        statements.replace(Vec::new()).unwrap_or_default()
    }

    /// Runs SQL behind the back of the repositories: several statements, without parameters.
    ///
    /// # Errors
    /// As the database's.
    pub async fn execute(&self, sql: &str) -> Result<(), StoreError> {
        let asked = Instant::now();
        loop {
            let done = self.database.write().execute_unprepared(sql).await;
            match done.map_err(store_error) {
                // Another process writes to the file.
                Err(StoreError::Contended) if asked.elapsed() < SIZES.wait => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                done => return done.map(|_| ()),
            }
        }
    }

    /// The number that a query answers.
    ///
    /// # Errors
    /// As the database's.
    pub async fn number(&self, sql: &str) -> Result<i64, StoreError> {
        sql::query_number(self.database.write(), sql, [])
            .await
            .map_err(store_error)
    }

    /// The texts in the first column of what a query answers.
    ///
    /// # Errors
    /// As the database's.
    pub async fn texts(&self, sql: &str) -> Result<Vec<String>, StoreError> {
        let rows = sql::query_all(self.database.write(), sql, []).await;
        let texts = rows.and_then(|rows| rows.iter().map(|row| row.try_get_by_index(0)).collect());
        texts.map_err(store_error)
    }
}

/// A database on a server, dropped with this value.
#[derive(Debug)]
struct Created {
    server: PgConnectOptions,
    name: String,
    url: String,
}

impl Created {
    /// A copy of the template, or an empty one.
    async fn on(server_url: &str, template: Option<&str>) -> Result<Self, StoreError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);

        let server = PgConnectOptions::from_str(server_url).map_err(|error| driver_error(&error))?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!(
            "smm_test_{}_{}_{count}",
            std::process::id(),
            since_boot().as_nanos()
        );
        let create = async {
            let mut connection = server.connect().await?;
            let mut statement = format!("CREATE DATABASE {name}");
            if let Some(template) = template {
                connection = ensure_template(connection, &server, template).await?;
                statement = format!("{statement} TEMPLATE {template}");
            }
            run(&mut connection, statement).await?;
            connection.close().await
        };
        create.await.map_err(|error| driver_error(&error))?;
        Ok(Self {
            url: server.clone().database(&name).to_url_lossy().to_string(),
            server,
            name,
        })
    }
}

impl Drop for Created {
    /// On a thread of its own: the test's runtime may be going down.
    fn drop(&mut self) {
        let server = self.server.clone();
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let drop = async move {
                let mut connection = server.connect().await?;
                run(&mut connection, statement).await?;
                connection.close().await
            };
            runtime.is_ok_and(|runtime| runtime.block_on(drop).is_ok())
        });
        // A database that stays behind is a nuisance and no failure of the test.
        drop(dropping.join());
    }
}

/// Makes the template unless it is there: under another name first, so that nobody finds half of it.
async fn ensure_template(
    mut connection: PgConnection,
    server: &PgConnectOptions,
    template: &str,
) -> Result<PgConnection, sqlx::Error> {
    run(&mut connection, TEMPLATE_LOCK.to_owned()).await?;
    let there = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(template)
        .fetch_optional(&mut connection)
        .await?;
    if there.is_none() {
        let unfinished = format!("{template}_unfinished");
        run(
            &mut connection,
            format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"),
        )
        .await?;
        run(&mut connection, format!("CREATE DATABASE {unfinished}")).await?;
        let url = server.clone().database(&unfinished).to_url_lossy().to_string();
        let database = Database::connect(&url, SIZES).await.map_err(as_driver_error)?;
        database.migrate().await.map_err(as_driver_error)?;
        database.close().await;
        run(
            &mut connection,
            format!("ALTER DATABASE {unfinished} RENAME TO {template}"),
        )
        .await?;
    }
    run(&mut connection, "SELECT pg_advisory_unlock_all()".to_owned()).await?;
    Ok(connection)
}

/// Names the template by the schema, as SQLite writes it down: whoever changes a migration gets a new template.
async fn template_name() -> Result<String, StoreError> {
    let sketch = TestDatabase::sqlite_memory().await?;
    let schema = sketch
        .texts("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
        .await?;
    let mut hasher = DefaultHasher::new();
    schema.hash(&mut hasher);
    Ok(format!("smm_template_{:016x}", hasher.finish()))
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    Ok(())
}

fn as_driver_error(error: StoreError) -> sqlx::Error {
    sqlx::Error::Configuration(Box::new(error))
}

/// Where the tests' PostgreSQL is; `None` if there is none and none is required.
fn server_url() -> Result<Option<String>, StoreError> {
    let server = variable(SERVER_URL);
    if server.is_none() {
        if variable(REQUIRE_SERVERS).is_some_and(|required| required == "1") {
            return Err(StoreError::Unavailable(format!(
                "{SERVER_URL} is not set, and {REQUIRE_SERVERS} is"
            )));
        }
        skip();
    }
    Ok(server)
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no settings; where their server is stands in the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(
    clippy::print_stdout,
    reason = "a skipped test must not look like a passed one"
)]
fn skip() {
    println!("skipped: PostgreSQL ({SERVER_URL} is not set)");
}

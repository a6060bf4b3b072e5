//! Connections.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use migration::{Migrator, MigratorTrait};
use ports::StoreError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, SqliteTransactionMode,
    SqlxPostgresConnector, SqlxSqliteConnector, TransactionOptions, Value,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Executor};

use crate::catalog::version::KnownVersion;
#[cfg(feature = "testing")]
use crate::connections::Watch;
use crate::connections::{Caller, Connections, Transaction};
use crate::error::{Failure, driver_error, store_error};
use crate::group::Group;
use crate::migrations::Migrations;
use crate::pool_sizes::PoolSizes;
use crate::shelf::Shelf;
use crate::submission::Lineage;
use crate::tx::Writer;
use crate::{postgres, sql};

/// Customers' data are in there.
const SQLITE_FILE_MODE: u32 = 0o600;
/// How long SQLite waits for another process that writes.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it looks whether that has ended. SQLite itself would look ten times a second, which never meets the short
/// moment between two commits of a process that is busy.
const SQLITE_BUSY_PAUSE: Duration = Duration::from_millis(1);
/// Names the lock under which migrations run: "smm guru".
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(8316569840471241077)";
/// Whoever waits for a whole table makes all that come later wait behind it.
const MIGRATION_PATIENCE: &str = "SET LOCAL lock_timeout = 500";
/// When a migration that had to wait is tried again, and how often: for longer than ten minutes.
const MIGRATION_PAUSE: Duration = Duration::from_secs(2);
const MIGRATION_TRIES: u32 = 300;

/// The connections to one database. Clones share them.
#[derive(Clone)]
pub struct Database {
    write: Connections,
    read: Connections,
    /// On SQLite.
    group: Option<Group>,
    postgres: Option<PgConnectOptions>,
    lineage: Arc<Lineage>,
    catalogue: Arc<KnownVersion>,
}

/// Without the address: it holds the password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.backend().as_str())
    }
}

impl Database {
    /// Connects to `postgres://…`, `sqlite://path` or `sqlite::memory:`. A SQLite file that is not there is created;
    /// its folder must exist. A database in memory is gone with its last `Database`, and has one connection for
    /// everything: it is for tests.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the address cannot be read or nobody answers there. Its text does not hold the
    /// address.
    pub async fn connect(url: &str, sizes: PoolSizes) -> Result<Self, StoreError> {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => Self::connect_postgres(url, sizes).await,
            Some(("sqlite", _)) => Self::connect_sqlite(url, sizes).await,
            _ => Err(StoreError::Unavailable(
                "the database address must begin with postgres: or sqlite:".to_owned(),
            )),
        }
    }

    async fn connect_postgres(url: &str, sizes: PoolSizes) -> Result<Self, StoreError> {
        let lineage = Arc::new(Lineage::default());
        let (options, pool) = postgres::connect(url, sizes, &lineage).await?;
        let shelf = Shelf::of(pool.clone(), Arc::clone(&lineage), sizes.wait);
        let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        let connections = Connections::postgres(orm, shelf);
        Ok(Self {
            write: connections.clone(),
            read: connections,
            group: None,
            postgres: Some(options),
            lineage,
            catalogue: Arc::default(),
        })
    }

    async fn connect_sqlite(url: &str, sizes: PoolSizes) -> Result<Self, StoreError> {
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| driver_error(&error))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(SQLITE_BUSY_TIMEOUT)
            .foreign_keys(true);
        if !in_memory {
            create_private(options.get_filename());
        }
        let writers = SqlitePoolOptions::new().max_connections(1);
        let writers = if in_memory { writers } else { checked(writers) };
        let write = Connections::sqlite(sqlite_pool(writers, sizes.wait, options.clone()).await?);
        let read = if in_memory {
            write.clone()
        } else {
            let readers = SqlitePoolOptions::new().max_connections(sizes.sqlite_readers.max(1));
            let readers = sqlite_pool(readers, sizes.wait, options.pragma("query_only", "on"));
            Connections::sqlite(readers.await?)
        };
        Ok(Self {
            group: Some(Group::start(write.clone(), sizes.wait, sizes.sqlite_idle)),
            write,
            read,
            postgres: None,
            lineage: Arc::default(),
            catalogue: Arc::default(),
        })
    }

    /// Tells `watch` the text of every statement from now on; clones made before do not.
    #[cfg(feature = "testing")]
    pub(crate) fn watched(mut self, sizes: PoolSizes, watch: &Watch) -> Self {
        for connections in [&mut self.write, &mut self.read] {
            connections.watched(watch);
        }
        if self.group.is_some() {
            self.group = Some(Group::start(self.write.clone(), sizes.wait, sizes.sqlite_idle));
        }
        self
    }

    /// Which database it is.
    pub(crate) fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Connections for reading. What another connection has not committed is not seen.
    pub(crate) const fn read(&self) -> &Connections {
        &self.read
    }

    /// Connections for writing; on SQLite past the groups, which only tests may do.
    pub(crate) const fn write(&self) -> &Connections {
        &self.write
    }

    /// How PostgreSQL is reached, for connections with a purpose of their own.
    pub(crate) const fn postgres(&self) -> Option<&PgConnectOptions> {
        self.postgres.as_ref()
    }

    /// Notices that connections lead to another server.
    /// What this process knows of the catalogue's version.
    pub(crate) const fn catalogue(&self) -> &Arc<KnownVersion> {
        &self.catalogue
    }

    pub(crate) fn lineage(&self) -> Arc<Lineage> {
        Arc::clone(&self.lineage)
    }

    /// Begins a transaction that may write; on SQLite as a member of a group.
    pub(crate) async fn begin(&self) -> Result<Writer, StoreError> {
        match &self.group {
            Some(group) => Ok(Writer::Member(group.join().await?)),
            None => Ok(Writer::Alone(begin_on(&self.write, Caller::MayGo).await?)),
        }
    }

    /// Runs one statement that writes, and waits until that is durable; how many rows it wrote.
    pub(crate) async fn execute(&self, statement: &str, values: Vec<Value>) -> Result<u64, Failure> {
        let Some(group) = &self.group else {
            return Ok(sql::execute(&self.write, statement, values).await?);
        };
        let mut member = group.join().await?;
        let rows = sql::execute(member.step()?, statement, values).await?;
        member.commit(None).await?;
        Ok(rows)
    }

    /// The same, with the rows that the statement returns.
    pub(crate) async fn execute_returning(
        &self,
        statement: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, Failure> {
        let Some(group) = &self.group else {
            return Ok(sql::query_all(&self.write, statement, values).await?);
        };
        let mut member = group.join().await?;
        let rows = sql::query_all(member.step()?, statement, values).await?;
        member.commit(None).await?;
        Ok(rows)
    }

    /// Applies the migrations that are not applied yet, all or none. Several processes may call it at once. With nothing to
    /// apply, a database that a later version of the program has migrated is left as it is. A table that another transaction
    /// keeps, such as a backup's, is waited for, without keeping everybody else from it meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] if one fails; then nothing has changed.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        for _ in 1..MIGRATION_TRIES {
            match self.migrate_at_once().await {
                Err(StoreError::Contended) => {}
                outcome => return outcome,
            }
            tracing::warn!("another transaction keeps a table that is to be migrated: this is tried again");
            tokio::time::sleep(MIGRATION_PAUSE).await;
        }
        self.migrate_at_once().await
    }

    async fn migrate_at_once(&self) -> Result<(), StoreError> {
        let tx = begin_on(&self.write, Caller::MayGo).await?;
        if self.backend() == DbBackend::Postgres {
            for statement in [
                "SET LOCAL statement_timeout = 0",
                "SET LOCAL lock_timeout = 0",
                MIGRATION_LOCK,
                MIGRATION_PATIENCE,
            ] {
                tx.execute_unprepared(statement).await.map_err(store_error)?;
            }
        }
        let found = Migrations::of(&*tx).await.map_err(store_error)?;
        if !found.unknown.is_empty() {
            let migrations = found.unknown.join(", ");
            tracing::warn!(
                migrations,
                "the database is newer than this program, which works on it as it is"
            );
        }
        // Applying nothing asks for the right to create tables all the same, which a program at work should not have.
        if !found.pending.is_empty() {
            Migrator::up(&*tx, None).await.map_err(store_error)?;
        }
        tx.commit().await
    }

    /// The migrations that are not applied yet. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer.
    pub async fn pending(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.migrations().await?.pending)
    }

    /// How it and this program differ. Changes nothing.
    pub(crate) async fn migrations(&self) -> Result<Migrations, StoreError> {
        Migrations::of(&self.read).await.map_err(store_error)
    }

    /// Waits until connections are given back, and closes them.
    pub async fn close(&self) {
        for connections in [&self.read, &self.write] {
            connections.close().await;
        }
    }
}

/// Creates the file of a new database so that only its owner can read it; SQLite gives its journals the same mode.
fn create_private(file: &Path) {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(SQLITE_FILE_MODE)
        .open(file);
    // It is there already, or cannot be created, and then SQLite says why in a moment.
    drop(created);
}

/// Begins a transaction that may write. SQLite takes its one write lock at once: a transaction that reads first and
/// then finds that somebody else wrote could not go on.
pub(crate) async fn begin_on(write: &Connections, caller: Caller) -> Result<Transaction, StoreError> {
    let asked = Instant::now();
    loop {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match write.begin(options, caller).await {
            Err(StoreError::Contended) if asked.elapsed() < SQLITE_BUSY_TIMEOUT => {
                tokio::time::sleep(SQLITE_BUSY_PAUSE).await;
            }
            begun => return begun,
        }
    }
}

/// Connections that answer at once when another process writes, so that [`begin_on`] waits, and that are closed instead
/// of used again when they come back with a transaction: SQLite has ended it by itself, and the driver does not know.
fn checked(writers: SqlitePoolOptions) -> SqlitePoolOptions {
    writers
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute("PRAGMA busy_timeout = 0").await?;
                Ok(())
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                // A rollback may still be on its way.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

async fn sqlite_pool(
    pool: SqlitePoolOptions,
    wait: Duration,
    options: SqliteConnectOptions,
) -> Result<DatabaseConnection, StoreError> {
    let pool = pool
        .acquire_timeout(wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| driver_error(&error))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

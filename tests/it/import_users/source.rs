//! The database of the old application, in every form in which it can be read.

use std::sync::atomic::{AtomicUsize, Ordering};

use application::identity::ImportOptions;
use async_trait::async_trait;
use persistence::testing::TestDatabase;
use persistence::{SourceParts, open_users};
use ports::import::{SourceError, SourceUser, UserSource};
use tempfile::TempDir;

use super::Shared;

/// Its tables as its migrations create them, with odd rows.
const FIXTURE: &str = include_str!("old.sql");

/// A database, or a dump of it.
pub struct Old {
    address: String,
    database: Option<TestDatabase>,
    _folder: Option<TempDir>,
}

impl Old {
    pub async fn sqlite() -> Self {
        Self::in_database(TestDatabase::sqlite_file().await.expect("a database")).await
    }

    /// On PostgreSQL if there is one, in a file, and as a dump.
    pub async fn all() -> Vec<Self> {
        let mut all = Vec::new();
        if let Some(database) = TestDatabase::postgres().await.expect("a database") {
            all.push(Self::in_database(database).await);
        }
        let file = Self::sqlite().await;
        let dump = Self::dump(&file).await;
        all.extend([file, dump]);
        all
    }

    /// As a dump.
    pub async fn dumped() -> Self {
        let file = Self::sqlite().await;
        Self::dump(&file).await
    }

    async fn in_database(database: TestDatabase) -> Self {
        let now = if database.is_postgres() {
            "SELECT (now() AT TIME ZONE 'utc')::text"
        } else {
            "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
        };
        let now = database.texts(now).await.expect("the time");
        let fixture = FIXTURE.replace("{now}", &now[0]);
        database.execute(&fixture).await.expect("the old tables");
        Self {
            address: database.url().to_owned(),
            database: Some(database),
            _folder: None,
        }
    }

    async fn dump(of: &Self) -> Self {
        let database = of.database.as_ref().expect("a database");
        let mut dump = serde_json::Map::new();
        for table in ["user", "account", "session", "wallet"] {
            let columns = format!("SELECT name FROM pragma_table_info('{table}')");
            let columns = database.texts(&columns).await.expect("columns");
            let fields: Vec<String> = columns
                .iter()
                .map(|name| match name.as_str() {
                    "balance" => "'balance', printf('%.2f', balance)".to_owned(),
                    _ => format!("'{name}', {name}"),
                })
                .collect();
            let rows = format!("SELECT json_object({}) FROM \"{table}\"", fields.join(", "));
            let rows = database.texts(&rows).await.expect("rows");
            let rows = rows
                .iter()
                .map(|row| serde_json::from_str::<serde_json::Value>(row).expect("a row"));
            dump.insert(table.to_owned(), rows.collect());
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("old.json");
        std::fs::write(&path, serde_json::to_vec(&dump).expect("JSON")).expect("a file");
        Self {
            address: path.display().to_string(),
            database: None,
            _folder: Some(folder),
        }
    }

    /// What `--from` is given.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub async fn open(&self, options: ImportOptions) -> Shared {
        let parts = SourceParts {
            sessions: options.sessions,
            balances: options.balances,
        };
        open_users(&self.address, parts).await.expect("the old users")
    }
}

/// Gives two users at a time, and dies.
pub struct Torn {
    whole: Shared,
    left: AtomicUsize,
}

impl Torn {
    pub const fn after(whole: Shared, pages: usize) -> Self {
        Self {
            whole,
            left: AtomicUsize::new(pages),
        }
    }
}

#[async_trait]
impl UserSource for Torn {
    async fn count(&self) -> Result<u64, SourceError> {
        self.whole.count().await
    }

    async fn page(&self, after: Option<&str>, _: u16) -> Result<Vec<SourceUser>, SourceError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(SourceError("the connection broke".to_owned()));
        }
        self.whole.page(after, 2).await
    }
}

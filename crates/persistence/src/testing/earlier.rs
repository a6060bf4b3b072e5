//! Databases as an earlier release left them, for tests of what migrations do with rows that are there.

use migration::{Migrator, MigratorTrait};
use ports::StoreError;

use super::{Created, Place, TestDatabase, server_url};
use crate::connections::Caller;
use crate::database::begin_on;
use crate::error::store_error;

impl TestDatabase {
    /// SQLite in memory, as it was before this migration; see [`Database::migrate`](crate::Database::migrate) for the rest.
    ///
    /// # Errors
    /// As [`TestDatabase::sqlite_memory`], and if there is no such migration.
    pub async fn sqlite_memory_before(migration: &str) -> Result<Self, StoreError> {
        let opened = Self::open_as_it_is("sqlite::memory:".to_owned(), Place::Memory).await?;
        opened.apply_before(migration).await
    }

    /// The same on the tests' PostgreSQL.
    ///
    /// # Errors
    /// As [`TestDatabase::postgres`], and if there is no such migration.
    pub async fn postgres_before(migration: &str) -> Result<Option<Self>, StoreError> {
        let Some(server) = server_url()? else {
            return Ok(None);
        };
        let created = Created::on(&server, None).await?;
        let url = created.url.clone();
        let place = Place::Server {
            _created: Box::new(created),
        };
        let opened = Self::open_as_it_is(url, place).await?;
        opened.apply_before(migration).await.map(Some)
    }

    async fn apply_before(self, migration: &str) -> Result<Self, StoreError> {
        let all = Migrator::migrations();
        let earlier = all.iter().position(|it| it.name() == migration);
        let steps = earlier.and_then(|steps| u32::try_from(steps).ok());
        let steps =
            steps.ok_or_else(|| StoreError::Unavailable(format!("there is no migration {migration}")))?;
        let tx = begin_on(self.database.write(), Caller::MayGo).await?;
        let applied = Migrator::up(&*tx, Some(steps)).await;
        applied.map_err(store_error)?;
        tx.commit().await?;
        Ok(self)
    }
}

//! Where statements run that are their own transactions, and where transactions begin.

use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;
use ports::StoreError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    Statement, TransactionOptions, TransactionTrait,
};

use crate::error::store_error;
use crate::shelf::{Shelf, Slot, query};

/// Whether somebody may drop the future of a beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A request, for one.
    MayGo,
    /// A task of its own, which saves another one and the way to it.
    Stays,
}

/// Is told the text of every statement; for tests.
pub(crate) type Watch = Arc<dyn Fn(&str) + Send + Sync>;

/// The connections to one database, or to one side of it. Clones share them.
#[derive(Clone)]
pub(crate) struct Connections {
    orm: DatabaseConnection,
    /// On PostgreSQL.
    shelf: Option<Shelf>,
    watch: Option<Watch>,
}

impl Connections {
    /// Connections of SQLite.
    pub(crate) const fn sqlite(orm: DatabaseConnection) -> Self {
        Self {
            orm,
            shelf: None,
            watch: None,
        }
    }

    /// Connections of PostgreSQL, with the shelf of the same pool.
    pub(crate) const fn postgres(orm: DatabaseConnection, shelf: Shelf) -> Self {
        Self {
            orm,
            shelf: Some(shelf),
            watch: None,
        }
    }

    /// Tells `watch` the text of every statement from now on; clones made before do not.
    #[cfg(feature = "testing")]
    pub(crate) fn watched(&mut self, watch: &Watch) {
        let told = Arc::clone(watch);
        self.orm
            .set_metric_callback(move |info| told(&info.statement.sql));
        self.watch = Some(Arc::clone(watch));
    }

    /// Begins a transaction, to the end even if whoever asked for it has gone: sqlx forgets a `BEGIN` whose future was dropped,
    /// and whoever gets the connection next would work in a transaction that nobody commits.
    pub(crate) async fn begin(
        &self,
        options: TransactionOptions,
        caller: Caller,
    ) -> Result<Transaction, StoreError> {
        if caller == Caller::Stays {
            return self.begin_here(options).await.map_err(store_error);
        }
        let connections = self.clone();
        let beginning = tokio::spawn(async move { connections.begin_here(options).await });
        match beginning.await {
            Ok(begun) => begun.map_err(store_error),
            Err(ended) => Err(StoreError::Unavailable(ended.to_string())),
        }
    }

    async fn begin_here(&self, options: TransactionOptions) -> Result<Transaction, DbErr> {
        let Some(shelf) = &self.shelf else {
            let begun = self.orm.begin_with_options(options).await?;
            return Ok(Transaction { begun, slot: None });
        };
        let (slot, awaiting) = shelf.slot_of_pool().await?;
        let begun = self.orm.begin_with_options(options).await?;
        drop(awaiting);
        Ok(Transaction {
            begun,
            slot: Some(slot),
        })
    }

    /// Waits until connections are given back, and closes them.
    pub(crate) async fn close(&self) {
        if let Some(shelf) = &self.shelf {
            shelf.close();
        }
        if let Err(error) = self.orm.close_by_ref().await {
            tracing::warn!(%error, "a database connection did not close");
        }
    }

    fn heard(&self, statement: &str) {
        if let Some(watch) = &self.watch {
            watch(statement);
        }
    }
}

#[async_trait]
impl ConnectionTrait for Connections {
    fn get_database_backend(&self) -> DbBackend {
        self.orm.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let Some(shelf) = &self.shelf else {
            return self.orm.execute_raw(statement).await;
        };
        let mut lent = shelf.take().await?;
        let done = query(&statement).execute(lent.connection()).await;
        self.heard(&statement.sql);
        let done = done.map_err(|error| shelf.failed(error))?;
        shelf.put_back(lent);
        Ok(done.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        // It may be several statements, and may leave something behind, which the pool looks after.
        let _taken = match &self.shelf {
            Some(shelf) => Some(shelf.slot_of_pool().await?),
            None => None,
        };
        self.orm.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let Some(shelf) = &self.shelf else {
            return self.orm.query_one_raw(statement).await;
        };
        let mut lent = shelf.take().await?;
        let row = query(&statement).fetch_optional(lent.connection()).await;
        self.heard(&statement.sql);
        let row = row.map_err(|error| shelf.failed(error))?;
        shelf.put_back(lent);
        Ok(row.map(QueryResult::from))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let Some(shelf) = &self.shelf else {
            return self.orm.query_all_raw(statement).await;
        };
        let mut lent = shelf.take().await?;
        let rows = query(&statement).fetch_all(lent.connection()).await;
        self.heard(&statement.sql);
        let rows = rows.map_err(|error| shelf.failed(error))?;
        shelf.put_back(lent);
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}

/// A transaction and, on PostgreSQL, its place among those who use a connection.
pub(crate) struct Transaction {
    begun: DatabaseTransaction,
    slot: Option<Slot>,
}

impl Transaction {
    /// As the mapper knows it, which knows nothing of its place.
    pub(crate) fn mapped(self) -> DatabaseTransaction {
        self.begun
    }

    /// Makes everything durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let Self { begun, slot } = self;
        let committed = begun.commit().await.map_err(store_error);
        drop(slot);
        committed
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.begun
    }
}

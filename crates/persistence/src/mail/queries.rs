//! Mails for reading.

use async_trait::async_trait;
use domain::mail::MailState;
use domain::{MailId, PageSize, Timestamp};
use ports::StoreError;
use ports::jobs::JobTopic;
use ports::mail::{MailCount, MailQueries, StoredMail};
use sea_orm::Value;

use super::{COLUMNS, SEALED, sealed, stored};
use crate::decode::{number, word};
use crate::error::Failure;
use crate::queries::SeaQueries;
use crate::sql;

/// Each state is counted by itself, so that the many that ended well are not read.
const TROUBLED: &str = "SELECT state, COUNT(*) FROM mails WHERE state IN ('waiting', 'refused', 'given_up')
    GROUP BY state ORDER BY state";
const FORGOTTEN: &str = "SELECT id FROM mails WHERE state = 'waiting' AND updated_at < $1 AND NOT EXISTS (
    SELECT 1 FROM outbox WHERE topic = $2 AND subject = mails.id AND given_up_at IS NULL) ORDER BY id LIMIT $3";

#[async_trait]
impl MailQueries for SeaQueries {
    async fn mail(&self, id: MailId) -> Result<Option<StoredMail>, StoreError> {
        Ok(mail(self, id).await?)
    }

    async fn mails(
        &self,
        state: Option<MailState>,
        before: Option<MailId>,
        size: PageSize,
    ) -> Result<Vec<StoredMail>, StoreError> {
        Ok(mails(self, state, before, size).await?)
    }

    async fn troubled(&self) -> Result<Vec<MailCount>, StoreError> {
        Ok(troubled(self).await?)
    }

    async fn forgotten(&self, before: Timestamp, limit: u16) -> Result<Vec<MailId>, StoreError> {
        Ok(forgotten(self, before, limit).await?)
    }
}

async fn mail(queries: &SeaQueries, id: MailId) -> Result<Option<StoredMail>, Failure> {
    let statement = format!("SELECT {COLUMNS}, {SEALED} FROM mails WHERE id = $1");
    let Some(row) = sql::query_one(queries.conn(), &statement, [id.0.into()]).await? else {
        return Ok(None);
    };
    Ok(Some(StoredMail {
        sealed: sealed(&row)?,
        ..stored(&row)?
    }))
}

async fn mails(
    queries: &SeaQueries,
    state: Option<MailState>,
    before: Option<MailId>,
    size: PageSize,
) -> Result<Vec<StoredMail>, Failure> {
    let mut values: Vec<Value> = vec![
        before.map_or(i64::MAX, |id| id.0).into(),
        i64::from(size.rows()).into(),
    ];
    let of_state = if let Some(state) = state {
        values.push(state.as_str().into());
        "AND state = $3"
    } else {
        ""
    };
    let statement = format!("SELECT {COLUMNS} FROM mails WHERE id < $1 {of_state} ORDER BY id DESC LIMIT $2");
    let rows = sql::query_all(queries.conn(), &statement, values).await?;
    rows.iter().map(stored).collect()
}

async fn troubled(queries: &SeaQueries) -> Result<Vec<MailCount>, Failure> {
    let rows = sql::query_all(queries.conn(), TROUBLED, []).await?;
    let counts = rows.iter().map(|row| {
        let state: String = row.try_get_by_index(0)?;
        let mails: i64 = row.try_get_by_index(1)?;
        Ok(MailCount {
            state: word("mails.state", &state, MailState::from_stored)?,
            mails: number("count of mails", mails)?,
        })
    });
    counts.collect()
}

async fn forgotten(queries: &SeaQueries, before: Timestamp, limit: u16) -> Result<Vec<MailId>, Failure> {
    let values: [Value; 3] = [
        before.micros().into(),
        JobTopic::DeliverMail.as_str().into(),
        i64::from(limit).into(),
    ];
    let rows = sql::query_all(queries.conn(), FORGOTTEN, values).await?;
    let ids = rows.iter().map(|row| Ok(MailId(row.try_get_by_index(0)?)));
    ids.collect()
}

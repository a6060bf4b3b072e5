//! What became of mails.

use actix_web::web::Query;
use actix_web::{HttpResponse, get, web};
use domain::identity::right::MailsRead;
use domain::mail::MailState;
use domain::{MailId, PageSize};
use ports::mail::StoredMail;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{Page, StaffMember, field_error};
use crate::state::ApiState;
use crate::wire::WireTime;

/// Which mails.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MailFilter {
    /// `waiting`, `delivered`, `refused`, `given_up` or `dropped`; all of them unless it is given.
    state: Option<String>,
}

/// A mail. What it says is not shown: its link may be good for signing in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailBody {
    id: i64,
    #[schema(example = "reset_password")]
    kind: &'static str,
    #[schema(example = "alice@example.com")]
    to: String,
    user_id: Option<String>,
    /// `waiting`; `delivered`: a mail server took it; `refused`: a mail server never will; `given_up`: nobody took it
    /// while it was of use; `dropped`: there was nobody to send it to.
    #[schema(example = "delivered")]
    state: &'static str,
    attempts: u32,
    /// What the last attempt failed with.
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
}

/// A page of mails.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailPage {
    mails: Vec<MailBody>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Lists mails, newest first
#[utoipa::path(
    tag = "Mails",
    security(("session" = ["mails.read"])),
    responses(
        (status = 200, description = "A page of mails", body = Envelope<MailPage>),
        (status = 400, description = "`VALIDATION_ERROR` or `INVALID_CURSOR`"),
    )
)]
#[get("/mails")]
pub async fn list_mails(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<MailsRead>,
    Query(filter): Query<MailFilter>,
    Query(page): Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let wanted = match filter.state.as_deref() {
        None | Some("") => None,
        Some(word) => {
            let known = MailState::from_stored(word);
            Some(known.ok_or_else(|| field_error("state", "is not a state of mails"))?)
        }
    };
    let size = page.size(PageSize::DEFAULT)?;
    let before = page.before(List::Mails)?.map(MailId);
    let mails = state.mails.list(&staff, wanted, before, size).await?;
    let is_full = mails.len() == usize::from(size.rows());
    let last = mails.last().filter(|_| is_full);
    let body = MailPage {
        next_cursor: last.map(|mail| encode(List::Mails, mail.id.0)),
        mails: mails.into_iter().map(body).collect(),
    };
    Ok(Said("MAILS_FETCHED", "Mails fetched successfully").ok(body))
}

fn body(mail: StoredMail) -> MailBody {
    MailBody {
        id: mail.id.0,
        kind: mail.kind.as_str(),
        to: mail.to.to_string(),
        user_id: mail.user.map(|user| user.to_string()),
        state: mail.state.as_str(),
        attempts: mail.attempts,
        reason: mail.reason,
        created_at: WireTime(mail.created_at),
        updated_at: WireTime(mail.updated_at),
    }
}

//! Customers' wallets as staff see them.

use actix_web::{HttpResponse, get, web};
use domain::currency::Display;
use domain::identity::right::WalletsRead;
use domain::{PageSize, UserId};
use ports::wallets::EntryCursor;

use crate::codes::Code;
use crate::cursor::List;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::export::{self, Export};
use crate::extract::{Page, StaffMember};
use crate::state::ApiState;
use crate::v1::dashboard::{Balance, COLUMNS, Entries, EntriesQuery, balance, entries, rows};

/// Shows a customer's wallet
#[utoipa::path(
    tag = "Users",
    security(("session" = ["wallets.read"])),
    params(("id" = String, Path, description = "The customer")),
    responses(
        (status = 200, description = "The wallet", body = Envelope<Balance>),
        (status = 404, description = "`WALLET_NOT_FOUND`"),
    )
)]
#[get("/users/{id}/wallet")]
pub async fn show_wallet(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<WalletsRead>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let wallet = state
        .wallets
        .browse
        .of(&staff, &UserId::new(id.into_inner()))
        .await?;
    let wallet = wallet.ok_or(Code::WalletNotFound)?;
    Ok(Said("USER_BALANCE", "User balance fetched successfully").ok(balance(&wallet, &Display::ledger())))
}

/// Lists what moved a customer's balance, newest first
#[utoipa::path(
    tag = "Users",
    security(("session" = ["wallets.read"])),
    params(("id" = String, Path, description = "The customer"), EntriesQuery, Page),
    responses((status = 200, description = "A page of entries", body = Envelope<Entries>))
)]
#[get("/users/{id}/wallet/transactions")]
pub async fn list_transactions(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<WalletsRead>,
    id: web::Path<String>,
    query: web::Query<EntriesQuery>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let (user, filter) = (UserId::new(id.into_inner()), query.into_inner().into_filter()?);
    let (before, size) = (page.before(List::Entries)?, page.size(PageSize::DEFAULT)?);
    let from = before.map(EntryCursor::below);
    let page = state
        .wallets
        .browse
        .entries_of(&staff, &user, &filter, from, size)
        .await?;
    let body = entries(
        page.entries,
        page.next.map(|next| next.before),
        &Display::ledger(),
    );
    Ok(Said("TRANSACTIONS_FETCHED", "Transactions fetched successfully").ok(body))
}

/// Exports what moved a customer's balance as CSV, newest first
#[utoipa::path(
    tag = "Users",
    security(("session" = ["wallets.read"])),
    params(("id" = String, Path, description = "The customer"), EntriesQuery),
    responses((status = 200, description = "Every entry", body = String, content_type = "text/csv"))
)]
#[get("/users/{id}/wallet/transactions.csv")]
pub async fn export_transactions(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<WalletsRead>,
    id: web::Path<String>,
    query: web::Query<EntriesQuery>,
) -> Result<HttpResponse, ApiError> {
    let (user, filter) = (UserId::new(id.into_inner()), query.into_inner().into_filter()?);
    let browse = state.wallets.browse.clone();
    let pages = move |from| {
        let (browse, staff, user, filter) = (browse.clone(), staff.clone(), user.clone(), filter.clone());
        async move {
            let page = browse
                .entries_of(&staff, &user, &filter, from, export::AT_ONCE)
                .await?;
            Ok((rows(&page.entries), page.next))
        }
    };
    Ok(Export::new("transactions.csv", COLUMNS, pages).respond())
}

//! Whether the process is alive.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "pass")]
    status: &'static str,
}

/// Says that the process is alive
#[utoipa::path(tag = "System", responses((status = 200, description = "It is", body = Health)))]
#[get("/health")]
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "pass" })
}

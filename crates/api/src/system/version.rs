//! What runs here.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// Name and version.
#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    #[schema(example = "1.0.0")]
    version: &'static str,
    #[schema(example = "SMM Guru Backend")]
    api: &'static str,
}

/// Says which version runs
#[utoipa::path(tag = "System", responses((status = 200, description = "The version", body = Version)))]
#[get("/api/version")]
pub async fn version() -> HttpResponse {
    HttpResponse::Ok().json(Version {
        version: env!("CARGO_PKG_VERSION"),
        // As the old backend named itself.
        api: "SMM Guru Backend",
    })
}

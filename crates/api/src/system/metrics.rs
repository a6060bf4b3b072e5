//! Metrics.

use actix_web::{HttpResponse, get, web};

use crate::state::ApiState;

/// The Prometheus text format.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Shows metrics in the Prometheus text format
#[utoipa::path(
    tag = "System",
    responses((status = 200, description = "Metrics", body = String, content_type = "text/plain"))
)]
#[get("/metrics")]
pub async fn metrics(state: web::Data<ApiState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(PROMETHEUS)
        .body((state.metrics)())
}

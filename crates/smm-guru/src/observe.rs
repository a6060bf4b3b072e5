//! Metrics: the page, and the gauges that are read from the database.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use api::MetricsPage;
use application::providers::Panels;
use domain::mail::MailState;
use domain::{Money, ProviderId};
use metrics::{gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use ports::StoreError;
use ports::gateway::STATUS_BATCH_MAX;
use ports::jobs::Stop;
use ports::limits::{Admission, Limit};
use ports::orders::PollMeter;

use crate::Adapters;

/// How often the gauges are read, at most.
const GAUGES_EVERY: Duration = Duration::from_secs(15);
/// Reading takes no more than one part in so many of the time: with a million open orders, counting them takes a while.
const GAUGES_SHARE: u32 = 20;
/// How often the books are checked, over all nodes together.
const LEDGER_EVERY: Duration = Duration::from_secs(60);

/// A gauge that nobody has set for so long is not shown any more, rather than as it once was: another node checks the
/// books now, the database is gone, a provider was archived.
const STALE_AFTER: Duration = Duration::from_secs(180);

/// One recorder serves every system in a process.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Records metrics from now on. `None` if the program that embeds us does that in its own way.
pub fn record() -> Option<&'static PrometheusHandle> {
    let handle = RECORDER.get_or_init(|| match exporter(STALE_AFTER).install_recorder() {
        Ok(handle) => Some(handle),
        Err(error) => {
            tracing::warn!(%error, "metrics are recorded by somebody else");
            None
        }
    });
    handle.as_ref()
}

fn exporter(stale_after: Duration) -> PrometheusBuilder {
    PrometheusBuilder::new().idle_timeout(MetricKindMask::GAUGE, Some(stale_after))
}

/// The page that a monitoring system reads. Empty if metrics are recorded by somebody else.
pub fn metrics_page() -> MetricsPage {
    let handle = record();
    Arc::new(move || handle.map(PrometheusHandle::render).unwrap_or_default())
}

/// How full the requests about orders are, and how late.
pub struct PollMetrics;

impl PollMeter for PollMetrics {
    fn asked(&self, provider: ProviderId, late: &[Duration]) {
        let provider = provider.to_string();
        let orders = lossy(u64::try_from(late.len()).unwrap_or(u64::MAX));
        histogram!("poll_batch_fill", "provider" => provider.clone())
            .record(orders / f64::from(STATUS_BATCH_MAX));
        let latest = late.iter().max().copied().unwrap_or_default();
        histogram!("poll_lag_seconds", "provider" => provider).record(latest.as_secs_f64());
    }

    fn asked_alone(&self, provider: ProviderId) {
        metrics::counter!("poll_alone_total", "provider" => provider.to_string()).increment(1);
    }
}

/// Reads the gauges until `stop` is cancelled.
pub async fn run_gauges(ports: Adapters, panels: Arc<Panels>, stop: Stop) {
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let started = Instant::now();
        if let Some(handle) = record() {
            // Rendering makes room, and notices which gauges were not set again; nobody else may ask for the page.
            drop(handle.render());
        }
        if let Err(error) = read_gauges(&ports, &panels).await {
            tracing::warn!(%error, "gauges could not be read");
        }
        pause = started
            .elapsed()
            .saturating_mul(GAUGES_SHARE)
            .clamp(GAUGES_EVERY, STALE_AFTER / 2);
        if let Err(error) = check_books(&ports).await {
            tracing::warn!(%error, "the books could not be checked");
        }
    }
}

async fn read_gauges(ports: &Adapters, panels: &Panels) -> Result<(), StoreError> {
    let now = ports.clock.now();
    for state in domain::orders::OrderState::ALL
        .iter()
        .filter(|state| !state.is_terminal())
    {
        gauge!("orders_open", "state" => state.as_str()).set(0.0);
        gauge!("orders_oldest_seconds", "state" => state.as_str()).set(0.0);
        gauge!("orders_open_price_micros", "state" => state.as_str()).set(0.0);
    }
    for count in ports.orders.open_counts().await? {
        let state = count.state.as_str();
        gauge!("orders_open", "state" => state).set(lossy(count.orders));
        gauge!("orders_oldest_seconds", "state" => state).set(now.since(count.oldest_change).as_secs_f64());
        gauge!("orders_open_price_micros", "state" => state).set(micros(count.price));
    }
    let paused = ports.submission.submission().await?.pause.is_some();
    gauge!("submission_paused").set(if paused { 1.0 } else { 0.0 });
    gauge!("orders_in_review").set(lossy(ports.orders.in_review_count().await?));
    let backlog = ports.outbox.backlog(now).await?;
    gauge!("outbox_waiting").set(lossy(backlog.waiting));
    gauge!("outbox_given_up").set(lossy(backlog.given_up));
    for state in [MailState::Waiting, MailState::Refused, MailState::GivenUp] {
        gauge!("mails", "state" => state.as_str()).set(0.0);
    }
    for count in ports.mails.troubled().await? {
        gauge!("mails", "state" => count.state.as_str()).set(lossy(count.mails));
    }
    let oldest = backlog.oldest_due.map_or(Duration::ZERO, |due| now.since(due));
    gauge!("outbox_oldest_due_seconds").set(oldest.as_secs_f64());
    gauge!("circuits_not_closed").set(lossy(
        u64::try_from(panels.open_circuits().len()).unwrap_or(u64::MAX),
    ));
    read_exposure(ports).await
}

/// What may be lost at each provider, and from where on nothing more is submitted there.
async fn read_exposure(ports: &Adapters) -> Result<(), StoreError> {
    for provider in ports.providers.list().await? {
        let exposure = ports.orders.unknown_exposure(provider.id).await?;
        let label = provider.id.to_string();
        gauge!("provider_exposure_micros", "provider" => label.clone()).set(micros(exposure));
        gauge!("provider_exposure_cap_micros", "provider" => label)
            .set(micros(provider.settings.exposure_cap));
    }
    Ok(())
}

/// Whichever node comes first checks for all. The others show nothing, or soon nothing any more.
async fn check_books(ports: &Adapters) -> Result<(), StoreError> {
    let limit = Limit {
        count: 1,
        period: LEDGER_EVERY,
        burst: 1,
    };
    if matches!(
        ports.limiter.take("schedule:ledger", limit).await,
        Admission::Denied { .. }
    ) {
        return Ok(());
    }
    for invariant in ports.ledger.watch().await? {
        gauge!("ledger_violations", "invariant" => invariant.id)
            .set(lossy(invariant.violations.unsigned_abs()));
        if invariant.violations != 0 {
            tracing::error!(
                invariant = invariant.id,
                rule = invariant.rule,
                violations = invariant.violations,
                "the books are wrong"
            );
        }
    }
    Ok(())
}

/// An amount that is not negative.
const fn micros(amount: Money) -> f64 {
    lossy(amount.micros().unsigned_abs())
}

/// Metrics are floating point; a count that is too large for exactness is large enough.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "there is no lossless conversion to f64"
)]
const fn lossy(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_that_nobody_sets_any_more_is_not_shown_as_it_once_was() {
        let stale_after = Duration::from_millis(50);
        let recorder = exporter(stale_after).build_recorder();
        metrics::with_local_recorder(&recorder, || {
            metrics::counter!("asked_total").increment(1);
            gauge!("left_alone").set(7.0);
            gauge!("set_again").set(7.0);
            let page = recorder.handle().render();
            assert!(
                page.contains("left_alone 7") && page.contains("set_again 7"),
                "{page}"
            );

            std::thread::sleep(stale_after * 2);
            gauge!("set_again").set(7.0);
            let page = recorder.handle().render();
            assert!(!page.contains("left_alone"), "{page}");
            assert!(
                page.contains("set_again 7") && page.contains("asked_total 1"),
                "{page}"
            );

            gauge!("left_alone").set(8.0);
            assert!(recorder.handle().render().contains("left_alone 8"));
        });
    }
}

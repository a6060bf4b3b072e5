//! Providers that know what became of an order from its id, and may lie.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::providers::{AddAnswer, UpstreamCount, UpstreamOrder};
use domain::{ProviderId, ProviderOrderId, Timestamp};
use ports::Clock;
use ports::gateway::{
    ListedOrder, PanelBalance, PanelCatalogue, PanelError, PanelGateway, PanelOrder, PanelTarget,
    StatusAnswer,
};

/// How they answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// What they were asked, and the truth.
    Polite,
    /// Of every hundred orders one is missing from the answer and one gets an error; orders nobody asked about are in it,
    /// of this provider and of others, all of them delivered.
    Confused,
}

/// The providers.
pub struct CrowdPanel {
    clock: Arc<dyn Clock>,
    manners: Manners,
    dead: std::sync::Mutex<Option<(ProviderId, Duration)>>,
    asked: AtomicU64,
}

impl CrowdPanel {
    /// Providers that live by this clock.
    #[must_use]
    pub const fn new(clock: Arc<dyn Clock>, manners: Manners) -> Self {
        Self {
            clock,
            manners,
            dead: std::sync::Mutex::new(None),
            asked: AtomicU64::new(0),
        }
    }

    /// From now on nothing listens at this provider.
    pub fn kill(&self, provider: ProviderId) {
        self.kill_slowly(provider, Duration::ZERO);
    }

    /// From now on this provider lets every request hang until it is given up after so long.
    ///
    /// # Panics
    /// If another thread panicked here.
    pub fn kill_slowly(&self, provider: ProviderId, hangs: Duration) {
        *self.dead.lock().expect("nobody panics here") = Some((provider, hangs));
    }

    fn hangs(&self, provider: ProviderId) -> Option<Duration> {
        let dead = *self.dead.lock().expect("nobody panics here");
        dead.filter(|(dead, _)| *dead == provider).map(|(_, hangs)| hangs)
    }

    fn status(&self, id: &ProviderOrderId) -> StatusAnswer {
        let end = id.as_str().split('-').next().and_then(|end| end.parse().ok());
        let ended = Timestamp::from_micros(end.unwrap_or_default()) <= self.clock.now();
        says(if ended { "Completed" } else { "In progress" })
    }

    fn confuse(&self, answers: &mut HashMap<ProviderOrderId, StatusAnswer>, ids: &[ProviderOrderId]) {
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        let at = |offset: u64| {
            let len = u64::try_from(ids.len()).unwrap_or(1).max(1);
            ids.get(usize::try_from((nth * 7 + offset) % len).unwrap_or_default())
        };
        if ids.len() > 10
            && let (Some(missing), Some(refused)) = (at(0), at(5))
        {
            answers.remove(missing);
            let error = "Request failed, try again later".to_owned();
            answers.insert(refused.clone(), StatusAnswer::Refused(error));
        }
        answers.insert(ProviderOrderId::new("1"), says("Completed"));
        for id in ids.iter().take(3) {
            // The next order, which is another provider's.
            let Some((rest, n)) = id.as_str().rsplit_once('-') else {
                continue;
            };
            let n: u64 = n.parse().unwrap_or_default();
            let foreign = ProviderOrderId::new(format!("{rest}-{}", n + 1));
            answers.insert(foreign, says("Completed"));
        }
    }
}

fn says(status: &str) -> StatusAnswer {
    StatusAnswer::Reported(UpstreamOrder {
        status: status.to_owned(),
        start_count: UpstreamCount::Absent,
        remains: UpstreamCount::Absent,
        charge: None,
    })
}

#[async_trait]
impl PanelGateway for CrowdPanel {
    async fn statuses(
        &self,
        target: &PanelTarget,
        ids: &[ProviderOrderId],
    ) -> Result<HashMap<ProviderOrderId, StatusAnswer>, PanelError> {
        match self.hangs(target.provider) {
            None => {}
            Some(Duration::ZERO) => return Err(PanelError::Unreachable("connection refused".to_owned())),
            Some(hangs) => {
                tokio::time::sleep(hangs).await;
                return Err(PanelError::Broken("no answer in time".to_owned()));
            }
        }
        let mut answers: HashMap<_, _> = ids.iter().map(|id| (id.clone(), self.status(id))).collect();
        if self.manners == Manners::Confused {
            self.confuse(&mut answers, ids);
        }
        Ok(answers)
    }

    async fn add(&self, _: &PanelTarget, _: &PanelOrder) -> AddAnswer {
        panic!("nobody orders here")
    }

    async fn recent_orders(
        &self,
        _: &PanelTarget,
        _: Option<String>,
    ) -> Result<Vec<ListedOrder>, PanelError> {
        panic!("nobody asks for orders here")
    }

    async fn cancel(&self, _: &PanelTarget, _: &ProviderOrderId) -> Result<(), PanelError> {
        panic!("nobody cancels here")
    }

    async fn refill(&self, _: &PanelTarget, _: &ProviderOrderId) -> Result<String, PanelError> {
        panic!("nobody refills here")
    }

    async fn refill_status(&self, _: &PanelTarget, _: &str) -> Result<String, PanelError> {
        panic!("nobody refills here")
    }

    async fn services(&self, _: &PanelTarget) -> Result<PanelCatalogue, PanelError> {
        panic!("nobody asks for services here")
    }

    async fn balance(&self, _: &PanelTarget) -> Result<PanelBalance, PanelError> {
        panic!("nobody asks for the balance here")
    }

    fn check_address(&self, _: &str) -> Result<(), PanelError> {
        Ok(())
    }
}

//! Asking a provider about the orders it works on, in batches, and settling what it reports.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::orders::{
    Change, Observation, Order, OrderPolicy, PollPace, next_poll, observe, observe_refusal,
};
use domain::providers::{CallResult, Provider, is_about_order};
use domain::{OrderId, ProviderId, ProviderOrderId, Timestamp};
use ports::gateway::{PanelError, PanelGateway, PanelTarget, STATUS_BATCH_MAX, StatusAnswer};
use ports::{Clock, Store, StoreError};

use super::reconcile::call_result;
use super::record::amend;
use crate::jobs::Verdict;
use crate::providers::{Admitted, CallClass, Panels, PanelsError};
use crate::retry::retry_contended;

/// For so long nobody else asks about orders that were taken: longer than a request and its recording take. A worker
/// that dies meanwhile delays them by no more than this.
const BUSY_FOR: Duration = Duration::from_secs(40);
/// A job asks for no further batch after this time, so that it ends before its lease does.
const ASK_FOR: Duration = Duration::from_secs(15);

/// The use case.
pub struct TrackOrders {
    store: Arc<dyn Store>,
    gateway: Arc<dyn PanelGateway>,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
    policy: OrderPolicy,
}

type Answers = HashMap<ProviderOrderId, StatusAnswer>;

impl TrackOrders {
    /// The use case over its ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        gateway: Arc<dyn PanelGateway>,
        panels: Arc<Panels>,
        clock: Arc<dyn Clock>,
        policy: OrderPolicy,
    ) -> Self {
        Self {
            store,
            gateway,
            panels,
            clock,
            policy,
        }
    }

    /// Asks about the provider's due orders, batch after batch, until none is due.
    ///
    /// # Errors
    /// [`PanelsError`] if the database or the provider's key is not to be had.
    pub async fn poll(&self, provider: ProviderId) -> Result<Verdict, PanelsError> {
        let (provider, target) = self.panels.target(provider).await?;
        let started = self.clock.monotonic();
        while self.clock.monotonic().saturating_sub(started) < ASK_FOR {
            let admitted = match self.panels.admit(&provider, CallClass::Read).await {
                Ok(admitted) => admitted,
                Err(pause) => return Ok(Verdict::Later(pause)),
            };
            let taken = retry_contended(|| self.take_due(provider.id)).await?;
            if taken.is_empty() {
                self.panels.forgo(provider.id, CallClass::Read, admitted);
                return Ok(Verdict::Done);
            }
            self.poll_batch(&provider, &target, &taken, admitted).await?;
        }
        Ok(Verdict::Later(Duration::ZERO))
    }

    async fn take_due(&self, provider: ProviderId) -> Result<Vec<Order>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let taken = tx
            .orders()
            .take_due_polls(provider, now, now.plus(BUSY_FOR), STATUS_BATCH_MAX)
            .await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// On a failed request the orders stay taken for a while, which paces the next try.
    async fn poll_batch(
        &self,
        provider: &Provider,
        target: &PanelTarget,
        taken: &[Order],
        admitted: Admitted,
    ) -> Result<(), StoreError> {
        let ids: Vec<ProviderOrderId> = taken
            .iter()
            .filter_map(|order| order.provider_order_id.clone())
            .collect();
        let requested_at = self.clock.now();
        let answers = about_the_one(self.gateway.statuses(target, &ids).await, &ids);
        let half_open = admitted.half_open();
        drop(admitted);
        match answers {
            Ok(answers) => {
                self.panels
                    .tell(provider.id, CallClass::Read, CallResult::Answered);
                self.apply(taken, &answers, requested_at, half_open).await
            }
            Err(error) => {
                tracing::warn!(provider_id = provider.id.0, orders = ids.len(), %error, "a status request failed");
                self.panels
                    .tell(provider.id, CallClass::Read, call_result(&error));
                Ok(())
            }
        }
    }

    /// What is new is recorded order by order, so that one that cannot be recorded does not stop the rest; what is not
    /// new only moves to its next time, all of it in one statement.
    async fn apply(
        &self,
        taken: &[Order],
        answers: &Answers,
        requested_at: Timestamp,
        half_open: bool,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut unchanged = Vec::new();
        for order in taken {
            let news = News {
                answer: order.provider_order_id.as_ref().and_then(|id| answers.get(id)),
                requested_at,
                half_open,
            };
            if news.change(order, &self.policy, now).is_none() {
                let pace = PollPace {
                    finishes_in: None,
                    half_open,
                };
                unchanged.push((order.id, next_poll(order, pace, &self.policy, now)));
            } else if let Err(error) = self.record(order.id, &news, now).await {
                tracing::error!(order_id = order.id.0, %error, "a status report could not be recorded");
            }
        }
        retry_contended(|| self.reschedule(&unchanged, requested_at)).await
    }

    async fn record(&self, id: OrderId, news: &News<'_>, now: Timestamp) -> Result<(), StoreError> {
        let decide = |order: &Order, _: Option<&_>| Ok(news.change(order, &self.policy, now));
        amend::<Infallible, _>(&*self.store, id, decide).await.map(|_| ())
    }

    async fn reschedule(
        &self,
        polls: &[(OrderId, Timestamp)],
        asked_at: Timestamp,
    ) -> Result<(), StoreError> {
        if polls.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        tx.orders().reschedule_polls(polls, asked_at).await?;
        tx.commit().await
    }
}

/// Asked about one order, a panel answers an error about it for the whole request.
fn about_the_one(
    answers: Result<Answers, PanelError>,
    ids: &[ProviderOrderId],
) -> Result<Answers, PanelError> {
    match (answers, ids) {
        (Err(PanelError::Refused(text)), [only]) if is_about_order(&text) => {
            Ok(HashMap::from([(only.clone(), StatusAnswer::Refused(text))]))
        }
        (answers, _) => answers,
    }
}

/// What a batch said about one order. An order that is missing from the answer got no answer.
struct News<'a> {
    answer: Option<&'a StatusAnswer>,
    requested_at: Timestamp,
    half_open: bool,
}

impl News<'_> {
    fn change(&self, order: &Order, policy: &OrderPolicy, now: Timestamp) -> Option<Change> {
        match self.answer? {
            StatusAnswer::Reported(report) => {
                let seen = Observation {
                    requested_at: self.requested_at,
                    report: report.clone(),
                    half_open: self.half_open,
                };
                observe(order, &seen, policy, now)
            }
            StatusAnswer::Refused(text) => observe_refusal(order, text, policy, now),
        }
    }
}

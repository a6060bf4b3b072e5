//! Asking a provider about the orders it works on, in batches, and settling what it reports.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::orders::{
    Asked, Change, GroupPlan, Observation, Order, OrderPolicy, PollWindow, Regrouping, next_group_poll,
    next_poll_turn, observe, observe_refusal, poll_interval, regroup,
};
use domain::providers::CallResult;
use domain::{OrderId, ProviderId, ProviderOrderId, Timestamp};
use ports::gateway::{PanelGateway, STATUS_BATCH_MAX, StatusAnswer};
use ports::orders::{PollMeter, PutBackPolls, TakePolls, TakenPoll, TakenPolls};
use ports::{Clock, Store, StoreError};

use super::reconcile::call_result;
use super::record::amend;
use super::round::{Answers, Heard, Round, draw, is_about_one_of};
use crate::jobs::Verdict;
use crate::providers::{Admitted, CallClass, Panels, PanelsError};
use crate::retry::retry_contended;

/// For so long nobody else asks about orders that were taken: longer than a request and its recording take. A worker
/// that dies meanwhile delays them by no more than this.
const BUSY_FOR: Duration = Duration::from_secs(40);
/// A job asks for no further batch after this time, so that it ends before its lease does.
const ASK_FOR: Duration = Duration::from_secs(15);

/// So many orders that were missing from an answer are asked about alone after it, at most: some panels always leave some
/// orders out of long answers, and one that leaves out many must not be asked for each.
const ALONE_MAX: usize = 3;

/// When so many orders are due, their provider is asked at once; else when it is its turn.
pub const FULL_ENOUGH: u16 = STATUS_BATCH_MAX / 5 * 4;

/// The use case.
pub struct TrackOrders {
    store: Arc<dyn Store>,
    pub(super) gateway: Arc<dyn PanelGateway>,
    pub(super) panels: Arc<Panels>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) meter: Arc<dyn PollMeter>,
    policy: OrderPolicy,
}

impl TrackOrders {
    /// The use case over its ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        gateway: Arc<dyn PanelGateway>,
        panels: Arc<Panels>,
        clock: Arc<dyn Clock>,
        meter: Arc<dyn PollMeter>,
        policy: OrderPolicy,
    ) -> Self {
        Self {
            store,
            gateway,
            panels,
            clock,
            meter,
            policy,
        }
    }

    /// Asks about the provider's due orders, batch after batch, until none is due, or too few to ask already.
    ///
    /// # Errors
    /// [`PanelsError`] if the database or the provider's key is not to be had.
    pub async fn poll(&self, provider: ProviderId) -> Result<Verdict, PanelsError> {
        let (provider, target) = self.panels.target(provider).await?;
        let round = Round {
            track: self,
            provider: &provider,
            target: &target,
            until: self.clock.monotonic().saturating_add(ASK_FOR),
        };
        while round.in_time() {
            let admitted = match self.panels.admit(&provider, CallClass::Read).await {
                Ok(admitted) => admitted,
                Err(pause) => return Ok(Verdict::Later(pause)),
            };
            let Some(batch) = retry_contended(|| self.take_due(provider.id)).await? else {
                self.panels.forgo(provider.id, CallClass::Read, admitted);
                return Ok(Verdict::Done);
            };
            failpoints::reach("poll-after-take");
            let missing = self.poll_batch(&round, &batch, admitted).await?;
            for (id, upstream) in missing {
                if !round.in_time() || !self.ask_alone(&round, id, upstream).await {
                    break;
                }
            }
        }
        Ok(Verdict::Later(Duration::ZERO))
    }

    async fn take_due(&self, provider: ProviderId) -> Result<Option<Batch>, StoreError> {
        let now = self.clock.now();
        let take = TakePolls {
            provider,
            window: PollWindow::at(now, &self.policy),
            busy_until: now.plus(BUSY_FOR),
            limit: STATUS_BATCH_MAX,
            enough: FULL_ENOUGH,
        };
        let mut tx = self.store.begin().await?;
        let Some(taken) = tx.orders().take_due_polls(&take).await? else {
            return Ok(None);
        };
        tx.commit().await?;
        Ok(Some(Batch {
            provider,
            busy_until: take.busy_until,
            taken,
        }))
    }

    /// Orders to ask about alone, because they are missing from the answer. On a failed request the orders stay taken for a
    /// while, which paces the next try.
    async fn poll_batch(
        &self,
        round: &Round<'_>,
        batch: &Batch,
        admitted: Admitted,
    ) -> Result<Vec<(OrderId, ProviderOrderId)>, StoreError> {
        let provider = batch.provider;
        let orders = batch.taken.orders.iter();
        let ids: Vec<ProviderOrderId> = orders
            .filter_map(|taken| taken.order.provider_order_id.clone())
            .collect();
        let requested_at = self.clock.now();
        if ids.is_empty() {
            self.panels.forgo(provider, CallClass::Read, admitted);
            self.apply(batch, &Answers::new(), requested_at, false).await?;
            return Ok(Vec::new());
        }
        let late = |taken: &TakenPoll| requested_at.since(taken.due_at);
        let late: Vec<Duration> = batch.taken.orders.iter().map(late).collect();
        self.meter.asked(provider, &late);
        let answers = round.ask(&ids).await;
        let half_open = admitted.half_open();
        failpoints::reach("poll-after-answer");
        let result = answers
            .as_ref()
            .map_or_else(call_result, |_| CallResult::Answered);
        self.panels.tell(provider, CallClass::Read, admitted, result);
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                tracing::warn!(provider_id = provider.0, orders = ids.len(), %error, "a status request failed");
                if !is_about_one_of(&error, &ids) {
                    return Ok(Vec::new());
                }
                let answers = round.ask_in_parts(ids).await;
                if answers.is_empty() {
                    return Ok(Vec::new());
                }
                answers
            }
        };
        self.apply(batch, &answers, requested_at, half_open).await?;
        Ok(batch.missing_from(&answers, requested_at))
    }

    /// Asks about one order that its batch's answer left out; whether there was an answer. The order is back on its schedule
    /// already, and stays there if there is nothing to say about it.
    async fn ask_alone(&self, round: &Round<'_>, id: OrderId, upstream: ProviderOrderId) -> bool {
        let Ok(admitted) = self.panels.admit(round.provider, CallClass::Read).await else {
            return false;
        };
        let ids = [upstream];
        let Heard {
            answers,
            requested_at,
            half_open,
        } = round.ask_again(admitted, &ids).await;
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                tracing::warn!(order_id = id.0, %error, "a status request about one order failed");
                return false;
            }
        };
        let news = News {
            answer: ids.first().and_then(|id| answers.get(id)),
            requested_at,
            half_open,
        };
        if news.answer.is_some()
            && let Err(error) = self.record(id, ids.first(), &news, self.clock.now()).await
        {
            tracing::error!(order_id = id.0, %error, "a status report could not be recorded");
        }
        true
    }

    /// What is new is recorded order by order, so that one that cannot be recorded does not stop the rest; what is not
    /// new is put back in groups, all of it together.
    async fn apply(
        &self,
        batch: &Batch,
        answers: &Answers,
        requested_at: Timestamp,
        half_open: bool,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut quiet = Vec::new();
        let mut all_recorded = true;
        for TakenPoll { order, group, .. } in &batch.taken.orders {
            let news = News {
                answer: order.provider_order_id.as_ref().and_then(|id| answers.get(id)),
                requested_at,
                half_open,
            };
            if news.change(order, &self.policy, now).is_none() {
                quiet.push(Asked {
                    order: order.id,
                    group: *group,
                    every: poll_interval(order, &self.policy, now),
                });
            } else if let Err(error) = self
                .record(order.id, order.provider_order_id.as_ref(), &news, now)
                .await
            {
                tracing::error!(order_id = order.id.0, %error, "a status report could not be recorded");
                self.set_apart(order.id, batch).await;
                all_recorded = false;
            }
        }
        let mut put_back = batch.put_back(&quiet, requested_at, half_open, &self.policy, now);
        if !all_recorded {
            // The orders that could not be recorded are not to wait for anything else.
            put_back.turn = None;
        }
        retry_contended(|| self.put_back(&put_back)).await
    }

    /// News about what the provider calls `upstream`. In a database that was restored meanwhile, another order may have the
    /// id.
    async fn record(
        &self,
        id: OrderId,
        upstream: Option<&ProviderOrderId>,
        news: &News<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let decide = |order: &Order, _: Option<&_>| {
            let is_asked = order.provider_order_id.as_ref() == upstream;
            Ok(news.change(order, &self.policy, now).filter(|_| is_asked))
        };
        amend::<Infallible, _>(&*self.store, id, decide).await.map(|_| ())
    }

    /// Like every order that was taken and not put back, it is due again soon, and not only when its group is. If even that
    /// cannot be written it goes with its group.
    async fn set_apart(&self, id: OrderId, batch: &Batch) {
        let leave = async {
            let mut tx = self.store.begin().await?;
            tx.orders().leave_poll_group(id, batch.busy_until).await?;
            tx.commit().await
        };
        if let Err(error) = leave.await {
            tracing::error!(order_id = id.0, %error, "an order could not leave its group");
        }
    }

    async fn put_back(&self, polls: &PutBackPolls) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        if !tx.orders().put_back_polls(polls).await? {
            tracing::warn!(
                provider_id = polls.provider.0,
                "orders were taken by another worker before they could be put back"
            );
            return Ok(());
        }
        tx.commit().await
    }
}

/// What was taken to ask about.
struct Batch {
    provider: ProviderId,
    busy_until: Timestamp,
    taken: TakenPolls,
}

impl Batch {
    /// A few of the orders that are missing from the answer, others every time. None if it was about one order only.
    fn missing_from(&self, answers: &Answers, at: Timestamp) -> Vec<(OrderId, ProviderOrderId)> {
        let orders = self.taken.orders.iter().map(|taken| &taken.order);
        let asked: Vec<_> = orders
            .filter_map(|order| Some((order.id, order.provider_order_id.clone()?)))
            .collect();
        if asked.len() < 2 {
            return Vec::new();
        }
        let missing = asked.into_iter().filter(|(_, id)| !answers.contains_key(id));
        let mut missing: Vec<_> = missing.collect();
        missing.sort_by_key(|(id, _)| draw(id, at));
        missing.truncate(ALONE_MAX);
        missing
    }

    fn put_back(
        &self,
        quiet: &[Asked],
        asked_at: Timestamp,
        half_open: bool,
        policy: &OrderPolicy,
        now: Timestamp,
    ) -> PutBackPolls {
        let Regrouping { groups, emptied } = regroup(&self.taken.groups, quiet);
        let due = |plan: GroupPlan| {
            let first = plan.joins.first().map_or(0, |order| order.0);
            let seed = plan.group.map_or(first, |group| group.0);
            let time = next_group_poll(plan.every, half_open, seed, policy, now);
            (plan, time)
        };
        PutBackPolls {
            provider: self.provider,
            busy_until: self.busy_until,
            asked_at,
            groups: groups.into_iter().map(due).collect(),
            emptied,
            turn: self.taken.turn.then(|| next_poll_turn(policy, now)),
        }
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

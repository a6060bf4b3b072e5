//! Finding out that a provider refused an order because it had another one of ours for the same link.
//!
//! That it said so proves nothing: it may speak of the very order that was sent, if the request came there twice on its way.
//! An order that it had before, and that is still under way after the refusal, proves that the link was in use all the time
//! ([ADR 0041](../../../../docs/adr/0041-refused-for-another-order.md)).

use domain::orders::{Attempt, Order, keeps_the_link, refused_for_another};
use domain::providers::{CallResult, LookupCapability, Provider, UpstreamStatus, link_in_use};
use domain::{OrderId, ProviderOrderId, Timestamp};
use ports::StoreError;
use ports::gateway::{PanelError, PanelTarget, StatusAnswer};
use ports::orders::AttemptView;

use super::reconcile::{ReconcileOrder, call_result};
use crate::jobs::Verdict;
use crate::providers::CallClass;

/// So many orders are asked about at most: a panel that takes one for a link at a time has one.
const OTHERS_MAX: usize = 3;
/// So many are looked at, of all services of the provider.
const TRACKED_MAX: u16 = 100;

impl ReconcileOrder {
    /// If the provider refused the order because of another one for its link: asks about the orders of ours that may be
    /// meant, and records that this one was refused if one of them is under way. `None` if that settled nothing.
    pub(super) async fn refused_for_another(
        &self,
        order: &Order,
        attempt: &AttemptView,
        provider: &Provider,
        target: &PanelTarget,
    ) -> Result<Option<Verdict>, StoreError> {
        let Some(text) = attempt.proof.as_deref().and_then(link_in_use) else {
            return Ok(None);
        };
        let others = self.others_for_the_link(order, attempt.started_at).await?;
        if others.is_empty() {
            return Ok(None);
        }
        let admitted = match self.panels.admit(provider, CallClass::Read).await {
            Ok(admitted) => admitted,
            Err(_) if self.write_off(order, attempt.no).await? => return Ok(Some(Verdict::Done)),
            Err(pause) => return Ok(Some(Verdict::Later(pause))),
        };
        let ids: Vec<ProviderOrderId> = others.iter().map(|(id, _)| id.clone()).collect();
        let answers = self.gateway.statuses(target, &ids).await;
        let result = answers
            .as_ref()
            .map_or_else(call_result, |_| CallResult::Answered);
        self.panels.tell(provider.id, CallClass::Read, admitted, result);
        let under_way = match answers {
            Ok(answers) => others.iter().find(|(id, _)| is_under_way(answers.get(id))),
            // Asked about one order, it answers so if it does not know it.
            Err(PanelError::Refused(_)) => None,
            Err(error) if provider.settings.lookup == LookupCapability::None => {
                let why = error.to_string();
                let ask_again = |order: &Order, attempt: &Attempt, now| self.wait(order, attempt, &why, now);
                self.apply(order, attempt.no, ask_again).await?;
                return Ok(Some(Verdict::Done));
            }
            Err(_) => None,
        };
        let Some((_, other)) = under_way else {
            return Ok(None);
        };
        let refused = |order: &Order, attempt: &Attempt, now| {
            refused_for_another(order, attempt, text, *other, &self.policy, now)
        };
        self.apply(order, attempt.no, refused).await?;
        Ok(Some(Verdict::Done))
    }

    /// Orders for the same that the provider had before this one, as it knows them and as we do.
    async fn others_for_the_link(
        &self,
        order: &Order,
        sent_at: Timestamp,
    ) -> Result<Vec<(ProviderOrderId, OrderId)>, StoreError> {
        let provider = order.service.provider;
        let tracked = self.orders.tracked_for_link(provider, &order.link, TRACKED_MAX);
        let tracked = tracked.await?.into_iter();
        let others = tracked.filter(|other| keeps_the_link(other, order, sent_at));
        Ok(others
            .filter_map(|other| Some((other.provider_order_id?, other.id)))
            .take(OTHERS_MAX)
            .collect())
    }
}

fn is_under_way(answer: Option<&StatusAnswer>) -> bool {
    match answer {
        Some(StatusAnswer::Reported(report)) => {
            UpstreamStatus::parse(&report.status).is_some_and(UpstreamStatus::is_under_way)
        }
        Some(StatusAnswer::Refused(_)) | None => false,
    }
}

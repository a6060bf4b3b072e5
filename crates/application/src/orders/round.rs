//! One job's questions to a provider, and asking again about orders of which an answer did not tell.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use domain::providers::{CallResult, Provider, is_about_order};
use domain::{ProviderOrderId, Timestamp};
use ports::gateway::{PanelError, PanelTarget, StatusAnswer};

use super::track::TrackOrders;
use crate::providers::{Admitted, CallClass};

/// So many requests follow a batch that was refused as a whole, at most: enough to find three orders out of a hundred.
const PARTS_MAX: usize = 40;
/// For so long a part of a batch waits for the provider's rate limit.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a provider says about some of its orders.
pub(super) type Answers = HashMap<ProviderOrderId, StatusAnswer>;

/// Who is asked, and until when.
pub(super) struct Round<'a> {
    pub(super) track: &'a TrackOrders,
    pub(super) provider: &'a Provider,
    pub(super) target: &'a PanelTarget,
    /// On the monotonic clock.
    pub(super) until: Duration,
}

/// What was heard when the provider was asked again.
pub(super) struct Heard {
    pub(super) answers: Result<Answers, PanelError>,
    pub(super) requested_at: Timestamp,
    pub(super) half_open: bool,
}

impl Round<'_> {
    /// Whether there is time to ask again.
    pub(super) fn in_time(&self) -> bool {
        self.track.clock.monotonic() < self.until
    }

    /// Makes one request. Asked about one order, a panel answers an error about it for the whole request.
    pub(super) async fn ask(&self, ids: &[ProviderOrderId]) -> Result<Answers, PanelError> {
        let answers = self.track.gateway.statuses(self.target, ids).await;
        match (answers, ids) {
            (Err(PanelError::Refused(text) | PanelError::RefusedForNow(text)), [only])
                if is_about_order(&text) =>
            {
                Ok(Answers::from([(only.clone(), StatusAnswer::Refused(text))]))
            }
            (answers, _) => answers,
        }
    }

    /// Asks once more about some of the orders that the provider has just been asked about. A failure says nothing about the
    /// provider, who has just answered: one order that it cannot answer for must not open its circuit for all.
    pub(super) async fn ask_again(&self, admitted: Admitted, ids: &[ProviderOrderId]) -> Heard {
        let (panels, provider) = (&self.track.panels, self.provider.id);
        self.track.meter.asked_alone(provider);
        let (requested_at, half_open) = (self.track.clock.now(), admitted.half_open());
        let answers = self.ask(ids).await;
        if answers.is_ok() {
            panels.tell(provider, CallClass::Read, admitted, CallResult::Answered);
        } else {
            panels.forgo(provider, CallClass::Read, admitted);
        }
        Heard {
            answers,
            requested_at,
            half_open,
        }
    }

    /// Asks about the halves of a batch that was refused as a whole, and about the halves of these, until an order that the
    /// provider does not know is found, or it turns out that it answers about one order only. An order that is not reached
    /// has no answer, as if it were missing from one; others are reached every time. Refusals alone, without an answer about
    /// any other order, say nothing about an order: the provider may be telling everybody the same.
    pub(super) async fn ask_in_parts(&self, mut ids: Vec<ProviderOrderId>) -> Answers {
        let now = self.track.clock.now();
        ids.sort_by_cached_key(|id| draw(id, now));
        let (mut answers, mut tells_apart) = (Answers::new(), false);
        let mut parts = Vec::from(halves(&ids));
        for _ in 0..PARTS_MAX {
            let Some(part) = parts.pop() else { break };
            if !self.in_time() {
                break;
            }
            let Some(admitted) = self.admit_patiently().await else {
                break;
            };
            match self.ask_again(admitted, part).await.answers {
                Ok(heard) => {
                    tells_apart |= part.len() > 1 || heard.values().any(is_report);
                    answers.extend(heard);
                    if !tells_apart && answers.len() > 1 {
                        break;
                    }
                }
                Err(error) if is_about_one_of(&error, part) => parts.extend(halves(part)),
                Err(error) => {
                    tracing::warn!(provider_id = self.provider.id.0, orders = part.len(), %error, "a status request about a part of a batch failed");
                    break;
                }
            }
        }
        if tells_apart { answers } else { Answers::new() }
    }

    async fn admit_patiently(&self) -> Option<Admitted> {
        let admit = || self.track.panels.admit(self.provider, CallClass::Read);
        match admit().await {
            Ok(admitted) => Some(admitted),
            Err(pause) if pause <= PATIENCE => {
                tokio::time::sleep(pause).await;
                admit().await.ok()
            }
            Err(_) => None,
        }
    }
}

/// Whether the refusal of a whole batch may be about one of its orders, or about their number. Who says that it is the moment is
/// not asked more.
pub(super) fn is_about_one_of(error: &PanelError, ids: &[ProviderOrderId]) -> bool {
    matches!(error, PanelError::Refused(text) if ids.len() > 1 && is_about_order(text))
}

const fn is_report(answer: &StatusAnswer) -> bool {
    matches!(answer, StatusAnswer::Reported(_))
}

/// The first half is last, to be asked about next.
fn halves(ids: &[ProviderOrderId]) -> [&[ProviderOrderId]; 2] {
    let (first, second) = ids.split_at(ids.len() / 2);
    [second, first]
}

/// A number that is another one for every order and moment, so that nobody is always behind.
pub(super) fn draw(id: impl Hash, at: Timestamp) -> u64 {
    let mut hasher = DefaultHasher::new();
    (id, at.micros()).hash(&mut hasher);
    hasher.finish()
}

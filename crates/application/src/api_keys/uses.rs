//! How often keys are used, written down now and then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::api_keys::{ApiKey, USE_NOTED_EVERY};
use domain::{ApiKeyId, Timestamp};

/// Keys that are remembered at once; of more, those that were not used for longest are counted less exactly.
const KEYS_MAX: usize = 10_000;

/// Uses that are not written yet.
#[derive(Default)]
pub(super) struct Uses(Mutex<HashMap<ApiKeyId, Pending>>);

struct Pending {
    uses: u64,
    noted_at: Timestamp,
}

impl Uses {
    /// Counts a use at `now`. How many are to be written, if it is time: it is not while this process or, by what the
    /// key's row says, another one has written a moment ago.
    pub(super) fn count(&self, key: &ApiKey, now: Timestamp) -> Option<u64> {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() >= KEYS_MAX && !pending.contains_key(&key.id) {
            pending.retain(|_, it| now.since(it.noted_at) < USE_NOTED_EVERY);
        }
        let of_key = pending.entry(key.id.clone()).or_insert(Pending {
            uses: 0,
            noted_at: Timestamp::EPOCH,
        });
        of_key.uses = of_key.uses.saturating_add(1);
        let noted_at = key
            .last_used_at
            .map_or(of_key.noted_at, |at| at.max(of_key.noted_at));
        if now.since(noted_at) < USE_NOTED_EVERY {
            return None;
        }
        of_key.noted_at = now;
        Some(std::mem::take(&mut of_key.uses))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::api_keys::{ErrorWords, Networks, Scopes};
    use domain::{Money, UserId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn key(last_used_at: Option<Timestamp>) -> ApiKey {
        ApiKey {
            id: ApiKeyId::new("k"),
            user: UserId::new("u"),
            name: "k".to_owned(),
            scopes: Scopes::every(),
            networks: Networks::default(),
            expires_at: None,
            cap: None,
            spent: Money::ZERO,
            spent_from: Timestamp::EPOCH,
            requests_per_minute: 1,
            enabled: true,
            words: ErrorWords::English,
            orders_by_get: false,
            uses: 0,
            last_used_at,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    #[test]
    fn use_is_written_once_a_minute_and_none_is_lost_between() {
        let uses = Uses::default();
        let at = |seconds| NOW.plus(Duration::from_secs(seconds));
        assert_eq!(uses.count(&key(None), NOW), Some(1));
        for second in 1..60 {
            assert_eq!(uses.count(&key(Some(NOW)), at(second)), None);
        }
        assert_eq!(uses.count(&key(Some(NOW)), at(60)), Some(60));
    }

    #[test]
    fn what_another_process_wrote_a_moment_ago_is_not_written_again() {
        let uses = Uses::default();
        assert_eq!(
            uses.count(&key(Some(NOW)), NOW.plus(Duration::from_secs(59))),
            None
        );
        assert_eq!(
            uses.count(&key(Some(NOW)), NOW.plus(Duration::from_secs(60))),
            Some(2)
        );
    }
}

//! What this process has read before.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// So many things at most that were read before. They may be out of date: whoever uses one lets the database compare it
/// with what it knows.
pub(crate) struct Kept<K, V> {
    most: usize,
    things: RwLock<HashMap<K, Arc<V>>>,
}

impl<K: Clone + Eq + Hash, V> Kept<K, V> {
    pub fn at_most(most: usize) -> Self {
        Self {
            most,
            things: RwLock::default(),
        }
    }

    /// As it was read last.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        let things = self.things.read().unwrap_or_else(PoisonError::into_inner);
        things.get(key).cloned()
    }

    /// Keeps it. Where there is no room another one goes: any of them, because it is read again when it is wanted.
    pub fn put(&self, key: K, thing: Arc<V>) {
        let mut things = self.things.write().unwrap_or_else(PoisonError::into_inner);
        if things.len() >= self.most && !things.contains_key(&key) {
            let other = things.keys().next().cloned();
            other.and_then(|other| things.remove(&other));
        }
        things.insert(key, thing);
    }

    /// It is not there any more.
    pub fn forget(&self, key: &K) {
        let mut things = self.things.write().unwrap_or_else(PoisonError::into_inner);
        things.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_kept_and_no_more_and_the_last_one_always_is() {
        let kept = Kept::at_most(3);
        for key in 0..100 {
            kept.put(key, Arc::new(key * 2));
            assert_eq!(kept.get(&key).as_deref(), Some(&(key * 2)));
            let there = (0..=key).filter(|key| kept.get(key).is_some()).count();
            assert!(there <= 3, "{there}");
        }
        kept.put(99, Arc::new(7));
        assert_eq!(kept.get(&99).as_deref(), Some(&7));
        kept.forget(&99);
        assert_eq!(kept.get(&99), None);
    }
}

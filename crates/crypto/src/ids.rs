//! Unguessable names.

use ports::IdSource;
use rand::TryRng;
use rand::rngs::SysRng;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Characters of one id: 190 bits.
const ID_CHARS: usize = 32;
/// The largest multiple of the alphabet's length that a byte can hold. Bytes from here on are thrown away, because
/// they would make the first characters of the alphabet likelier than the others.
const FAIR_BYTES: u8 = 248;
/// Bytes asked of the operating system at once: enough for one id in almost every case.
const DRAW_BYTES: usize = 48;

/// Ids from the random number generator of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn text_id(&self) -> String {
        let mut id = String::with_capacity(ID_CHARS);
        while id.len() < ID_CHARS {
            id.extend(fair_characters(&draw()).take(ID_CHARS - id.len()));
        }
        id
    }
}

#[expect(
    clippy::expect_used,
    reason = "Linux answers without fail once it has started; going on with guessable ids would be worse than stopping"
)]
fn draw() -> [u8; DRAW_BYTES] {
    let mut bytes = [0; DRAW_BYTES];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system has random numbers");
    bytes
}

fn fair_characters(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes
        .iter()
        .filter(|byte| **byte < FAIR_BYTES)
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|character| char::from(*character))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn every_character_comes_from_equally_many_bytes() {
        let every_byte: Vec<u8> = (0..=u8::MAX).collect();
        let mut counts = HashMap::new();
        for character in fair_characters(&every_byte) {
            *counts.entry(character).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 62);
        assert!(
            counts
                .iter()
                .all(|(it, count)| it.is_ascii_alphanumeric() && *count == 4)
        );
    }

    #[test]
    fn ids_have_32_letters_and_digits_and_never_repeat() {
        let ids: HashSet<String> = (0..10_000).map(|_| RandomIds.text_id()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in &ids {
            assert_eq!(id.len(), ID_CHARS);
            assert!(id.bytes().all(|it| it.is_ascii_alphanumeric()), "{id}");
        }
    }
}

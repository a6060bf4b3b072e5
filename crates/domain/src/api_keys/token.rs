//! The text that programs show.

use crate::Secret;

/// How every key begins, so that people and scanners of source code know one when they see it.
pub const TOKEN_PREFIX: &str = "smm_guru_live_";
/// Characters of the part that finds the key: 71 bits.
const PUBLIC_CHARS: usize = 12;
/// Characters of the part that proves it: more than 256 bits.
const SECRET_CHARS: usize = 43;

/// A key as it is shown: the prefix, a public id by which it is found, and the secret.
#[derive(Debug, Clone)]
pub struct KeyToken {
    public_id: String,
    whole: Secret,
}

impl KeyToken {
    /// A new one of unguessable characters of `[a-zA-Z0-9]`: the last 55 are used. `None` if there are fewer.
    #[must_use]
    pub fn of(random: &str) -> Option<Self> {
        let (rest, public_id) = random.split_at_checked(random.len().checked_sub(PUBLIC_CHARS)?)?;
        let secret = rest.get(rest.len().checked_sub(SECRET_CHARS)?..)?;
        Self::parse(&format!("{TOKEN_PREFIX}{public_id}{secret}"))
    }

    /// Reads what was shown. `None` for what no key looks like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix(TOKEN_PREFIX)?;
        let is_sound = rest.len() == PUBLIC_CHARS.checked_add(SECRET_CHARS)?
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let public_id = rest.get(..PUBLIC_CHARS)?.to_owned();
        is_sound.then(|| Self {
            public_id,
            whole: Secret::new(text.trim()),
        })
    }

    /// Finds the key. No secret.
    #[must_use]
    pub fn public_id(&self) -> &str {
        &self.public_id
    }

    /// All of it.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.whole
    }

    /// What may be shown to anybody of the key that this id finds.
    #[must_use]
    pub fn beginning(public_id: &str) -> String {
        format!("{TOKEN_PREFIX}{public_id}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_made_and_nothing_else_is_one() {
        let random: String = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
        let token = KeyToken::of(&random).unwrap();
        assert_eq!(token.public_id(), "YZ0123456789");
        let text = token.secret().reveal().to_owned();
        assert_eq!(text.len(), TOKEN_PREFIX.len() + 55);
        assert!(text.starts_with(&KeyToken::beginning(token.public_id())));
        assert_eq!(
            KeyToken::parse(&format!(" {text}\n")).unwrap().secret().reveal(),
            text
        );
        for wrong in [
            String::new(),
            "hunter2".to_owned(),
            random.clone(),
            format!("{text}x"),
            text[..text.len() - 1].to_owned(),
            format!("{}é", &text[..text.len() - 2]),
            text.replacen("Z0", "Z-", 1),
        ] {
            assert!(KeyToken::parse(&wrong).is_none(), "{wrong}");
        }
        assert!(KeyToken::of("short").is_none());
    }
}

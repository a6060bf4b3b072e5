//! Passwords that are guessed first: those that leaked most often, and what everybody knows about their owner.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::text::{folded, squeezed};

const LIST: &str = include_str!("common_passwords.txt");
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| LIST.lines().filter(|line| !line.starts_with('#')).collect());

/// Whether many people have this password, whatever its case and the signs between its letters and digits.
#[must_use]
pub fn is_common_password(password: &str) -> bool {
    let folded = folded(password);
    COMMON.contains(folded.as_str()) || COMMON.contains(squeezed(&folded).as_str())
}

/// Whether the password is one of `words`, whatever its case and the signs between its letters and digits.
#[must_use]
pub fn is_one_of(password: &str, words: &[&str]) -> bool {
    let password = squeezed(&folded(password));
    !password.is_empty() && words.iter().any(|word| squeezed(&folded(word)) == password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::PASSWORD_MIN_CHARS;

    #[test]
    fn the_list_holds_more_than_three_thousand_that_are_long_enough_and_folded() {
        assert!(COMMON.len() > 3_000, "{}", COMMON.len());
        for password in COMMON.iter() {
            assert!(password.chars().count() >= PASSWORD_MIN_CHARS, "{password}");
            assert_eq!(folded(password), *password);
        }
    }

    #[test]
    fn case_width_and_signs_hide_no_common_password() {
        for common in [
            "password",
            "PassWord1",
            "Ｐａｓｓｗｏｒｄ",
            "Password-123!",
            "12345678",
            "q-w-e-r-t-y-u-i-o-p",
        ] {
            assert!(is_common_password(common), "{common}");
        }
        for rare in [
            "Correct-Horse-1",
            "correct horse battery staple",
            "",
            "--------------",
        ] {
            assert!(!is_common_password(rare), "{rare}");
        }
    }

    #[test]
    fn a_word_is_recognised_however_it_is_written() {
        let words = ["Ann Doe", "ann.doe@example.com", "Ünal", "!!!"];
        for same in ["ann-doe!", "ANN DOE", "AnnDoe@Example.com", "ünal", "u\u{308}nal"] {
            assert!(is_one_of(same, &words), "{same}");
        }
        for other in ["ann-doe-1", "", "!!!", "--------"] {
            assert!(!is_one_of(other, &words), "{other}");
        }
    }
}

//! What the error texts of panels say. Panels write words, or codes such as `neworder.error.min_quantity`; one may do both.

/// Words of a trouble at the provider, in which an order may have been placed or not.
const TROUBLE: [&str; 6] = [
    "timeout",
    "timed out",
    "internal",
    "try again",
    "exception",
    "unavailable",
];

/// Words of the same, and of a panel that takes one order for a link at a time.
const WAIT: [&str; 1] = ["please wait"];

/// Words for an order that may be the very one that was sent.
const TWIN: [&str; 2] = ["duplicate", "active order"];

/// Words of a panel that takes one order for a link at a time.
const LINK_IN_USE: [&str; 2] = ["active order", "link duplicate"];

/// Words about our account there, whatever was asked.
const ABOUT_ACCOUNT: [&str; 9] = [
    "not enough funds",
    "insufficient balance",
    "insufficient funds",
    "invalid api key",
    "incorrect api key",
    "invalid api detected",
    "api key is missing",
    "email not verified",
    "verify your email",
];

/// Words of a trouble that passes, whatever was asked.
const PASSING: [&str; 4] = ["too many", "rate limit", "maintenance", "overload"];

/// Words that certainly mean that an order was not placed, because of what it asks for.
const ABOUT_ORDER: [&str; 16] = [
    "incorrect service id",
    "disabled service id",
    "invalid service",
    "service not found",
    "bad link",
    "incorrect link",
    "invalid link",
    "neworder error link",
    "quantity less than",
    "quantity more than",
    "min quantity",
    "max quantity",
    "incorrect quantity",
    "neworder error quantity",
    "incorrect comments",
    "neworder error comment",
];

/// Whether the error that answers a question about one order is about that order, rather than about our account or about
/// a trouble that passes.
#[must_use]
pub fn is_about_order(error: &str) -> bool {
    !is_about_account(error) && !is_ambiguous(error) && !says(error, &PASSING)
}

/// Whether an error says that the same question may be answered later. It proves nothing about an order that was sent.
#[must_use]
pub fn is_passing(error: &str) -> bool {
    says(error, &PASSING) || is_trouble(error)
}

/// Whether an error leaves open if an order was placed, whatever else it says.
pub(super) fn is_ambiguous(error: &str) -> bool {
    is_trouble(error) || says(error, &TWIN)
}

/// Whether an error says that the panel has an order for the link, and takes no other one as long as that is under way. It
/// may be the very order that was sent.
pub(super) fn is_link_in_use(error: &str) -> bool {
    says(error, &LINK_IN_USE) && !says(error, &TROUBLE)
}

fn is_trouble(error: &str) -> bool {
    says(error, &TROUBLE) || says(error, &WAIT)
}

/// Whether an error is about our account there.
pub(super) fn is_about_account(error: &str) -> bool {
    says(error, &ABOUT_ACCOUNT)
}

/// Whether an error refuses an order because of what it asks for.
pub(super) fn refuses_order(error: &str) -> bool {
    says(error, &ABOUT_ORDER)
}

fn says(error: &str, words: &[&str]) -> bool {
    let folded = folded(error);
    words.iter().any(|word| folded.contains(word))
}

/// Small letters, and blanks for what stands between the words of a code.
fn folded(text: &str) -> String {
    let text = text.to_lowercase();
    text.replace(['_', '-', '.'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_about_an_order_is_told_from_one_that_says_nothing_about_it() {
        for text in ["Incorrect order ID", "order_not_found", "Something else"] {
            assert!(is_about_order(text), "{text}");
        }
        for text in [
            "Invalid API key",
            "Too many requests",
            "Internal Server Error",
            "Try again later",
            "Under maintenance",
        ] {
            assert!(!is_about_order(text), "{text}");
        }
    }

    #[test]
    fn a_trouble_that_passes_is_told_from_a_no() {
        for text in [
            "Too many requests",
            "Internal Server Error",
            "Please try again later",
            "Under maintenance",
            "Please wait a moment",
        ] {
            assert!(is_passing(text), "{text}");
        }
        for text in [
            "Incorrect order ID",
            "Not possible",
            "Invalid API key",
            "You have active order with this link",
        ] {
            assert!(!is_passing(text), "{text}");
        }
    }

    #[test]
    fn codes_say_the_same_as_words() {
        for text in [
            "error.invalid_api_key",
            "neworder.error.not-enough-funds",
            "EMAIL_NOT_VERIFIED",
        ] {
            assert!(is_about_account(text) && !is_about_order(text), "{text}");
        }
        for text in ["error.too_many_requests", "error.try_again", "RATE-LIMIT"] {
            assert!(is_passing(text) && !is_about_order(text), "{text}");
        }
        for text in [
            "neworder.error.disabled_service_id",
            "neworder.error.quantity",
            "max_quantity",
        ] {
            assert!(refuses_order(text), "{text}");
        }
        assert!(is_ambiguous("neworder.error.link_duplicate"));
        assert!(!refuses_order("Something is incorrect. Link your account."));
    }

    #[test]
    fn every_word_is_written_as_texts_are_compared() {
        let lists: [&[&str]; 7] = [
            &TROUBLE,
            &WAIT,
            &TWIN,
            &LINK_IN_USE,
            &ABOUT_ACCOUNT,
            &PASSING,
            &ABOUT_ORDER,
        ];
        for word in lists.concat() {
            assert_eq!(folded(word), word);
        }
    }
}

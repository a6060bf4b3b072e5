//! What an answer to `add` proves. The default is *unknown*: an order is placed, refused or not sent only on proof.

use super::words::{is_about_account, is_ambiguous, is_link_in_use, refuses_order};
use crate::ProviderOrderId;

/// What was observed of one `add` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddAnswer {
    /// Not one byte of the request was written (name resolution, connection or TLS failed).
    NotSent {
        /// Why, for staff.
        why: String,
    },
    /// Something was written and no complete answer came back.
    Broken {
        /// Why, for staff.
        why: String,
    },
    /// A complete answer came back.
    Answered {
        /// HTTP status.
        status: u16,
        /// What the body said.
        body: AddBody,
        /// The first kilobyte of the body with the key removed, for staff.
        excerpt: String,
    },
}

/// What the body of an answer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddBody {
    /// HTML, nothing, something truncated, too large or not UTF-8.
    NotAnObject,
    /// A JSON object; its `order` and `error` if they held anything.
    Object {
        /// The id as text. Zero, null and the empty text are no ids and arrive as `None`.
        order: Option<String>,
        /// The error text.
        error: Option<String>,
    },
}

/// What the observation proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddOutcome {
    /// The provider has the order.
    Placed(ProviderOrderId),
    /// The provider does not have it and said why.
    Refused {
        /// What kind of refusal.
        kind: RefusalKind,
        /// The provider's words, key removed.
        text: String,
    },
    /// The provider cannot have it: nothing was sent.
    NotSent {
        /// The proof, for the attempt's record.
        proof: String,
    },
    /// The provider may or may not have it.
    Unknown {
        /// Why, for staff.
        why: String,
    },
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// About this order: link, quantity, service.
    Order,
    /// About our account there: key, funds, limits. Other orders would be refused too, so the provider is paused.
    Account,
}

/// Longest answer text kept, in characters.
const TEXT_MAX_CHARS: usize = 500;
/// How the record of an order begins that was refused because of another one for its link.
const LINK_IN_USE: &str = "the link is in use: ";
/// What stands between a refusal and the answer that it came in.
const EXCERPT: &str = "; it answered: ";

/// Reads an observation of `add`.
#[must_use]
pub fn classify_add(answer: &AddAnswer) -> AddOutcome {
    match answer {
        AddAnswer::NotSent { why } => AddOutcome::NotSent {
            proof: format!("connect:{why}"),
        },
        AddAnswer::Broken { why } => AddOutcome::Unknown { why: why.clone() },
        AddAnswer::Answered {
            status,
            body,
            excerpt,
        } => with_excerpt(classify_body(*status, body), excerpt),
    }
}

/// The provider's words, if it is unknown what became of an order because of `why`, and that is that the provider has one for
/// the link already. That may be the very order that was sent, if the request came there twice on its way.
#[must_use]
pub fn link_in_use(why: &str) -> Option<&str> {
    let text = why.strip_prefix(LINK_IN_USE)?;
    Some(text.split_once(EXCERPT).map_or(text, |(text, _)| text))
}

/// People who have to find out what an answer meant need to see it.
fn with_excerpt(outcome: AddOutcome, excerpt: &str) -> AddOutcome {
    match outcome {
        AddOutcome::Unknown { why } if !excerpt.is_empty() => AddOutcome::Unknown {
            why: format!("{why}{EXCERPT}{excerpt}"),
        },
        outcome => outcome,
    }
}

fn classify_body(status: u16, body: &AddBody) -> AddOutcome {
    let unknown = |why: &str| AddOutcome::Unknown {
        why: format!("HTTP {status}: {why}"),
    };
    let AddBody::Object { order, error } = body else {
        return unknown("no JSON object");
    };
    let success = (200..300).contains(&status);
    let readable = success || (400..500).contains(&status);
    match (order, error) {
        (Some(_), Some(_)) => unknown("both an order and an error"),
        (None, None) => unknown("neither an order nor an error"),
        (Some(order), None) if success => AddOutcome::Placed(ProviderOrderId::new(order)),
        (Some(_), None) => unknown("an order, but not a success status"),
        (None, Some(error)) if readable => classify_error(status, error),
        (None, Some(error)) => unknown(&shortened(error)),
    }
}

fn classify_error(status: u16, error: &str) -> AddOutcome {
    let text = shortened(error);
    if matches!(status, 401 | 403 | 429) {
        return AddOutcome::Refused {
            kind: RefusalKind::Account,
            text,
        };
    }
    if is_link_in_use(error) {
        AddOutcome::Unknown {
            why: format!("{LINK_IN_USE}{text}"),
        }
    } else if is_ambiguous(error) {
        AddOutcome::Unknown {
            why: format!("ambiguous refusal: {text}"),
        }
    } else if is_about_account(error) {
        AddOutcome::Refused {
            kind: RefusalKind::Account,
            text,
        }
    } else if refuses_order(error) {
        AddOutcome::Refused {
            kind: RefusalKind::Order,
            text,
        }
    } else {
        AddOutcome::Unknown {
            why: format!("unlisted refusal: {text}"),
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(TEXT_MAX_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, order: Option<&str>, error: Option<&str>) -> AddOutcome {
        let body = AddBody::Object {
            order: order.map(str::to_owned),
            error: error.map(str::to_owned),
        };
        classify_add(&AddAnswer::Answered {
            status,
            body,
            excerpt: String::new(),
        })
    }

    #[test]
    fn only_a_success_status_with_an_order_and_no_error_is_placed() {
        assert_eq!(
            answered(200, Some("7"), None),
            AddOutcome::Placed(ProviderOrderId::new("7"))
        );
        assert_eq!(
            answered(201, Some("7"), None),
            AddOutcome::Placed(ProviderOrderId::new("7"))
        );
        for (status, order, error) in [
            (500, Some("7"), None),
            (302, Some("7"), None),
            (404, Some("7"), None),
            (200, Some("7"), Some("x")),
            (200, None, None),
        ] {
            assert!(
                matches!(answered(status, order, error), AddOutcome::Unknown { .. }),
                "{status} {order:?} {error:?}"
            );
        }
    }

    #[test]
    fn listed_refusals_in_both_dialects_are_refusals() {
        for text in [
            "Not enough funds on balance",
            "neworder.error.not_enough_funds",
            "Incorrect service ID",
            "neworder.error.link",
            "Quantity less than minimal 200",
        ] {
            assert!(
                matches!(answered(200, None, Some(text)), AddOutcome::Refused { .. }),
                "{text}"
            );
            assert!(
                matches!(answered(422, None, Some(text)), AddOutcome::Refused { .. }),
                "{text}"
            );
            assert!(
                matches!(answered(500, None, Some(text)), AddOutcome::Unknown { .. }),
                "{text}"
            );
        }
    }

    #[test]
    fn ambiguous_and_unlisted_refusals_stay_unknown() {
        for text in [
            "You have active order with this link. Please wait until order being completed.",
            "neworder.error.link_duplicate",
            "Internal error, bad link",
            "Something else",
            "Try again later",
        ] {
            assert!(
                matches!(answered(200, None, Some(text)), AddOutcome::Unknown { .. }),
                "{text}"
            );
        }
    }

    #[test]
    fn a_link_that_is_in_use_is_told_from_every_other_reason() {
        let why = |error: &str, excerpt: &str| {
            let body = AddBody::Object {
                order: None,
                error: Some(error.to_owned()),
            };
            let (status, excerpt) = (200, excerpt.to_owned());
            match classify_add(&AddAnswer::Answered {
                status,
                body,
                excerpt,
            }) {
                AddOutcome::Unknown { why } => why,
                other => panic!("{error}: {other:?}"),
            }
        };
        for text in [
            "You have active order with this link. Please wait until order being completed.",
            "neworder.error.link_duplicate",
        ] {
            assert_eq!(link_in_use(&why(text, "")), Some(text));
            assert_eq!(link_in_use(&why(text, "<the link is in use: no>")), Some(text));
        }
        for text in [
            "Internal error: active order",
            "Duplicate entry '7' for key 'PRIMARY'",
            "Please wait",
            "the link is in use: no",
        ] {
            assert_eq!(link_in_use(&why(text, "")), None, "{text}");
        }
    }

    #[test]
    fn a_limit_or_a_rejected_key_is_about_the_account() {
        for status in [401, 403, 429] {
            let outcome = answered(status, None, Some("whatever"));
            assert!(
                matches!(
                    outcome,
                    AddOutcome::Refused {
                        kind: RefusalKind::Account,
                        ..
                    }
                ),
                "{status}"
            );
        }
    }

    #[test]
    fn an_answer_that_nobody_understands_is_kept_for_people() {
        let html = AddAnswer::Answered {
            status: 502,
            body: AddBody::NotAnObject,
            excerpt: "<h1>Bad gateway</h1>".to_owned(),
        };
        let AddOutcome::Unknown { why } = classify_add(&html) else {
            panic!("it proves nothing");
        };
        assert!(
            why.contains("HTTP 502") && why.contains("<h1>Bad gateway</h1>"),
            "{why}"
        );
    }

    #[test]
    fn nothing_sent_is_proof_and_a_broken_answer_is_none() {
        assert!(matches!(
            classify_add(&AddAnswer::NotSent {
                why: "refused".into()
            }),
            AddOutcome::NotSent { .. }
        ));
        assert!(matches!(
            classify_add(&AddAnswer::Broken { why: "reset".into() }),
            AddOutcome::Unknown { .. }
        ));
        let html = AddAnswer::Answered {
            status: 200,
            body: AddBody::NotAnObject,
            excerpt: String::new(),
        };
        assert!(matches!(classify_add(&html), AddOutcome::Unknown { .. }));
    }
}

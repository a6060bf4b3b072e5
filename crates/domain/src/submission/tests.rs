//! When sending is paused, and what it takes to go on.

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(7);

fn identity(timeline: &str) -> Identity {
    Identity {
        system: Some("s".to_owned()),
        place: Some("p".to_owned()),
        timeline: Some(timeline.to_owned()),
    }
}

fn used(epoch: i64) -> Submission {
    Submission {
        incarnation: "i".to_owned(),
        identity: identity("1"),
        epoch,
        seen_at: Some(NOW),
        pause: None,
        doubted_up_to: None,
    }
}

fn memory(epoch: i64) -> Memory {
    Memory {
        incarnation: "i".to_owned(),
        epoch,
        is_copy: false,
    }
}

fn is_doubtful(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Doubtful(_))
}

proptest! {
    #[test]
    fn an_ordinary_start_raises_no_alarm(epoch in 1_i64..100, behind in 0_i64..100, lost in any::<bool>()) {
        let remembered = memory((epoch - behind).max(0));
        let remembered = (!lost).then_some(&remembered);
        prop_assert_eq!(compare(&used(epoch), &identity("1"), remembered, !lost), Comparison::Same);
    }

    #[test]
    fn an_older_copy_is_noticed_whatever_its_identity(epoch in 1_i64..100, ahead in 1_i64..100, paused in any::<bool>()) {
        let mut copy = used(epoch);
        if paused {
            copy = copy.paused(PauseCause::Operator, "for a backup", None, NOW);
        }
        let remembered = memory(copy.epoch + ahead);
        prop_assert!(is_doubtful(compare(&copy, &identity("1"), Some(&remembered), true)));
        prop_assert!(is_doubtful(compare(&copy, &identity("2"), Some(&remembered), true)));
    }

    #[test]
    fn whatever_was_in_doubt_is_the_same_once_it_is_adopted(epoch in 0_i64..100, remembered in 0_i64..100, copy in any::<bool>()) {
        let remembered = Memory { is_copy: copy, ..memory(remembered) };
        let adopted = used(epoch).adopted(&identity("2"), Some(&remembered), NOW);
        prop_assert!(adopted.epoch > epoch && adopted.epoch > remembered.epoch);
        let now = memory(adopted.epoch);
        prop_assert_eq!(compare(&adopted, &identity("2"), Some(&now), true), Comparison::Same);
    }
}

#[test]
fn every_part_of_the_identity_counts_and_what_is_not_known_does_not() {
    let known = used(3);
    for changed in [
        Identity {
            system: Some("x".to_owned()),
            ..identity("1")
        },
        Identity {
            place: Some("x".to_owned()),
            ..identity("1")
        },
        identity("2"),
    ] {
        assert!(
            is_doubtful(compare(&known, &changed, Some(&memory(3)), false)),
            "{changed:?}"
        );
    }
    assert_eq!(
        compare(&known, &Identity::default(), Some(&memory(3)), false),
        Comparison::Same
    );
    let blind = Identity {
        system: None,
        ..identity("2")
    };
    assert_eq!(
        known.adopted(&blind, None, NOW).identity,
        Identity {
            system: Some("s".to_owned()),
            ..identity("2")
        }
    );
}

#[test]
fn a_first_start_is_none_where_another_database_was_used_before() {
    let fresh = Submission {
        incarnation: String::new(),
        ..used(0)
    };
    assert_eq!(compare(&fresh, &identity("1"), None, true), Comparison::First);
    assert!(is_doubtful(compare(
        &fresh,
        &identity("1"),
        Some(&memory(3)),
        true
    )));
    let other = Memory {
        incarnation: "j".to_owned(),
        ..memory(1)
    };
    assert!(is_doubtful(compare(&used(3), &identity("1"), Some(&other), true)));
}

#[test]
fn a_memory_that_lasts_has_to_be_there_and_to_be_no_copy() {
    assert_eq!(compare(&used(3), &identity("1"), None, false), Comparison::Same);
    assert!(is_doubtful(compare(&used(3), &identity("1"), None, true)));
    let copy = Memory {
        is_copy: true,
        ..memory(3)
    };
    assert!(is_doubtful(compare(&used(3), &identity("1"), Some(&copy), true)));
}

#[test]
fn a_move_of_a_paused_database_is_no_alarm_unless_something_was_sent_after_the_pause() {
    let paused = used(3).paused(PauseCause::Operator, "moving", None, NOW);
    assert_eq!(
        compare(&paused, &identity("2"), Some(&memory(paused.epoch)), false),
        Comparison::Moved
    );
    assert!(
        is_doubtful(compare(&paused, &identity("2"), None, false)),
        "nobody remembers"
    );
    let copy = Memory {
        is_copy: true,
        ..memory(paused.epoch)
    };
    assert!(
        is_doubtful(compare(&paused, &identity("1"), Some(&copy), true)),
        "the copy may be as old as the database"
    );
    let released = paused.released(NOW).unwrap();
    assert!(is_doubtful(compare(
        &paused,
        &identity("2"),
        Some(&memory(released.epoch)),
        false
    )));
}

#[test]
fn a_pause_is_released_once_every_order_in_doubt_is_marked() {
    let paused = used(3).paused(PauseCause::Database, "older", Some(OrderId(9)), NOW);
    assert_eq!(paused.released(NOW), Err(ReleaseRefusal::StillMarking));
    let released = paused.marked().released(NOW).unwrap();
    assert_eq!((released.pause.clone(), released.doubted_up_to), (None, None));
    assert_eq!(released.released(NOW), Err(ReleaseRefusal::NotPaused));
}

#[test]
fn a_second_pause_keeps_what_the_first_one_knew() {
    let first = used(3).paused(PauseCause::Database, "older", Some(OrderId(9)), NOW);
    let later = Timestamp::from_micros(99);
    let second = first.paused(PauseCause::Operator, "looking", None, later);
    let pause = second.pause.unwrap();
    assert_eq!((pause.since, pause.gap_from), (later, Some(NOW)));
    assert!(pause.reason.contains("looking") && pause.reason.contains("older"));
    assert_eq!(second.doubted_up_to, Some(OrderId(9)));
}

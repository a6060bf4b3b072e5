//! What every rate limiter has to do.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use futures::future::join_all;
use ports::limits::{Admission, Bucket, JointAdmission, Limit, RateLimiter};
use tokio::time::{Instant, sleep};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! limits_contract {
    ($with:ident) => {
        $with! { limits:
            a_burst_is_granted_counted_down_and_then_denied,
            what_is_denied_is_granted_when_it_said,
            asking_while_denied_does_not_lengthen_the_wait,
            a_limit_that_is_left_alone_is_whole_again,
            the_average_is_kept_over_time,
            keys_do_not_share_whatever_is_in_them,
            of_many_at_once_exactly_a_burst_is_granted,
            a_limit_that_becomes_smaller_counts_at_once,
            what_was_given_back_can_be_taken_again_and_no_more_than_that,
            from_several_limits_one_is_taken_or_nothing,
            of_several_limits_the_longest_wait_is_told,
            of_many_at_once_no_limit_of_several_gives_more_than_its_burst,
        }
    };
}

const HOUR: Duration = Duration::from_secs(3_600);
/// The clock that limits are counted by may differ from ours by so much.
const SLACK: Duration = Duration::from_millis(10);

const fn limit(count: u32, period: Duration, burst: u32) -> Limit {
    Limit { count, period, burst }
}

const fn granted(admission: Admission) -> bool {
    matches!(admission, Admission::Granted { .. })
}

async fn wait_of(limiter: &dyn RateLimiter, key: &str, limit: Limit) -> Duration {
    match limiter.take(key, limit).await {
        Admission::Denied { retry_after } => retry_after,
        Admission::Granted { remaining } => panic!("granted, and {remaining} more"),
    }
}

pub async fn a_burst_is_granted_counted_down_and_then_denied(limiter: &dyn RateLimiter) {
    let five = limit(10, HOUR, 5);
    for remaining in (0..5).rev() {
        assert_eq!(
            limiter.take("burst", five).await,
            Admission::Granted { remaining }
        );
    }
    let wait = wait_of(limiter, "burst", five).await;
    assert!(wait > Duration::ZERO && wait <= HOUR / 10, "{wait:?}");
}

pub async fn what_is_denied_is_granted_when_it_said(limiter: &dyn RateLimiter) {
    let two = limit(2, Duration::from_secs(1), 2);
    for _ in 0..3 {
        while granted(limiter.take("comes back", two).await) {}
        let wait = wait_of(limiter, "comes back", two).await;
        sleep(wait + SLACK).await;
        assert!(granted(limiter.take("comes back", two).await));
    }
}

pub async fn asking_while_denied_does_not_lengthen_the_wait(limiter: &dyn RateLimiter) {
    let one = limit(1, HOUR, 1);
    assert!(granted(limiter.take("impatient", one).await));
    let mut last = HOUR;
    for _ in 0..50 {
        let wait = wait_of(limiter, "impatient", one).await;
        assert!(wait <= last, "{wait:?} after {last:?}");
        last = wait;
    }
}

pub async fn a_limit_that_is_left_alone_is_whole_again(limiter: &dyn RateLimiter) {
    let three = limit(30, Duration::from_secs(1), 3);
    while granted(limiter.take("left alone", three).await) {}
    sleep(Duration::from_millis(100) + SLACK).await;
    assert_eq!(
        limiter.take("left alone", three).await,
        Admission::Granted { remaining: 2 }
    );
}

pub async fn the_average_is_kept_over_time(limiter: &dyn RateLimiter) {
    let twenty = limit(20, Duration::from_secs(1), 1);
    let begun = Instant::now();
    let mut grants = 0_u32;
    while begun.elapsed() < Duration::from_millis(600) {
        if granted(limiter.take("average", twenty).await) {
            grants += 1;
        }
        sleep(Duration::from_millis(1)).await;
    }
    let most = 1.0 + 20.0 * (begun.elapsed() + SLACK).as_secs_f64();
    assert!(
        f64::from(grants) <= most && grants >= 3,
        "{grants} of at most {most}"
    );
}

pub async fn keys_do_not_share_whatever_is_in_them(limiter: &dyn RateLimiter) {
    let one = limit(1, HOUR, 1);
    let long = "x".repeat(10_000);
    for key in [
        "", " ", "a", "A", "a:b", "{a}", "ключ", "a\nb", "a\0b", "*", &long,
    ] {
        assert!(granted(limiter.take(key, one).await), "{key:?}");
        assert!(!granted(limiter.take(key, one).await), "{key:?}");
    }
}

pub async fn of_many_at_once_exactly_a_burst_is_granted(limiter: &dyn RateLimiter) {
    let fifty = limit(50, HOUR, 50);
    let admissions = join_all((0..200).map(|_| limiter.take("crowd", fifty))).await;
    assert_eq!(admissions.into_iter().filter(|it| granted(*it)).count(), 50);
}

pub async fn a_limit_that_becomes_smaller_counts_at_once(limiter: &dyn RateLimiter) {
    let wide = limit(1, HOUR, 100);
    while granted(limiter.take("shrinks", wide).await) {}
    let wait = wait_of(limiter, "shrinks", limit(10, Duration::from_secs(1), 1)).await;
    assert!(wait <= Duration::from_millis(100), "{wait:?}");
}

pub async fn what_was_given_back_can_be_taken_again_and_no_more_than_that(limiter: &dyn RateLimiter) {
    let three = limit(3, HOUR, 3);
    for _ in 0..3 {
        assert!(granted(limiter.take("returned", three).await));
    }
    assert!(!granted(limiter.take("returned", three).await));
    limiter.give_back("returned", three).await;
    assert!(granted(limiter.take("returned", three).await));
    assert!(!granted(limiter.take("returned", three).await));
    for _ in 0..10 {
        limiter.give_back("returned", three).await;
        limiter.give_back("never taken", three).await;
    }
    for key in ["returned", "never taken"] {
        for _ in 0..3 {
            assert!(granted(limiter.take(key, three).await), "{key}");
        }
        assert!(
            !granted(limiter.take(key, three).await),
            "{key}: more than a burst"
        );
    }
}

const fn bucket(key: &str, limit: Limit) -> Bucket<'_> {
    Bucket { key, limit }
}

pub async fn from_several_limits_one_is_taken_or_nothing(limiter: &dyn RateLimiter) {
    let (two, five) = (limit(2, HOUR, 2), limit(5, HOUR, 5));
    let both = [bucket("joint few", two), bucket("joint many", five)];
    for remaining in [vec![1, 4], vec![0, 3]] {
        assert_eq!(
            limiter.take_all(&both).await,
            JointAdmission::Granted { remaining }
        );
    }
    for _ in 0..10 {
        let denied = limiter.take_all(&both).await;
        assert!(
            matches!(denied, JointAdmission::Denied { bucket: 0, .. }),
            "{denied:?}"
        );
    }
    assert_eq!(
        limiter.take("joint many", five).await,
        Admission::Granted { remaining: 2 },
        "what was denied took nothing"
    );
    limiter.give_back("joint few", two).await;
    let granted = limiter.take_all(&both).await;
    let expected = JointAdmission::Granted {
        remaining: vec![0, 1],
    };
    assert_eq!(granted, expected);
    let nothing = limiter.take_all(&[]).await;
    assert_eq!(
        nothing,
        JointAdmission::Granted {
            remaining: Vec::new()
        }
    );
}

pub async fn of_several_limits_the_longest_wait_is_told(limiter: &dyn RateLimiter) {
    let (short, long) = (limit(60, HOUR, 1), limit(1, HOUR, 1));
    let all = [
        bucket("wait: whole", limit(1, HOUR, 100)),
        bucket("wait: short", short),
        bucket("wait: long", long),
        bucket("wait: short too", short),
    ];
    assert!(matches!(
        limiter.take_all(&all).await,
        JointAdmission::Granted { .. }
    ));
    match limiter.take_all(&all).await {
        JointAdmission::Denied {
            bucket: 2,
            retry_after,
        } => {
            assert!(retry_after > HOUR - HOUR / 60, "{retry_after:?}");
        }
        other => panic!("{other:?}"),
    }
}

pub async fn of_many_at_once_no_limit_of_several_gives_more_than_its_burst(limiter: &dyn RateLimiter) {
    let (fifty, twenty) = (limit(50, HOUR, 50), limit(20, HOUR, 20));
    let of = |mine: bool| {
        let own = if mine { "crowd: mine" } else { "crowd: yours" };
        [bucket("crowd: ours", fifty), bucket(own, twenty)]
    };
    // In both orders, so that whoever locks one after the other would wait for himself.
    let asked = (0..200).map(|number| async move {
        let [shared, own] = of(number % 2 == 0);
        let buckets = if number % 3 == 0 {
            [own, shared]
        } else {
            [shared, own]
        };
        limiter.take_all(&buckets).await
    });
    let granted = join_all(asked).await;
    let granted = granted
        .iter()
        .filter(|it| matches!(it, JointAdmission::Granted { .. }))
        .count();
    assert_eq!(granted, 40, "twenty for each of two");
    assert_eq!(
        limiter.take("crowd: ours", fifty).await,
        Admission::Granted { remaining: 9 }
    );
}

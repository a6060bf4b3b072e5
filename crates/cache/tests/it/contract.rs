//! The contract, on both limiters.

mod in_process {
    macro_rules! on_this {
        ($suite:ident: $($case:ident),+ $(,)?) => { $(
            #[tokio::test]
            async fn $case() {
                testkit::contract::$suite::$case(&cache::InProcessRateLimiter::default()).await;
            }
        )+ };
    }
    testkit::limits_contract!(on_this);
}

mod redis {
    use crate::server;

    macro_rules! on_this {
        ($suite:ident: $($case:ident),+ $(,)?) => { $(
            #[tokio::test]
            async fn $case() {
                let Some(url) = server::url(stringify!($case)) else { return };
                testkit::contract::$suite::$case(&server::limiter(&url)).await;
            }
        )+ };
    }
    testkit::limits_contract!(on_this);
}

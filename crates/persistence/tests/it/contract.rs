//! Every case of every suite on every database.

macro_rules! on_sqlite_memory {
    ($suite:ident: $($case:ident),+ $(,)?) => {
        mod $suite { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::backend::Bench::sqlite_memory().await.check(testkit::contract::$suite::$case).await;
            }
        )+ }
    };
}

macro_rules! on_sqlite_file {
    ($suite:ident: $($case:ident),+ $(,)?) => {
        mod $suite { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::backend::Bench::sqlite_file().await.check(testkit::contract::$suite::$case).await;
            }
        )+ }
    };
}

macro_rules! on_postgres {
    ($suite:ident: $($case:ident),+ $(,)?) => {
        mod $suite { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                if let Some(bench) = $crate::backend::Bench::postgres().await {
                    bench.check(testkit::contract::$suite::$case).await;
                }
            }
        )+ }
    };
}

macro_rules! every_suite {
    ($with:ident) => {
        testkit::identity_contract!($with);
        testkit::identity_admin_contract!($with);
        testkit::social_contract!($with);
        testkit::api_keys_contract!($with);
        testkit::catalog_contract!($with);
        testkit::catalog_services_contract!($with);
        testkit::catalog_feed_contract!($with);
        testkit::catalog_types_contract!($with);
        testkit::syncs_contract!($with);
        testkit::listing_contract!($with);
        testkit::providers_contract!($with);
        testkit::audit_contract!($with);
        testkit::refresh_contract!($with);
        testkit::sessions_contract!($with);
        testkit::rights_contract!($with);
        testkit::two_factor_contract!($with);
        testkit::orders_contract!($with);
        testkit::order_lists_contract!($with);
        testkit::keys_contract!($with);
        testkit::wallets_contract!($with);
        testkit::placing_contract!($with);
        testkit::order_inputs_contract!($with);
        testkit::outbox_contract!($with);
        testkit::attempts_contract!($with);
        testkit::schedules_contract!($with);
        testkit::polls_contract!($with);
        testkit::poll_groups_contract!($with);
        testkit::transfers_contract!($with);
        testkit::outbox_retries_contract!($with);
        testkit::outbox_batches_contract!($with);
        testkit::ledger_contract!($with);
        testkit::writers_contract!($with);
        testkit::submission_contract!($with);
        testkit::mails_contract!($with);
        testkit::currency_contract!($with);
        testkit::funds_contract!($with);
        testkit::withdrawals_contract!($with);
    };
}

mod sqlite_memory {
    every_suite!(on_sqlite_memory);
}

mod sqlite_file {
    every_suite!(on_sqlite_file);
}

mod postgres {
    every_suite!(on_postgres);
}

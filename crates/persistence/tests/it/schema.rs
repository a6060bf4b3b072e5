//! The schema and the domain know the same words.

use domain::catalog::Availability;
use domain::orders::{AttemptOutcome, Hold, OrderState};
use domain::providers::{LookupCapability, PackageRate};
use domain::wallets::{Account, Normal, WalletStatus};
use ports::StoreError;
use testkit::contract::steps::{claimed, placed, rich_shop};
use testkit::fixtures::NOW;

use crate::backend::{Bench, on_every_database};

on_every_database!(
    every_word_of_the_domain_can_be_stored_and_no_other,
    the_chart_of_accounts_is_that_of_the_domain,
);

async fn every_word_of_the_domain_can_be_stored_and_no_other(bench: Bench) {
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let order = placed(&bench.backend, &shop, 1).await.expect("it is placed");
    claimed(&bench.backend, &order, NOW).await.expect("it is claimed");
    let availability = [
        Availability::Active,
        Availability::Disabled,
        Availability::Archived,
    ]
    .map(Availability::as_str);
    let lookup = [
        LookupCapability::None,
        LookupCapability::Reference,
        LookupCapability::LinkAndTime,
    ]
    .map(LookupCapability::as_str);
    let package_rate = [PackageRate::One, PackageRate::Thousand].map(PackageRate::as_str);
    let columns: [(&str, Vec<&str>); 9] = [
        (
            "orders SET state",
            OrderState::ALL.iter().map(|it| it.as_str()).collect(),
        ),
        // With what a hold needs to go along with it.
        (
            "orders SET state = 'voided', provider_order_id = NULL, hold",
            vec![Hold::Pending.as_str(), Hold::Voided.as_str()],
        ),
        (
            "orders SET state = 'submitted', provider_order_id = 'p', hold",
            vec![Hold::Posted.as_str()],
        ),
        (
            "attempts SET proof = 'p', outcome",
            AttemptOutcome::ALL.iter().map(|it| it.as_str()).collect(),
        ),
        (
            "wallets SET status",
            [WalletStatus::Active, WalletStatus::Frozen]
                .map(WalletStatus::as_str)
                .to_vec(),
        ),
        ("providers SET availability", availability.to_vec()),
        ("services SET availability", availability.to_vec()),
        ("providers SET lookup", lookup.to_vec()),
        ("providers SET package_rate", package_rate.to_vec()),
    ];
    for (column, words) in columns {
        for word in words {
            let stored = bench
                .database
                .execute(&format!("UPDATE {column} = '{word}'"))
                .await;
            assert_eq!(stored, Ok(()), "{column} = {word}");
        }
        let nonsense = bench
            .database
            .execute(&format!("UPDATE {column} = 'nonsense'"))
            .await;
        assert!(
            matches!(nonsense, Err(StoreError::Conflict { .. })),
            "{column}: {nonsense:?}"
        );
    }
}

async fn the_chart_of_accounts_is_that_of_the_domain(bench: Bench) {
    let stored = bench
        .database
        .texts("SELECT id || ' ' || code || ' ' || normal FROM ledger_accounts ORDER BY id")
        .await
        .expect("accounts can be read");
    let known = Account::ALL.map(|account| {
        let normal = match account.normal() {
            Normal::Debit => "debit",
            Normal::Credit => "credit",
        };
        format!("{} {} {normal}", account.id(), account.code())
    });
    assert_eq!(stored, known);
}

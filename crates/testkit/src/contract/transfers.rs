//! The rows of the ledger.

#![expect(missing_docs, reason = "the name of a case is its documentation")]
#![expect(clippy::indexing_slicing, reason = "what is not there is a failed test")]

use domain::wallets::{Account, Movement, Transfer, TransferKind};
use domain::{Money, PageSize, UserId};
use ports::StoreError;
use ports::wallets::{EntryCursor, EntryFilter, WalletEntry};

use super::steps::{placed, reported, rich_shop, submitted};
use super::wallets::{micros, wallet_with};
use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, after, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! transfers_contract {
    ($with:ident) => {
        $with! { transfers:
            a_ledger_row_is_recorded_once,
            every_field_of_a_ledger_row_counts,
            entries_show_what_changed_the_spendable_balance,
            entries_say_what_was_there_afterwards_and_filters_leave_entries_out,
            balances_are_the_same_however_many_pages_they_are_read_in,
        }
    };
}

pub async fn a_ledger_row_is_recorded_once(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 0).await?;
    let gift = Movement::adjustment(&ann, micros(5), "request-1", "welcome");
    let mut tx = backend.store.begin().await?;
    assert_eq!(
        tx.wallets()
            .recorded(TransferKind::Adjustment, "request-1")
            .await?,
        None
    );
    tx.wallets().record(&gift.transfers, NOW).await?;
    let recorded = tx
        .wallets()
        .recorded(TransferKind::Adjustment, "request-1")
        .await?;
    assert_eq!(recorded, Some((Some(ann.clone()), micros(5))));
    tx.wallets().record(&[], NOW).await?;
    tx.commit().await?;

    let mut tx = backend.store.begin().await?;
    assert_eq!(
        tx.wallets().recorded(TransferKind::Hold, "request-1").await?,
        None
    );
    conflicts(tx.wallets().record(&gift.transfers, NOW).await, "");
    assert_eq!(tx.commit().await, Err(StoreError::Poisoned));

    let racers = (0..16).map(|_| async {
        let race = Movement::adjustment(&ann, micros(5), "request-2", "race");
        let mut tx = backend.store.begin().await?;
        match tx.wallets().record(&race.transfers, NOW).await {
            Ok(()) => tx.commit().await.map(|()| true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    });
    let won = futures::future::try_join_all(racers).await?;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    Ok(())
}

pub async fn every_field_of_a_ledger_row_counts(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 0).await?;
    let sound = Transfer {
        debit: Account::Bank,
        credit: Account::UserWallets,
        amount: micros(1),
        kind: TransferKind::Adjustment,
        reference: "r".to_owned(),
        user: Some(ann),
        order: None,
        provider: None,
        note: None,
    };
    let unsound = [
        Transfer {
            credit: Account::Bank,
            ..sound.clone()
        },
        Transfer {
            amount: Money::ZERO,
            ..sound.clone()
        },
        Transfer {
            amount: micros(-1),
            ..sound.clone()
        },
        Transfer {
            user: Some(user_id(9)),
            ..sound.clone()
        },
        Transfer {
            order: Some(domain::OrderId(9)),
            ..sound.clone()
        },
        Transfer {
            provider: Some(domain::ProviderId(9)),
            ..sound.clone()
        },
    ];
    for transfer in unsound {
        let mut tx = backend.store.begin().await?;
        conflicts(
            tx.wallets().record(std::slice::from_ref(&transfer), NOW).await,
            "",
        );
    }
    // Every account and every pair of them is known to the database.
    let mut tx = backend.store.begin().await?;
    for (no, pair) in Account::ALL.windows(2).enumerate() {
        let transfer = Transfer {
            debit: pair[0],
            credit: pair[1],
            reference: format!("pair-{no}"),
            ..sound.clone()
        };
        tx.wallets().record(&[transfer], NOW).await?;
    }
    tx.commit().await
}

pub async fn entries_show_what_changed_the_spendable_balance(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    submitted(backend, &order, "4711", after(1)).await?;
    let order = reported(backend, &order, "Partial", 400, after(2)).await?;
    assert!(order.refunded.is_positive());
    let user = &shop.user.id;
    let all_of_them = EntryFilter::default();
    let all = backend
        .wallets
        .entries(user, &all_of_them, None, PageSize::DEFAULT)
        .await?;
    let shown: Vec<_> = all
        .iter()
        .map(|entry| (entry.kind.as_str(), entry.amount, entry.order, entry.at))
        .collect();
    assert_eq!(
        shown,
        [
            ("refund", order.refunded, Some(order.id), after(2)),
            ("hold", micros(-order.price.micros()), Some(order.id), NOW),
            (
                "adjustment",
                Money::from_units(1_000).expect("it fits"),
                None,
                NOW
            ),
        ]
    );
    assert_eq!(
        all.last().and_then(|entry| entry.note.as_deref()),
        Some("opening balance")
    );
    let one = PageSize::new(1).expect("one is a page");
    let mut paged = Vec::new();
    let mut before = None;
    while let Some(entry) = backend
        .wallets
        .entries(user, &all_of_them, before, one)
        .await?
        .pop()
    {
        before = Some(EntryCursor::below(entry.id));
        paged.push(entry);
    }
    assert_eq!(paged, all);
    assert!(
        backend
            .wallets
            .entries(&user_id(2), &all_of_them, None, PageSize::DEFAULT)
            .await?
            .is_empty()
    );
    Ok(())
}

pub async fn entries_say_what_was_there_afterwards_and_filters_leave_entries_out(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    submitted(backend, &order, "4711", after(1)).await?;
    let order = reported(backend, &order, "Partial", 400, after(2)).await?;
    let user = &shop.user.id;
    let all = backend
        .wallets
        .entries(user, &EntryFilter::default(), None, PageSize::DEFAULT)
        .await?;
    let balances: Vec<_> = all.iter().map(|entry| entry.balance).collect();
    let wealth = Money::from_units(1_000).expect("it fits");
    let less = wealth.saturating_sub(order.price);
    assert_eq!(
        balances,
        [less.checked_add(order.refunded).expect("it fits"), less, wealth]
    );
    // A filter leaves entries out, and nothing of a balance.
    for (filter, left) in [
        (
            EntryFilter {
                kind: Some("hold".to_owned()),
                ..EntryFilter::default()
            },
            vec![1],
        ),
        (
            EntryFilter {
                order: Some(order.id),
                ..EntryFilter::default()
            },
            vec![0, 1],
        ),
        (
            EntryFilter {
                from: Some(after(2)),
                ..EntryFilter::default()
            },
            vec![0],
        ),
        (
            EntryFilter {
                until: Some(after(2)),
                ..EntryFilter::default()
            },
            vec![1, 2],
        ),
        (
            EntryFilter {
                kind: Some("gift".to_owned()),
                ..EntryFilter::default()
            },
            vec![],
        ),
    ] {
        let found = backend
            .wallets
            .entries(user, &filter, None, PageSize::DEFAULT)
            .await?;
        let expected: Vec<_> = left.into_iter().map(|at| all[at].clone()).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    Ok(())
}

pub async fn balances_are_the_same_however_many_pages_they_are_read_in(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    for n in 1..=9 {
        let order = placed(backend, &shop, n).await?;
        submitted(backend, &order, &format!("p{n}"), NOW).await?;
        if n % 3 == 0 {
            reported(backend, &order, "Partial", 400, after(n.into())).await?;
        }
    }
    let user = &shop.user.id;
    let of_kind = |kind: &str| EntryFilter {
        kind: Some(kind.to_owned()),
        ..EntryFilter::default()
    };
    let filters = [
        (EntryFilter::default(), 13),
        (of_kind("hold"), 9),
        (of_kind("refund"), 3),
        (
            EntryFilter {
                from: Some(after(3)),
                until: Some(after(9)),
                ..EntryFilter::default()
            },
            2,
        ),
    ];
    for (filter, entries) in filters {
        let all = backend.wallets.entries(user, &filter, None, PageSize::DEFAULT);
        let all = all.await?;
        assert_eq!(all.len(), entries, "{filter:?}");
        for size in 1..=4 {
            let size = PageSize::new(size).expect("it is a page");
            assert_eq!(
                paged(backend, user, &filter, size, WalletEntry::cursor).await?,
                all
            );
            let below = |it: &WalletEntry| EntryCursor::below(it.id);
            assert_eq!(paged(backend, user, &filter, size, below).await?, all);
        }
    }
    // What moves meanwhile changes nothing of a page that goes on where the one before ended.
    let everything = EntryFilter::default();
    let all = backend
        .wallets
        .entries(user, &everything, None, PageSize::DEFAULT);
    let all = all.await?;
    placed(backend, &shop, 10).await?;
    let rest = backend
        .wallets
        .entries(user, &everything, Some(all[4].cursor()), PageSize::DEFAULT);
    assert_eq!(rest.await?, all[5..]);
    Ok(())
}

/// Every entry, page by page; `next` says where the page below an entry begins.
async fn paged(
    backend: &Backend,
    user: &UserId,
    filter: &EntryFilter,
    size: PageSize,
    next: impl Fn(&WalletEntry) -> EntryCursor,
) -> Result<Vec<WalletEntry>, StoreError> {
    let mut paged = Vec::new();
    let mut from = None;
    loop {
        let page = backend.wallets.entries(user, filter, from, size).await?;
        let Some(last) = page.last() else {
            return Ok(paged);
        };
        from = Some(next(last));
        paged.extend(page);
    }
}

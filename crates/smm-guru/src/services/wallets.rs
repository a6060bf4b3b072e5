//! Money.

use std::sync::Arc;

use application::wallets::{BrowseWallet, CreditWallet, SetWalletStatus, UseCases};

use crate::Adapters;

pub(super) fn use_cases(ports: &Adapters) -> UseCases {
    let Adapters {
        store,
        identity,
        wallets,
        ids,
        clock,
        funds_policy,
        ..
    } = ports.clone();
    let browse = BrowseWallet::new(store.clone(), wallets.clone(), clock.clone());
    let credit = CreditWallet::new(store.clone(), identity, wallets, ids, clock.clone(), funds_policy);
    UseCases {
        browse: Arc::new(browse),
        credit: Arc::new(credit),
        set_status: Arc::new(SetWalletStatus::new(store, clock)),
    }
}

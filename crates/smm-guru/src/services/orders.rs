//! What people do with orders.

use std::sync::Arc;

use application::currency::Rates;
use application::orders::{BrowseOrders, CancelOrder, DecideOrder, PlaceOrder, PlaceOrders, UseCases};
use application::submission::SubmissionGuard;
use domain::orders::OrderPolicy;

use crate::Adapters;

pub(super) fn use_cases(
    ports: &Adapters,
    submission: &Arc<SubmissionGuard>,
    rates: &Arc<Rates>,
    policy: OrderPolicy,
) -> UseCases {
    let Adapters {
        store,
        orders,
        catalog,
        clock,
        ..
    } = ports.clone();
    let place = PlaceOrder::new(
        store.clone(),
        orders.clone(),
        catalog.clone(),
        clock.clone(),
        policy,
    );
    let place_many = PlaceOrders::new(store.clone(), orders.clone(), catalog, clock.clone(), policy);
    let cancel = CancelOrder::new(store.clone(), clock.clone(), submission.clone());
    UseCases {
        place: Arc::new(place.under(rates.clone())),
        place_many: Arc::new(place_many.under(rates.clone())),
        cancel: Arc::new(cancel),
        browse: Arc::new(BrowseOrders::new(orders)),
        decide: Arc::new(DecideOrder::new(store, clock, submission.clone(), policy)),
    }
}

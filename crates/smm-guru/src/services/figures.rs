//! Figures.

use std::sync::Arc;

use application::figures::{OwnFigures, Reports, ShopFigures, UseCases};

use crate::Adapters;

pub(super) fn use_cases(ports: &Adapters) -> UseCases {
    let Adapters {
        figures,
        orders,
        clock,
        ..
    } = ports.clone();
    UseCases {
        shop: Arc::new(ShopFigures::new(figures.clone(), orders, clock.clone())),
        reports: Arc::new(Reports::new(figures.clone(), clock.clone())),
        own: Arc::new(OwnFigures::new(figures, clock)),
    }
}

//! Catalogue rows as the domain's values, and back.

use domain::catalog::{Availability, Category, QuantityRange, Service, ServiceType, Stopped};
use domain::text::Name;
use domain::{CategoryId, ProviderId, Rate, ServiceId, Timestamp, UserId};
use entities::{categories, services};
use ports::StoreError;
use ports::catalog::{CategoryView, NewService};
use sea_orm::{NotSet, Set};

use crate::decode::{number, rate, stored, unreadable, word};

pub(super) fn category(row: categories::Model) -> Result<CategoryView, StoreError> {
    let category = Category {
        id: CategoryId(row.id),
        name: Name::from_stored(row.name),
        availability: word(
            "categories.availability",
            &row.availability,
            Availability::from_stored,
        )?,
        position: row.position,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    };
    Ok(CategoryView {
        category,
        created_by: UserId::new(row.created_by),
    })
}

pub(super) fn service(row: services::Model) -> Result<Service, StoreError> {
    let quantity = QuantityRange::new(
        number("services.quantity_min", row.quantity_min)?,
        number("services.quantity_max", row.quantity_max)?,
    )
    .ok_or_else(|| unreadable("services.quantity_max", row.quantity_max))?;
    Ok(Service {
        id: ServiceId(row.id),
        provider: ProviderId(row.provider_id),
        upstream_id: row.upstream_id,
        name: Name::from_stored(row.name),
        service_type: ServiceType::parse(&row.service_type),
        rate: rate("services.rate", row.rate)?,
        profit: row
            .profit
            .map(|nanos| rate("services.profit", nanos))
            .transpose()?,
        quantity,
        dripfeed: row.dripfeed,
        refill: row.refill,
        cancel: row.cancel,
        category: CategoryId(row.category_id),
        availability: word(
            "services.availability",
            &row.availability,
            Availability::from_stored,
        )?,
        description: row.description,
        fixed_price: row
            .fixed_price
            .map(|nanos| rate("services.fixed_price", nanos))
            .transpose()?,
        sell_at_loss: row.sell_at_loss,
        average_time: row.average_time,
        upstream_name: row.upstream_name,
        stopped: row
            .stopped
            .map(|stopped| word("services.stopped", &stopped, Stopped::from_stored))
            .transpose()?,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

pub(super) fn new_service_row(new: &NewService, now: Timestamp) -> Result<services::ActiveModel, StoreError> {
    Ok(services::ActiveModel {
        id: NotSet,
        provider_id: Set(new.provider.0),
        upstream_id: Set(new.upstream_id.clone()),
        name: Set(new.name.as_str().to_owned()),
        service_type: Set(new.service_type.as_str().to_owned()),
        rate: Set(new.rate.nanos()),
        profit: Set(new.profit.map(Rate::nanos)),
        quantity_min: Set(stored("services.quantity_min", new.quantity.min())?),
        quantity_max: Set(stored("services.quantity_max", new.quantity.max())?),
        dripfeed: Set(new.dripfeed),
        refill: Set(new.refill),
        cancel: Set(new.cancel),
        category_id: Set(new.category.0),
        availability: Set(Availability::Active.as_str().to_owned()),
        description: Set(new.description.clone()),
        fixed_price: Set(None),
        sell_at_loss: Set(false),
        average_time: Set(None),
        upstream_name: Set(Some(new.name.as_str().to_owned())),
        stopped: Set(None),
        created_by: Set(new.created_by.as_str().to_owned()),
        created_at: Set(now.micros()),
        updated_at: Set(now.micros()),
    })
}

/// What a change of a service writes: everything but its id and its origin.
pub(super) fn service_row(service: &Service) -> Result<services::ActiveModel, StoreError> {
    Ok(services::ActiveModel {
        id: NotSet,
        provider_id: Set(service.provider.0),
        upstream_id: Set(service.upstream_id.clone()),
        name: Set(service.name.as_str().to_owned()),
        service_type: Set(service.service_type.as_str().to_owned()),
        rate: Set(service.rate.nanos()),
        profit: Set(service.profit.map(Rate::nanos)),
        quantity_min: Set(stored("services.quantity_min", service.quantity.min())?),
        quantity_max: Set(stored("services.quantity_max", service.quantity.max())?),
        dripfeed: Set(service.dripfeed),
        refill: Set(service.refill),
        cancel: Set(service.cancel),
        category_id: Set(service.category.0),
        availability: Set(service.availability.as_str().to_owned()),
        description: Set(service.description.clone()),
        fixed_price: Set(service.fixed_price.map(Rate::nanos)),
        sell_at_loss: Set(service.sell_at_loss),
        average_time: Set(service.average_time.clone()),
        upstream_name: Set(service.upstream_name.clone()),
        stopped: Set(service.stopped.map(|stopped| stopped.as_str().to_owned())),
        created_by: NotSet,
        created_at: NotSet,
        updated_at: Set(service.updated_at.micros()),
    })
}

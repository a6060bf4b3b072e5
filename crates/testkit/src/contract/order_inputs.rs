//! Orders that say more than link and quantity.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::catalog::{QuantityRange, ServiceType};
use domain::orders::{NewOrder, OrderInput, PlacementRequest, place};
use domain::text::Comments;
use domain::{OrderId, PageSize};
use ports::orders::OrderFilter;
use ports::placing::Placement;

use super::placing::{is_taken, placement, still_offers, write};
use super::steps::rich_shop;
use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, link};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! order_inputs_contract {
    ($with:ident) => {
        $with! { order_inputs:
            what_an_order_says_beside_its_quantity_reads_back_as_placed,
            an_offer_of_each_type_stands_for_orders_of_that_type_alone,
        }
    };
}

/// An order of the shop's service as it would be if it were of this type.
fn order_of(shop: &Shop, kind: &ServiceType, n: u32) -> NewOrder {
    let mut offer = shop.offer();
    offer.service.service_type = kind.clone();
    let input = match kind {
        ServiceType::Package => OrderInput::default(),
        _ if kind.takes_comments() => {
            let lines = "so good\n100% \u{1f44d} & 'more'\n".repeat(5);
            Comments::parse(&lines).expect("comments").into()
        }
        _ => 1_000.into(),
    };
    let request = PlacementRequest { link: link(n), input };
    place(&shop.user, &offer, request, NOW).expect("the order is valid")
}

pub async fn what_an_order_says_beside_its_quantity_reads_back_as_placed(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let mut tx = backend.store.begin().await?;
    let orders: Vec<NewOrder> = (1..)
        .zip(&ServiceType::ORDERABLE)
        .map(|(n, kind)| order_of(&shop, kind, n))
        .collect();
    let mut ids = Vec::new();
    for order in &orders {
        ids.push(tx.orders().insert(order).await?);
    }
    let many = tx.orders().insert_all(&orders).await?;
    ids.extend(many.iter().map(|order| order.id));
    tx.commit().await?;
    for (id, order) in ids.into_iter().zip(orders.iter().chain(&orders)) {
        let view = backend.orders.find(id).await?.expect("it is there");
        assert_eq!(view.service_type, *order.service_type());
        assert_eq!(view.order, order.clone().identified(id));
        let own = backend
            .orders
            .find_of(&shop.user.id, id)
            .await?
            .expect("it is there");
        assert_eq!(own, view);
        assert_eq!(backend.orders.comments(id).await?.as_ref(), order.comments());
    }
    let listed = backend
        .orders
        .list(&OrderFilter::default(), None, PageSize::DEFAULT)
        .await?;
    let packages = listed.iter().filter(|view| view.service_type.is_package());
    assert_eq!(packages.count(), 4);
    assert_eq!(backend.orders.comments(OrderId(404)).await?, None);
    Ok(())
}

pub async fn an_offer_of_each_type_stands_for_orders_of_that_type_alone(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let mut service = shop.service.clone();
    for kind in &ServiceType::ORDERABLE {
        service.service_type = kind.clone();
        write(backend, &service).await?;
        for (n, ordered) in (1..).zip(&ServiceType::ORDERABLE) {
            let order = order_of(&shop, ordered, n);
            assert_eq!(
                still_offers(backend, &order).await?,
                kind == ordered,
                "{kind:?} {ordered:?}"
            );
            if *ordered != ServiceType::Default {
                let wanted = Placement {
                    order,
                    ..placement(&shop, "key")
                };
                assert!(
                    !is_taken(backend, &shop, &wanted).await?,
                    "in one go there is link and quantity"
                );
            }
        }
    }
    // What a provider lists as the size of a package is no range to order in.
    service.quantity = QuantityRange::new(500, 500).expect("a range");
    service.service_type = ServiceType::Package;
    write(backend, &service).await?;
    assert!(still_offers(backend, &order_of(&shop, &ServiceType::Package, 1)).await?);
    service.service_type = ServiceType::CustomComments;
    write(backend, &service).await?;
    assert!(!still_offers(backend, &order_of(&shop, &ServiceType::CustomComments, 1)).await?);
    Ok(())
}

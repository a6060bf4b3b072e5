//! What must be true when everything has been finished, wherever processes died.

use domain::orders::{Hold, Order};
use domain::{Money, PageSize};
use ports::orders::OrderFilter;

use super::world::{Client, World};
use crate::support::{prove_the_books, the_panel_agrees};

impl World {
    /// Every order that somebody asked for is there once, has ended, was sent once at most, and is at the panel exactly
    /// if it was paid for; the money is where both ledgers say.
    pub async fn prove(&self, codes: &[&str]) {
        let orders = self.orders().await;
        for client in self.clients.values() {
            let mut price = 0;
            for link in client.wish.links() {
                let of_this = |order: &&Order| order.link.as_str() == link;
                let theirs: Vec<_> = orders.iter().filter(of_this).collect();
                let [order] = theirs.as_slice() else {
                    panic!("{codes:?}: {} has the orders {theirs:#?}", client.wish.key);
                };
                price += order.price.micros();
            }
            assert_eq!(
                client.price,
                Some(price),
                "{codes:?}: {} was told another price",
                client.wish.key
            );
        }
        assert_eq!(
            orders.len(),
            self.clients
                .values()
                .map(|client| client.wish.orders)
                .sum::<usize>(),
            "{codes:?}: nobody asked for some order"
        );
        for order in &orders {
            self.prove_order(codes, order);
        }
        assert_eq!(
            self.panel.orders().len(),
            orders.iter().filter(|order| order.hold == Hold::Posted).count(),
            "{codes:?}: what the panel has in all"
        );
        self.prove_the_wallet(codes, &orders).await;
        prove_the_books(&self.system).await;
    }

    /// Wherever a process died, nobody has a part of what they asked for.
    pub async fn prove_all_or_none(&self, codes: &[&str]) {
        let orders = self.orders().await;
        for Client { wish, .. } in self.clients.values() {
            let links = wish.links();
            let theirs = orders
                .iter()
                .filter(|order| links.iter().any(|link| link == order.link.as_str()));
            let theirs = theirs.count();
            assert!(
                theirs == 0 || theirs == wish.orders,
                "{codes:?}: {} has {theirs} of {} orders",
                wish.key,
                wish.orders
            );
        }
    }

    async fn orders(&self) -> Vec<Order> {
        let queries = &self.system.adapters().orders;
        let everything = queries.list(&OrderFilter::default(), None, PageSize::WHOLE).await;
        let orders: Vec<Order> = everything.unwrap().into_iter().map(|view| view.order).collect();
        assert!(
            orders.len() < usize::from(PageSize::WHOLE.rows()),
            "the world is full"
        );
        orders
    }

    fn prove_order(&self, codes: &[&str], order: &Order) {
        let link = order.link.as_str();
        assert!(
            order.state.is_terminal(),
            "{codes:?}: it has not ended: {order:#?}"
        );
        let log = self.panel.log();
        let sent = log
            .iter()
            .filter(|entry| entry.action == "add" && entry.fields.get("link").is_some_and(|of| of == link));
        let sent = sent.count();
        assert!(sent <= 1, "{codes:?}: {link} was sent {sent} times");
        let placed = self.panel.placed_count_for_link(link);
        assert_eq!(
            placed,
            u64::from(order.hold == Hold::Posted),
            "{codes:?}: what the panel has of {order:#?}"
        );
        the_panel_agrees(&self.panel, order);
    }

    async fn prove_the_wallet(&self, codes: &[&str], orders: &[Order]) {
        let wallets = &self.system.adapters().wallets;
        let wallet = wallets.wallet(&self.customer).await.unwrap().unwrap();
        let spent = orders
            .iter()
            .filter(|order| order.hold == Hold::Posted)
            .map(|order| order.price.saturating_sub(order.refunded).micros())
            .sum();
        let spent = Money::from_micros(spent);
        assert_eq!(
            (wallet.available.checked_add(spent), wallet.held),
            (Some(self.funds), Money::ZERO),
            "{codes:?}: the customer's money"
        );
    }
}

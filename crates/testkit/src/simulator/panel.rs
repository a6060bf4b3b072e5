//! The provider: it keeps what it was sent, and is the witness. What it says about that is another matter.

use std::time::Duration;

use domain::orders::Order;
use domain::providers::{AddAnswer, AddBody, ListedOrder, LookupCapability, UpstreamCount, UpstreamOrder};
use domain::{OrderId, ProviderOrderId, Timestamp};
use ports::gateway::StatusAnswer;

use super::dice::Dice;

/// What the provider does with a request, and what it says it did. It refuses with a listed reason only what it does not
/// have: nothing can be built on a provider that breaks its plain word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// Takes it and says so.
    Accepts,
    /// Takes it and answers this status with this body.
    AcceptsBut(u16, Says),
    /// Takes nothing and answers this status with this body.
    RefusesWith(u16, Says),
}

/// The body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// The id of the order.
    Id,
    /// The id of another order.
    OtherId,
    /// The id and an error.
    Both,
    /// An object with neither.
    Neither,
    /// A page.
    Html,
    /// A listed reason, so that nothing was placed.
    Listed(&'static str),
    /// Words that prove nothing.
    Vague(&'static str),
}

const MOODS: [Mood; 26] = [
    Mood::Accepts,
    Mood::Accepts,
    Mood::Accepts,
    Mood::Accepts,
    Mood::Accepts,
    Mood::Accepts,
    Mood::AcceptsBut(500, Says::Id),
    Mood::AcceptsBut(502, Says::Html),
    Mood::AcceptsBut(500, Says::Listed("Not enough funds on balance")),
    Mood::AcceptsBut(200, Says::Html),
    Mood::AcceptsBut(200, Says::Neither),
    Mood::AcceptsBut(200, Says::Both),
    Mood::AcceptsBut(404, Says::Id),
    Mood::AcceptsBut(302, Says::Html),
    Mood::AcceptsBut(200, Says::OtherId),
    Mood::AcceptsBut(200, Says::Vague("You have active order with this link")),
    Mood::AcceptsBut(200, Says::Vague("neworder.error.link_duplicate")),
    Mood::AcceptsBut(200, Says::Vague("Something else")),
    Mood::RefusesWith(200, Says::Listed("neworder.error.not_enough_funds")),
    Mood::RefusesWith(422, Says::Listed("Incorrect service ID")),
    Mood::RefusesWith(401, Says::Vague("Unauthorized")),
    Mood::RefusesWith(429, Says::Vague("Too many requests")),
    Mood::RefusesWith(500, Says::Html),
    Mood::RefusesWith(200, Says::Vague("Try again later")),
    Mood::RefusesWith(200, Says::Neither),
    Mood::RefusesWith(503, Says::Id),
];

impl Mood {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        dice.pick(&MOODS).copied().unwrap_or(Self::Accepts)
    }
}

/// Where an order stands at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Pending,
    Running,
    Completed,
    Partial,
    Canceled,
}

/// An order at the provider.
#[derive(Debug, Clone)]
pub(super) struct UpstreamRow {
    pub(super) id: ProviderOrderId,
    /// The order that was really sent, and when it was placed: a restored database may give its id to another one.
    owner: (OrderId, Timestamp),
    listed: ListedOrder,
    delivery: Delivery,
    quantity: u64,
    remains: u64,
}

/// How long ago it took its oldest order.
const TAKEN_BEFORE: Duration = Duration::from_hours(48);

/// The provider.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    pub(super) capability: LookupCapability,
    pub(super) orders: Vec<UpstreamRow>,
    /// Whether it leaves an order out of every answer about several.
    shy: bool,
    /// An order that it took before all others, so that a list that is not cut reaches back.
    oldest: ListedOrder,
}

impl Panel {
    pub(super) fn new(capability: LookupCapability, shy: bool, opened_at: Timestamp) -> Self {
        let oldest = ListedOrder {
            id: ProviderOrderId::new("1"),
            upstream_service: None,
            link: Some("https://instagram.com/p/oldest".to_owned()),
            quantity: Some(77),
            created_at: Some(opened_at.minus(TAKEN_BEFORE)),
            reference: None,
        };
        Self {
            capability,
            orders: Vec::new(),
            shy,
            oldest,
        }
    }

    /// How often it really took the order.
    pub(super) fn took(&self, order: &Order) -> usize {
        self.orders.iter().filter(|row| row.is_of(order)).count()
    }

    /// Under which id it has the order.
    pub(super) fn id_of(&self, order: &Order) -> Option<ProviderOrderId> {
        let row = self.orders.iter().find(|row| row.is_of(order));
        row.map(|row| row.id.clone())
    }

    /// Whether it delivers what the order is about.
    pub(super) fn delivers(&self, order: &Order) -> bool {
        let link = Some(order.link.as_str());
        self.orders.iter().any(|row| row.listed.link.as_deref() == link)
    }

    /// A request arrives.
    pub(super) fn receive(
        &mut self,
        order: &Order,
        mood: Mood,
        recorded: &[ProviderOrderId],
        dice: &mut Dice,
        at: Timestamp,
    ) -> AddAnswer {
        // A wrong id of an order that is looked up by its link would hide that order from us: see the limits above.
        let by_link = self.capability == LookupCapability::LinkAndTime;
        let ids = self
            .orders
            .iter()
            .map(|row| &row.id)
            .filter(|id| !by_link || recorded.contains(id));
        let others: Vec<ProviderOrderId> = ids.cloned().collect();
        let other = dice.pick(&others).cloned();
        let (status, says, id) = match mood {
            Mood::Accepts => (200, Says::Id, self.take(order, at)),
            Mood::AcceptsBut(status, says) => (status, says, self.take(order, at)),
            Mood::RefusesWith(status, says) => (status, says, ProviderOrderId::new("7")),
        };
        let body = |order: Option<&ProviderOrderId>, error: Option<&str>| AddBody::Object {
            order: order.map(|id| id.as_str().to_owned()),
            error: error.map(str::to_owned),
        };
        let body = match says {
            Says::Id => body(Some(&id), None),
            Says::OtherId => body(Some(other.as_ref().unwrap_or(&id)), None),
            Says::Both => body(Some(&id), Some("order is being processed")),
            Says::Neither => body(None, None),
            Says::Html => AddBody::NotAnObject,
            Says::Listed(text) | Says::Vague(text) => body(None, Some(text)),
        };
        AddAnswer::Answered {
            status,
            body,
            excerpt: String::new(),
        }
    }

    fn take(&mut self, order: &Order, at: Timestamp) -> ProviderOrderId {
        let id = ProviderOrderId::new(format!("{}", 100 + self.orders.len()));
        let keeps_references = self.capability == LookupCapability::Reference;
        self.orders.push(UpstreamRow {
            id: id.clone(),
            owner: (order.id, order.created_at),
            listed: ListedOrder {
                id: id.clone(),
                upstream_service: Some(order.service.upstream_id.clone()),
                link: Some(order.link.as_str().to_owned()),
                quantity: Some(order.quantity),
                created_at: Some(at),
                reference: keeps_references.then(|| order.reference()),
            },
            delivery: Delivery::Pending,
            quantity: order.quantity,
            remains: order.quantity,
        });
        id
    }

    /// The list of recent orders, or those with a reference. Lists are cut, columns are left out, links are rewritten.
    /// `None` if the request fails.
    pub(super) fn list(&self, order: &Order, dice: &mut Dice) -> Option<Vec<ListedOrder>> {
        if dice.one_in(6) {
            return None;
        }
        if self.capability == LookupCapability::Reference {
            let asked = Some(order.reference());
            let found = |row: &&UpstreamRow| row.listed.reference == asked;
            return Some(
                self.orders
                    .iter()
                    .filter(found)
                    .map(|row| row.listed.clone())
                    .collect(),
            );
        }
        let newest_first = self.orders.iter().rev().map(|row| &row.listed);
        let mut list: Vec<ListedOrder> = newest_first.chain([&self.oldest]).cloned().collect();
        if dice.one_in(5) {
            list.truncate(dice.index(list.len()).unwrap_or_default());
        }
        for row in &mut list {
            match dice.below(24) {
                1 => row.link = row.link.as_ref().map(|link| format!("{link}/?hl=en")),
                2 => row.link = None,
                3 => row.quantity = None,
                4 => row.created_at = None,
                5 => row.upstream_service = None,
                _ => {}
            }
        }
        Some(list)
    }

    /// What it says about some of its orders, at this moment, and about others. `None` if the request fails. Now and then it
    /// lies, leaves one out, or does not know it. Asked about several, a shy one never says anything about the first.
    pub(super) fn statuses(
        &self,
        ids: &[ProviderOrderId],
        dice: &mut Dice,
    ) -> Option<Vec<(ProviderOrderId, StatusAnswer)>> {
        if dice.one_in(6) {
            return None;
        }
        let shy = ids.iter().min().filter(|_| self.shy && ids.len() > 1);
        let told = ids.iter().filter(|id| Some(*id) != shy);
        let mut answered: Vec<&ProviderOrderId> = told.filter(|_| !dice.one_in(10)).collect();
        let strangers = ProviderOrderId::new("1");
        if dice.one_in(3) {
            let others = self
                .orders
                .iter()
                .map(|row| &row.id)
                .filter(|id| !ids.contains(id));
            answered.extend(others.chain([&strangers]));
        }
        let answers = answered.into_iter().map(|id| {
            let row = self.orders.iter().find(|row| row.id == *id && !dice.one_in(15));
            let answer = match row {
                Some(row) => StatusAnswer::Reported(row.report(dice)),
                None => StatusAnswer::Refused("Incorrect order ID".to_owned()),
            };
            (id.clone(), answer)
        });
        Some(answers.collect())
    }

    /// It is asked to cancel an order; it may.
    pub(super) fn cancel(&mut self, id: &ProviderOrderId, dice: &mut Dice) {
        let row = self.orders.iter_mut().find(|row| row.id == *id);
        if let Some(row) = row.filter(|row| row.is_open() && !dice.one_in(3)) {
            row.delivery = Delivery::Canceled;
        }
    }

    /// It works on what it has.
    pub(super) fn work(&mut self, dice: &mut Dice) {
        for row in self.orders.iter_mut().filter(|row| row.is_open()) {
            row.remains -= dice.below(row.remains + 1);
            row.delivery = match dice.below(8) {
                0 => Delivery::Completed,
                1 => Delivery::Partial,
                2 => Delivery::Canceled,
                _ => Delivery::Running,
            };
        }
    }
}

impl UpstreamRow {
    fn is_of(&self, order: &Order) -> bool {
        self.owner == (order.id, order.created_at)
    }

    const fn is_open(&self) -> bool {
        matches!(self.delivery, Delivery::Pending | Delivery::Running)
    }

    fn report(&self, dice: &mut Dice) -> UpstreamOrder {
        let (status, remains) = match self.delivery {
            Delivery::Pending => ("Pending", self.quantity),
            Delivery::Running => ("In progress", self.remains),
            Delivery::Completed => ("Completed", 0),
            Delivery::Partial => ("Partial", self.remains),
            Delivery::Canceled => ("Canceled", self.quantity),
        };
        let (status, remains) = match dice.below(30) {
            1 => ("Refunded", UpstreamCount::Known(remains)),
            2 => ("", UpstreamCount::Absent),
            3 => ("Partial", UpstreamCount::Known(self.quantity + 1)),
            4 => ("Partial", UpstreamCount::Invalid("-3".to_owned())),
            5 => ("Partial", UpstreamCount::Absent),
            6 => ("Partial", UpstreamCount::Known(u64::MAX)),
            7 => ("Completed", UpstreamCount::Known(remains)),
            8 => ("Cancelled", UpstreamCount::Absent),
            9 => ("processing", UpstreamCount::Known(dice.roll())),
            10 => ("Partial", UpstreamCount::Known(dice.below(self.quantity + 1))),
            _ => (status, UpstreamCount::Known(remains)),
        };
        UpstreamOrder {
            status: status.to_owned(),
            start_count: UpstreamCount::Known(0),
            remains,
            charge: None,
        }
    }
}

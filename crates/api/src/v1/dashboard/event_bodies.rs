//! What live updates say.

use application::live::{Ending, Item, Reload, Watcher, What};
use ports::live::{OrderNews, Position, WalletNews};
use serde::Serialize;
use utoipa::ToSchema;

use super::CURRENCY;
use crate::wire::{WireTime, amount_text};

/// `event: order`. Something happened to an order. The order is as it was when this was read, which is never before it
/// happened, so the last event of an order is right.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderEvent {
    /// The order.
    #[schema(example = 4711)]
    id: i64,
    #[schema(example = "Instagram Followers")]
    service_name: String,
    /// `Pending`, `In progress`, `Completed`, `Partial` or `Canceled`.
    #[schema(example = "In progress")]
    status: &'static str,
    quantity: i64,
    /// What is not delivered yet.
    remains: Option<i64>,
    /// The counter before the delivery began.
    start_count: Option<i64>,
    /// What it cost.
    #[schema(example = "1.40")]
    charge: String,
    /// What went back.
    #[schema(example = "0.00")]
    refunded: String,
    #[schema(example = "USD")]
    currency: &'static str,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: WireTime,
    /// For staff only.
    #[serde(flatten)]
    staff: OrderEventForStaff,
}

/// What staff are told of an order besides; customers are told none of it.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderEventForStaff {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<i64>,
    /// Where the order is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "submitted")]
    state: Option<&'static str>,
    /// What happened, as in the order's history.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "submitted")]
    kind: Option<&'static str>,
    /// Who caused it: `system`, `provider`, `customer` or `staff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "provider")]
    actor: Option<String>,
}

/// One event of the stream, field by field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "events are written line by line; this describes them")]
pub struct StreamedEvent {
    /// Where the stream is. Whoever sends it back as `Last-Event-ID` goes on after it.
    #[schema(example = "4711-815")]
    id: String,
    /// `ready`, `order`, `wallet`, `reload` or `closed`.
    #[schema(example = "order")]
    event: String,
    /// A `LiveEvent` as JSON: which one, `event` says.
    #[schema(content_media_type = "application/json")]
    data: String,
    /// After how many milliseconds to connect again.
    #[schema(example = 2000)]
    retry: Option<u32>,
}

/// `event: wallet`. Money of a wallet moved. The balance is as it was when this was read, so the last event is right.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletEvent {
    /// The row of the ledger, as in the list of transactions.
    #[schema(example = 815)]
    id: i64,
    /// Why money moved.
    #[schema(example = "refund")]
    kind: String,
    /// By how much it changed what can be spent; negative is out.
    #[schema(example = "-1.40")]
    amount: String,
    /// The order behind it.
    order_id: Option<i64>,
    /// What can be spent.
    #[schema(example = "98.60")]
    balance: String,
    /// What waits for providers' answers.
    #[schema(example = "1.40")]
    held: String,
    #[schema(example = "USD")]
    currency: &'static str,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: WireTime,
    /// Whose wallet it is; for staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
}

/// `event: ready`, once at the beginning: everything that happens from here on is told. A page that opens the stream
/// first and loads its lists after this misses nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyEvent {
    /// Whether the stream goes on where `Last-Event-ID` says.
    resumed: bool,
}

/// `event: reload`. Some things will not be told: load everything anew.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReloadEvent {
    /// `too_old`: what came after `Last-Event-ID` is not kept any more. `unknown_id`: it is none of ours. `slow`: the
    /// client reads more slowly than things happen; the stream ends.
    #[schema(example = "too_old")]
    reason: &'static str,
}

/// `event: closed`, the last one.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClosedEvent {
    /// `signed_out`: the session ended, the user was banned or has lost the right. `stopping`: the server stops; connect
    /// again. `unavailable`: for a minute it could not be found out whether the session is open.
    #[schema(example = "signed_out")]
    reason: &'static str,
}

/// The `data` of one event of the stream, by its `event`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum LiveEvent {
    /// `event: ready`
    Ready(ReadyEvent),
    /// `event: order`
    Order(OrderEvent),
    /// `event: wallet`
    Wallet(WalletEvent),
    /// `event: reload`
    Reload(ReloadEvent),
    /// `event: closed`
    Closed(ClosedEvent),
}

impl LiveEvent {
    pub fn ready(resumed: bool) -> Self {
        Self::Ready(ReadyEvent { resumed })
    }

    fn news(what: &What, watcher: &Watcher) -> Self {
        match what {
            What::Order(news) => Self::Order(order(news, watcher)),
            What::Wallet(news) => Self::Wallet(wallet(news, watcher)),
        }
    }

    pub fn reload(reload: Reload) -> Self {
        Self::Reload(ReloadEvent {
            reason: match reload {
                Reload::TooOld => "too_old",
                Reload::Unknown => "unknown_id",
                Reload::Slow => "slow",
            },
        })
    }

    pub fn closed(ending: Ending) -> Self {
        Self::Closed(ClosedEvent {
            reason: match ending {
                Ending::SignedOut => "signed_out",
                Ending::Unavailable => "unavailable",
                Ending::Stopping => "stopping",
            },
        })
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Ready(_) => "ready",
            Self::Order(_) => "order",
            Self::Wallet(_) => "wallet",
            Self::Reload(_) => "reload",
            Self::Closed(_) => "closed",
        }
    }

    /// Appends the event as it goes over the wire.
    pub fn write(&self, at: Position, text: &mut String) {
        write(at, &self.words(), text);
    }

    /// The event without where the stream is, which no two of them need have in common.
    fn words(&self) -> String {
        // What we made ourselves is JSON, on one line.
        let data = serde_json::to_string(self).unwrap_or_default();
        format!("event: {}\ndata: {data}\n\n", self.name())
    }
}

/// Appends what happened as it goes over the wire. It is put into words once for all who see the same of it.
pub fn write_news(item: &Item, at: Position, watcher: &Watcher, text: &mut String) {
    let words = item.words(watcher, || LiveEvent::news(&item.what, watcher).words());
    write(at, &words, text);
}

fn write(at: Position, words: &str, text: &mut String) {
    text.push_str("id: ");
    text.push_str(&id(at));
    text.push('\n');
    text.push_str(words);
}

/// A position as the id of an event.
pub fn id(at: Position) -> String {
    format!("{}-{}", at.events, at.transfers)
}

/// Reads the id of an event. `None` if it is none of ours.
pub fn position(id: &str) -> Option<Position> {
    let (events, transfers) = id.split_once('-')?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
    let at = Position {
        events: number(events)?,
        transfers: number(transfers)?,
    };
    (self::id(at) == id).then_some(at)
}

fn order(news: &OrderNews, watcher: &Watcher) -> OrderEvent {
    OrderEvent {
        id: news.order.0,
        service_name: news.service_name.clone(),
        status: news.state.customer_status().as_str(),
        quantity: news.quantity,
        remains: news.remains,
        start_count: news.start_count,
        charge: amount_text(news.price),
        refunded: amount_text(news.refunded),
        currency: CURRENCY,
        at: WireTime(news.at),
        staff: if watcher.is_staff() {
            for_staff(news)
        } else {
            OrderEventForStaff::default()
        },
    }
}

fn for_staff(news: &OrderNews) -> OrderEventForStaff {
    OrderEventForStaff {
        user_id: Some(news.user.to_string()),
        service_id: Some(news.service.0),
        provider_id: Some(news.provider.0),
        state: Some(news.state.as_str()),
        kind: Some(news.kind.as_str()),
        actor: Some(news.actor.clone()),
    }
}

fn wallet(news: &WalletNews, watcher: &Watcher) -> WalletEvent {
    WalletEvent {
        id: news.id,
        kind: news.kind.clone(),
        amount: amount_text(news.amount),
        order_id: news.order.map(|order| order.0),
        balance: amount_text(news.available),
        held: amount_text(news.held),
        currency: CURRENCY,
        at: WireTime(news.at),
        user_id: watcher.is_staff().then(|| news.user.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_position_and_no_other_text_is_one() {
        let at = Position {
            events: 12,
            transfers: 0,
        };
        assert_eq!(position(&id(at)), Some(at));
        for wrong in [
            "",
            "-",
            "1",
            "1-",
            "-1-2",
            "+1-2",
            "01-2",
            "1-2-3",
            "1--2",
            "a-b",
            "9999999999999999999-1",
        ] {
            assert_eq!(position(wrong), None, "{wrong}");
        }
    }
}

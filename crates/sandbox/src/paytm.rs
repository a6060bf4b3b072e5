//! A simulated Paytm: merchants' orders that were paid, in the words of both forms of its status call. Signing is left to
//! whoever starts it, so that the witness shares no code with what it is a witness of.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::plain::{Asked, PlainServer, Teller, Told};

/// How Paytm misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaytmFault {
    /// It answers with this status and nothing about the order.
    Status(u16),
    /// It answers a page for people.
    Html,
    /// It answers an empty object.
    Empty,
    /// It never answers.
    Stall,
    /// It hangs up.
    Close,
    /// It answers about another order.
    OtherOrder,
    /// It answers about another merchant.
    OtherMerchant,
    /// Its answer is not signed.
    Unsigned,
    /// Its answer is signed, and then changed.
    Forged,
    /// It answers after so long.
    Late(Duration),
}

/// An order that somebody paid, or did not.
#[derive(Debug, Clone)]
pub struct PaytmOrder {
    /// `TXN_SUCCESS`, `PENDING` or `TXN_FAILURE`.
    pub status: String,
    /// In rupees.
    pub amount: String,
    /// What was paid back.
    pub refunded: String,
    /// When it was paid, in India: `2026-11-21 14:49:05.0`.
    pub paid_at: String,
    /// `INR`, or nothing.
    pub currency: Option<String>,
}

/// Signs a text.
pub type Signer = Box<dyn Fn(&str) -> String + Send + Sync>;

/// A simulated Paytm that is listening.
pub struct PaytmServer {
    server: PlainServer,
    book: Arc<Book>,
}

struct Book {
    merchant: String,
    sign: Signer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    orders: BTreeMap<String, PaytmOrder>,
    fault: Option<PaytmFault>,
    asked: u64,
    unsigned: u64,
}

impl PaytmServer {
    /// Starts one that knows this merchant and signs so.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(merchant: &str, sign: Signer) -> io::Result<Self> {
        let book = Arc::new(Book {
            merchant: merchant.to_owned(),
            sign,
            state: Mutex::default(),
        });
        let server = PlainServer::start(book.clone()).await?;
        Ok(Self { server, book })
    }

    /// Where it is: `http://ADDRESS:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Knows an order from now on.
    pub fn order(&self, id: &str, order: PaytmOrder) {
        self.book.state().orders.insert(id.to_owned(), order);
    }

    /// Misbehaves from now on, or does not.
    pub fn fault(&self, fault: Option<PaytmFault>) {
        self.book.state().fault = fault;
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.book.state().asked
    }

    /// How often it was asked in the signed form without a signature of the body.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        self.book.state().unsigned
    }
}

impl Book {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plain(&self, state: &State, body: &Value) -> Value {
        let id = word(body, "ORDERID");
        let Some(order) = state
            .orders
            .get(&id)
            .filter(|_| word(body, "MID") == self.merchant)
        else {
            return json!({ "STATUS": "TXN_FAILURE", "RESPCODE": "334", "RESPMSG": "Invalid Order Id", "ORDERID": id });
        };
        let mut answer = json!({
            "TXNID": "202611211112128", "BANKTXNID": "62909899", "ORDERID": id, "MID": self.merchant,
            "TXNAMOUNT": order.amount, "STATUS": order.status, "RESPCODE": "01", "REFUNDAMT": order.refunded,
            "TXNDATE": order.paid_at, "PAYMENTMODE": "UPI",
        });
        if let Some(currency) = &order.currency {
            put(&mut answer, "CURRENCY", currency);
        }
        mangled(&mut answer, state.fault, "ORDERID", "MID");
        answer
    }

    fn signed(&self, state: &State, body: &Value) -> Value {
        let id = word(body, "orderId");
        let Some(order) = state
            .orders
            .get(&id)
            .filter(|_| word(body, "mid") == self.merchant)
        else {
            let info = json!({ "resultStatus": "TXN_FAILURE", "resultCode": "334", "resultMsg": "Invalid Order Id" });
            return json!({ "resultInfo": info, "orderId": id });
        };
        let info = json!({ "resultStatus": order.status, "resultCode": "01", "resultMsg": "Txn" });
        let mut answer = json!({
            "resultInfo": info, "txnId": "202611211112128", "bankTxnId": "62909899", "orderId": id,
            "txnAmount": order.amount, "mid": self.merchant, "refundAmt": order.refunded, "txnDate": order.paid_at,
        });
        if let Some(currency) = &order.currency {
            put(&mut answer, "currency", currency);
        }
        mangled(&mut answer, state.fault, "orderId", "mid");
        answer
    }

    /// The body as text, under a head with its signature.
    fn sealed(&self, body: &Value, fault: Option<PaytmFault>) -> String {
        let written = body.to_string();
        let mut head = Map::new();
        if fault != Some(PaytmFault::Unsigned) {
            head.insert("signature".to_owned(), Value::from((self.sign)(&written)));
        }
        let written = match fault {
            Some(PaytmFault::Forged) => written.replacen("\"txnAmount\":\"", "\"txnAmount\":\"9", 1),
            _ => written,
        };
        format!(r#"{{"head":{},"body":{written}}}"#, Value::Object(head))
    }
}

impl Teller for Book {
    fn tell(&self, asked: &Asked) -> Told {
        let mut state = self.state();
        state.asked += 1;
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let text = match asked.path.as_str() {
            "/merchant-status/getTxnStatus/" => self.plain(&state, &body).to_string(),
            "/v3/order/status" => {
                if word(part(&body, "head"), "signature").is_empty() {
                    state.unsigned += 1;
                }
                self.sealed(&self.signed(&state, part(&body, "body")), state.fault)
            }
            _ => return Told::Json(404, json!({})),
        };
        match state.fault {
            Some(PaytmFault::Status(status)) => Told::Json(status, json!({ "error": "sorry" })),
            Some(PaytmFault::Html) => Told::Text("<html>maintenance</html>".to_owned()),
            Some(PaytmFault::Empty) => Told::Text("{}".to_owned()),
            Some(PaytmFault::Stall) => Told::Stall,
            Some(PaytmFault::Close) => Told::Close,
            Some(PaytmFault::Late(after)) => Told::Late(after, text),
            _ => Told::Text(text),
        }
    }
}

fn mangled(answer: &mut Value, fault: Option<PaytmFault>, order: &str, merchant: &str) {
    match fault {
        Some(PaytmFault::OtherOrder) => put(answer, order, "another"),
        Some(PaytmFault::OtherMerchant) => put(answer, merchant, "another"),
        _ => {}
    }
}

fn word(value: &Value, field: &str) -> String {
    value
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn put(answer: &mut Value, field: &str, text: &str) {
    if let Some(fields) = answer.as_object_mut() {
        fields.insert(field.to_owned(), Value::from(text));
    }
}

fn part<'a>(value: &'a Value, field: &str) -> &'a Value {
    value.get(field).unwrap_or(&Value::Null)
}

//! A simulated source of exchange rates, in the words of currencyapi.com and of open.er-api.com.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Number, Value, json};

use crate::clock;
use crate::plain::{Asked, PlainServer, Teller, Told};

/// How a source of rates misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateFault {
    /// It answers with this status and no rates.
    Status(u16),
    /// It answers a page for people.
    Html,
    /// It never answers.
    Stall,
    /// It hangs up.
    Close,
    /// It quotes for another base.
    OtherBase,
    /// Its answer ends half way.
    Cut,
}

/// A simulated source of rates that is listening. It quotes in both dialects, whichever it is asked in.
pub struct RateServer {
    server: PlainServer,
    book: Arc<RateBook>,
}

struct RateBook(Mutex<State>);

struct State {
    key: String,
    rates: BTreeMap<String, String>,
    age: Duration,
    fault: Option<RateFault>,
    asked: u64,
}

impl RateServer {
    /// Starts a source that quotes these rates for one USD, as old as an hour.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(key: &str, rates: &[(&str, &str)]) -> io::Result<Self> {
        let owned = |(code, rate): &(&str, &str)| ((*code).to_owned(), (*rate).to_owned());
        let book = Arc::new(RateBook(Mutex::new(State {
            key: key.to_owned(),
            rates: rates.iter().map(owned).collect(),
            age: Duration::from_secs(3_600),
            fault: None,
            asked: 0,
        })));
        let server = PlainServer::start(book.clone()).await?;
        Ok(Self { server, book })
    }

    /// Where it is: `http://ADDRESS:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Quotes another rate from now on. It may be anything that JSON can say.
    pub fn quote(&self, code: &str, rate: &str) {
        let mut state = self.book.state();
        state.rates.insert(code.to_owned(), rate.to_owned());
    }

    /// Quotes nothing for a currency from now on.
    pub fn forget(&self, code: &str) {
        self.book.state().rates.remove(code);
    }

    /// From now on the rates are so old.
    pub fn age(&self, age: Duration) {
        self.book.state().age = age;
    }

    /// Misbehaves from now on, or does not.
    pub fn fault(&self, fault: Option<RateFault>) {
        self.book.state().fault = fault;
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.book.state().asked
    }
}

impl RateBook {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teller for RateBook {
    fn tell(&self, asked: &Asked) -> Told {
        let mut state = self.state();
        state.asked += 1;
        let answer = match asked.path.as_str() {
            "/v3/latest" if asked.key != state.key => {
                return Told::Json(401, json!({ "message": "Invalid authentication credentials" }));
            }
            "/v3/latest" if !asked.query.contains("base_currency=USD") => {
                return Told::Json(422, json!({ "message": "only one base is quoted here" }));
            }
            "/v3/latest" => state.as_currencyapi(),
            "/v6/latest/USD" => state.as_open_er(),
            _ => return Told::Json(404, json!({ "message": "Not found" })),
        };
        match state.fault {
            None | Some(RateFault::OtherBase) => Told::Json(200, answer),
            Some(RateFault::Status(status)) => Told::Json(status, json!({ "message": "sorry" })),
            Some(RateFault::Html) => Told::Text("<html>Just a moment…</html>".to_owned()),
            Some(RateFault::Stall) => Told::Stall,
            Some(RateFault::Close) => Told::Close,
            Some(RateFault::Cut) => {
                let text = answer.to_string();
                Told::Text(text.chars().take(text.len() / 2).collect())
            }
        }
    }
}

impl State {
    fn at(&self) -> u64 {
        (clock::now_millis() / 1_000).saturating_sub(self.age.as_secs())
    }

    /// One USD in USD.
    fn base(&self) -> &'static str {
        match self.fault {
            Some(RateFault::OtherBase) => "0.012",
            _ => "1",
        }
    }

    fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let rates = self
            .rates
            .iter()
            .map(|(code, rate)| (code.as_str(), rate.as_str()));
        std::iter::once(("USD", self.base())).chain(rates)
    }

    fn as_currencyapi(&self) -> Value {
        let data = self.all().map(|(code, rate)| {
            let quoted = json!({ "code": code, "value": written(rate) });
            (code.to_owned(), quoted)
        });
        json!({ "meta": { "last_updated_at": date(self.at()) }, "data": data.collect::<Map<_, _>>() })
    }

    fn as_open_er(&self) -> Value {
        let rates = self.all().map(|(code, rate)| (code.to_owned(), written(rate)));
        let rates: Map<_, _> = rates.collect();
        json!({
            "result": "success", "base_code": "USD", "time_last_update_unix": self.at(), "rates": rates,
        })
    }
}

/// A number as it was given, else a text.
fn written(rate: &str) -> Value {
    let number = rate.parse::<f64>().ok().and_then(Number::from_f64);
    number.map_or_else(|| Value::from(rate), Value::Number)
}

/// Seconds since the epoch as `YYYY-MM-DDTHH:MM:SSZ`.
fn date(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // The calendar of Howard Hinnant's `civil_from_days`, for days after 1970.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(951_868_799), "2000-02-29T23:59:59Z");
        assert_eq!(date(1_795_252_745), "2026-11-21T09:19:05Z");
    }
}

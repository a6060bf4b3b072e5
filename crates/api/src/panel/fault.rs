//! How the panel API says no: in the words that clients match, in English or in codes.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use application::api_keys::KeyRefusal;
use application::orders::{CancelOrderError, OverBudget, PlaceOrderError};
use domain::api_keys::{ErrorWords, KeyStop};
use domain::orders::{CancelRefusal, PlaceRefusal};
use ports::StoreError;
use serde_json::{Value, json};

use crate::codes::Code;
use crate::error::ApiError;
use crate::wire::{amount_text, rate_text};

/// Why something was not done.
#[derive(Debug)]
pub struct Fault {
    /// What classic clients match.
    english: Cow<'static, str>,
    /// The same in the other dialect.
    word: &'static str,
    /// The same in the envelope of the old handler.
    error: Box<ApiError>,
}

impl Fault {
    fn new(code: Code, english: impl Into<Cow<'static, str>>, word: &'static str) -> Self {
        let english = english.into();
        Self {
            error: Box::new(ApiError::new(code, english.clone())),
            english,
            word,
        }
    }

    /// What cannot be understood.
    pub fn request(problem: impl std::fmt::Display) -> Self {
        let english = format!("Incorrect request: {problem}");
        Self::new(Code::Invalid, english, "error.incorrect_request")
    }

    /// No action, or one that there is not.
    pub fn action() -> Self {
        Self::new(Code::Invalid, "Incorrect request", "error.incorrect_request")
    }

    /// No key. The old handler said so in these words.
    pub fn no_key() -> Self {
        Self {
            error: Box::new(unauthenticated(
                "API key is missing.",
                "provide_api_key",
                "api_key",
                "none",
            )),
            ..Self::key("")
        }
    }

    fn key(why: &str) -> Self {
        let (between, why) = if why.is_empty() { ("", "") } else { (": ", why) };
        Self {
            english: format!("Invalid API key{between}{why}").into(),
            word: "error.invalid_api_key",
            error: Box::new(unauthenticated(
                format!(
                    "Invalid api detected!{}{why}",
                    if why.is_empty() { "" } else { " " }
                ),
                "access_protected_resource",
                "valid_api_key",
                "invalid_api_key",
            )),
        }
    }

    /// GET requests do not order with this key.
    pub fn not_by_get() -> Self {
        let english = "Incorrect request: this key does not allow orders by GET, send a POST request";
        Self::new(Code::Forbidden, english, "error.incorrect_request")
    }

    pub fn service() -> Self {
        let word = "neworder.error.incorrect_service_id";
        Self::new(Code::ServiceNotFound, "Incorrect service ID", word)
    }

    pub fn link() -> Self {
        Self::new(Code::Invalid, "Bad link", "neworder.error.link")
    }

    pub fn quantity() -> Self {
        let english = "Incorrect quantity: it must be a whole number";
        Self::new(Code::Invalid, english, "neworder.error.quantity")
    }

    pub fn comments(problem: impl std::fmt::Display) -> Self {
        let english = format!("Incorrect comments: {problem}");
        Self::new(Code::Invalid, english, "neworder.error.comment")
    }

    pub fn order() -> Self {
        Self::new(
            Code::OrderNotFound,
            "Incorrect order ID",
            "error.incorrect_order_id",
        )
    }

    pub fn refill() -> Self {
        Self::new(Code::RefillNotFound, "Refill not found", "error.refill_not_found")
    }

    pub fn no_refills() -> Self {
        let english = "Refill is disabled for this service";
        Self::new(Code::RefillDisabled, english, "error.refill_disabled")
    }

    /// What a script is told about the money or the moment, whatever it sent.
    fn other(error: ApiError, word: &'static str) -> Self {
        Self {
            english: error.message().to_owned().into(),
            word,
            error: Box::new(error),
        }
    }

    /// In these words.
    pub fn text(&self, words: ErrorWords) -> &str {
        match words {
            ErrorWords::English => &self.english,
            ErrorWords::Codes => self.word,
        }
    }

    /// As a part of an answer about several things.
    pub fn told(&self, words: ErrorWords) -> Value {
        json!({ "error": self.text(words) })
    }

    /// The answer of the protocol. Clients read the text only of a success, so a refusal is one; only what may be tried
    /// again as it is says so in its status.
    pub fn plain(&self, words: ErrorWords) -> HttpResponse {
        let status = self.error.status_code();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let text = self.text(words).to_owned();
            return ApiError::clone(&self.error).only_error(text).error_response();
        }
        HttpResponse::Ok().json(self.told(words))
    }

    /// The answer of the old handler: its envelope, and the text that clients of the protocol look for.
    pub fn enveloped(self, words: ErrorWords) -> HttpResponse {
        let text = self.text(words).to_owned();
        (*self.error).beside_error(text).error_response()
    }
}

fn unauthenticated(
    message: impl Into<Cow<'static, str>>,
    action: &str,
    required: &str,
    received: &str,
) -> ApiError {
    ApiError::new(Code::Unauthenticated, message).with_details(json!({
        "action": action,
        "requiredPermission": required,
        "receivedPermission": received,
    }))
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::other(error.into(), "error.try_again")
    }
}

impl From<KeyRefusal> for Fault {
    fn from(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Unknown => Self::key(""),
            KeyRefusal::Stopped(stop @ (KeyStop::Disabled | KeyStop::Expired | KeyStop::Network)) => {
                Self::key(&stop.to_string())
            }
            KeyRefusal::Banned => Self::key("the account is banned"),
            KeyRefusal::Scope(scope) => {
                let english = format!("Invalid API key: it lacks the scope {}", scope.as_str());
                Self::new(Code::Forbidden, english, "error.invalid_api_key")
            }
            KeyRefusal::TooMany { retry_after } => {
                let error = ApiError::from(Code::TooManyRequests).retry_after(retry_after);
                Self::other(error, "error.too_many_requests")
            }
            KeyRefusal::Store(error) => error.into(),
        }
    }
}

impl Fault {
    /// Why an order of so much was not placed.
    pub fn of_order(error: PlaceOrderError, quantity: u64) -> Self {
        match error {
            PlaceOrderError::NotTheOwner => Self::other(ApiError::not_the_owner(), "error.invalid_api_key"),
            PlaceOrderError::UnknownService => Self::service(),
            PlaceOrderError::Unverified => {
                Self::other(Code::EmailNotVerified.into(), "neworder.error.email_not_verified")
            }
            PlaceOrderError::Refused(refusal) => Self::of_refusal(&refusal, quantity),
            PlaceOrderError::InsufficientBalance { .. } => Self::funds(Code::InsufficientBalance, ""),
            PlaceOrderError::WalletFrozen => Self::funds(Code::WalletFrozen, ": the wallet is frozen"),
            PlaceOrderError::OverBudget(OverBudget::Cap { left }) => {
                let why = format!(": the spend cap of the API key leaves {}", amount_text(left));
                Self::funds(Code::SpendCapReached, &why)
            }
            PlaceOrderError::OverBudget(OverBudget::Stopped) => Self::key("it is disabled"),
            PlaceOrderError::RateAbove { rate } => {
                let english = format!("Rate is above max_rate: 1000 cost {}", rate_text(rate));
                Self::new(Code::RateAboveMax, english, "neworder.error.max_rate")
            }
            PlaceOrderError::KeyReused => {
                let english = "Incorrect request: request_id was used for another order";
                Self::new(Code::IdempotencyKeyReused, english, "neworder.error.request_id")
            }
            PlaceOrderError::Twin { .. } => {
                let english =
                    "You have active order with this link. Please wait until order being completed.";
                Self::new(Code::DuplicateOrder, english, "neworder.error.link_duplicate")
            }
            PlaceOrderError::Store(error) => error.into(),
        }
    }

    fn of_refusal(refusal: &PlaceRefusal, quantity: u64) -> Self {
        match refusal {
            PlaceRefusal::Banned => Self::key("the account is banned"),
            PlaceRefusal::ServiceUnavailable => Self::new(
                Code::ServiceNotOffered,
                "Disabled service ID",
                "neworder.error.disabled_service_id",
            ),
            PlaceRefusal::UnsupportedType(_) => Self::new(
                Code::UnsupportedServiceType,
                "Incorrect service ID: services of this type cannot be ordered here",
                "neworder.error.incorrect_service_id",
            ),
            PlaceRefusal::QuantityOutOfRange { min, .. } if quantity < *min => Self::new(
                Code::QuantityOutOfRange,
                format!("Quantity less than minimal {min}"),
                "neworder.error.min_quantity",
            ),
            PlaceRefusal::QuantityOutOfRange { max, .. } => Self::new(
                Code::QuantityOutOfRange,
                format!("Quantity more than maximum {max}"),
                "neworder.error.max_quantity",
            ),
            PlaceRefusal::QuantityMissing => Self::quantity(),
            PlaceRefusal::OtherQuantity { comments } => Self::new(
                Code::Invalid,
                format!("Incorrect quantity: there are {comments} comments, send that or no quantity"),
                "neworder.error.quantity",
            ),
            PlaceRefusal::CommentsMissing => Self::comments("this service needs them, one on each line"),
            PlaceRefusal::CommentsNotTaken => Self::comments("this service takes none"),
            PlaceRefusal::TooLarge => Self::new(
                Code::TooLarge,
                "Quantity more than one order can cost",
                "neworder.error.max_quantity",
            ),
        }
    }

    fn funds(code: Code, why: &str) -> Self {
        let english = format!("Not enough funds on balance{why}");
        Self::new(code, english, "neworder.error.not_enough_funds")
    }
}

impl From<CancelOrderError> for Fault {
    fn from(error: CancelOrderError) -> Self {
        let refused = |english| Self::new(Code::CancelRefused, english, "error.cancel_refused");
        match error {
            CancelOrderError::NotTheOwner => Self::other(ApiError::not_the_owner(), "error.invalid_api_key"),
            CancelOrderError::UnknownOrder => Self::order(),
            CancelOrderError::Refused(CancelRefusal::AlreadyEnded) => refused("The order has ended"),
            CancelOrderError::Refused(CancelRefusal::NotCancelable) => {
                refused("Cancel is disabled for this service")
            }
            CancelOrderError::Refused(CancelRefusal::AskedRecently) => {
                refused("Cancel was requested a moment ago")
            }
            CancelOrderError::InDoubt => Self::other(Code::Unavailable.into(), "error.try_again"),
            CancelOrderError::Store(error) => error.into(),
        }
    }
}

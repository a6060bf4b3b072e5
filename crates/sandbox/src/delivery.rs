//! The ways an answer travels, or fails to travel, back to the caller.

/// How the finished answer of a request is sent.
///
/// [`Slow`](Self::Slow) and [`Drip`](Self::Drip) carry the real answer; for `add` every other misdelivery
/// decides on its own whether an order exists, see [`Fault`](crate::Fault).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// At once and unharmed.
    #[default]
    Prompt,
    /// Unharmed after [`Delays::slow_by`](crate::Delays::slow_by).
    Slow,
    /// One byte every [`Delays::drip_every`](crate::Delays::drip_every).
    Drip,
    /// HTTP 500 with an HTML page.
    Http500,
    /// HTTP 200 with the waiting page of a content delivery network.
    Html,
    /// HTTP 200 labelled JSON with bytes that are not UTF-8.
    Garbage,
    /// HTTP 200 without a body.
    Empty,
    /// The JSON ends in the middle, the HTTP message is complete.
    CutJson,
    /// The connection closes before `Content-Length` bytes were sent.
    Truncated,
    /// A valid JSON body of 10 MB.
    Huge,
    /// 650 KB of gzip that unpack to 100 MiB.
    GzipBomb,
    /// HTTP 307 back to the same address, which would repeat the POST.
    Redirect,
    /// HTTP 429 with `Retry-After` and a JSON error.
    TooManyRequests,
    /// HTTP 403 with a JSON error.
    Forbidden,
    /// The connection is reset (RST) after the request was read.
    Reset,
    /// The panel closes its sending side without an answer and keeps reading.
    HalfClose,
    /// The request is read and never answered.
    Hang,
}

impl Delivery {
    /// Every misdelivery with its name and a one-line description.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 16] = [
        (Self::Slow, "slow", "answers correctly, but late"),
        (Self::Drip, "drip", "answers correctly, one byte at a time"),
        (Self::Http500, "http500", "HTTP 500 with an HTML page"),
        (Self::Html, "html", "HTTP 200 with an HTML page"),
        (Self::Garbage, "garbage", "HTTP 200 with bytes that are not text"),
        (Self::Empty, "empty", "HTTP 200 without a body"),
        (Self::CutJson, "cut-json", "JSON that ends in the middle"),
        (
            Self::Truncated,
            "truncated",
            "closes before the announced length was sent",
        ),
        (Self::Huge, "huge", "a JSON body of 10 MB"),
        (Self::GzipBomb, "gzip-bomb", "a gzip body that unpacks to 100 MiB"),
        (Self::Redirect, "redirect", "HTTP 307 to the same address"),
        (Self::TooManyRequests, "429", "HTTP 429 with Retry-After"),
        (Self::Forbidden, "403", "HTTP 403 with a JSON error"),
        (
            Self::Reset,
            "reset",
            "resets the connection after reading the request",
        ),
        (
            Self::HalfClose,
            "half-close",
            "closes its sending side without an answer",
        ),
        (Self::Hang, "hang", "reads the request and never answers"),
    ];

    /// The name it goes by; `prompt` for the healthy delivery.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(delivery, _, _)| *delivery == self)
            .map_or("prompt", |(_, name, _)| name)
    }

    /// Whether the caller eventually gets the real answer.
    pub const fn is_genuine(self) -> bool {
        matches!(self, Self::Prompt | Self::Slow | Self::Drip)
    }
}

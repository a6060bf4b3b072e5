//! Sending what is kept for everybody without a whole copy for each.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

/// The server copies what it sends into a buffer of the connection, and would copy more than a megabyte at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A body that is handed over piece by piece. Nothing is copied until a piece is sent.
pub struct Pieces {
    length: u64,
    rest: Bytes,
}

impl Pieces {
    pub fn of(body: Bytes) -> Self {
        Self {
            length: u64::try_from(body.len()).unwrap_or(u64::MAX),
            rest: body,
        }
    }
}

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let rest = &mut self.get_mut().rest;
        if rest.is_empty() {
            return Poll::Ready(None);
        }
        let next = rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(rest.split_to(next))))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use actix_web::body::to_bytes;
    use futures::future::poll_fn;

    use super::*;

    fn list(length: usize) -> Bytes {
        (0..=u8::MAX).cycle().take(length).collect()
    }

    #[actix_web::test]
    async fn the_pieces_are_the_whole() {
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 1_341_568] {
            let body = Pieces::of(list(length));
            assert_eq!(body.size(), BodySize::Sized(u64::try_from(length).unwrap()));
            assert_eq!(to_bytes(body).await.unwrap(), list(length));
        }
    }

    #[actix_web::test]
    async fn a_piece_is_small_and_no_copy() {
        let whole = list(3 * PIECE_BYTES + 5);
        let mut body = pin!(Pieces::of(whole.clone()));
        let mut at = whole.as_ptr().addr();
        while let Some(piece) = poll_fn(|context| body.as_mut().poll_next(context)).await {
            let piece = piece.unwrap();
            assert!(piece.len() <= PIECE_BYTES);
            assert_eq!(piece.as_ptr().addr(), at);
            at += piece.len();
        }
        assert_eq!(at, whole.as_ptr().addr() + whole.len());
    }
}

//! Large bodies that are kept anyway.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

/// What a connection's buffer takes without being made anew for every answer: it copies what it is given.
const PIECE: usize = 64 * 1024;

/// A body of known length that is handed over piece by piece. Given as a whole, a list of a megabyte would be copied into
/// a megabyte of fresh memory for everybody who asks for it.
pub struct InPieces(Bytes);

impl InPieces {
    pub const fn new(body: Bytes) -> Self {
        Self(body)
    }
}

impl MessageBody for InPieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.0.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let length = self.0.len().min(PIECE);
        let piece = (length > 0).then(|| self.0.split_to(length));
        Poll::Ready(piece.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn the_pieces_are_the_body() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let body: Vec<u8> = (0..=250).cycle().take(length).collect();
            let pieces = InPieces::new(Bytes::from(body.clone()));
            assert_eq!(pieces.size(), BodySize::Sized(u64::try_from(length).unwrap()));
            assert_eq!(to_bytes(pieces).await.unwrap(), body);
        }
    }

    #[actix_web::test]
    async fn no_piece_is_larger_than_a_buffer() {
        let mut pieces = Box::pin(InPieces::new(Bytes::from(vec![b'x'; 3 * PIECE + 7])));
        let mut lengths = Vec::new();
        while let Some(Ok(piece)) = futures::future::poll_fn(|cx| pieces.as_mut().poll_next(cx)).await {
            lengths.push(piece.len());
        }
        assert_eq!(lengths, [PIECE, PIECE, PIECE, 7]);
    }
}

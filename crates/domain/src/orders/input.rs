//! What an order says beside where it is delivered.

use super::place::PlaceRefusal;
use crate::catalog::{QuantityRange, Service, ServiceType};
use crate::text::Comments;

/// What a customer asks of a service. The service's type says which of it there has to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderInput {
    /// How much, if it was said.
    pub quantity: Option<u64>,
    /// What is to be written, if it was said.
    pub comments: Option<Comments>,
}

impl From<u64> for OrderInput {
    fn from(quantity: u64) -> Self {
        Self {
            quantity: Some(quantity),
            comments: None,
        }
    }
}

impl From<Comments> for OrderInput {
    fn from(comments: Comments) -> Self {
        Self {
            quantity: None,
            comments: Some(comments),
        }
    }
}

impl OrderInput {
    /// How much was said, by a number or by lines, whatever the service takes.
    #[must_use]
    pub fn said(&self) -> Option<u64> {
        self.quantity
            .or_else(|| self.comments.as_ref().map(Comments::count))
    }

    /// How much of `service` this is: pieces, comments, or one package.
    ///
    /// # Errors
    /// [`PlaceRefusal`] if it is not what services of that type take. What is said twice must agree.
    pub fn quantity_of(&self, service: &Service) -> Result<u64, PlaceRefusal> {
        let kind = &service.service_type;
        if let ServiceType::Other(word) = kind {
            return Err(PlaceRefusal::UnsupportedType(word.clone()));
        }
        let lines = self.comments.as_ref().map(Comments::count);
        match (kind.takes_comments(), lines) {
            (true, None) => return Err(PlaceRefusal::CommentsMissing),
            (false, Some(_)) => return Err(PlaceRefusal::CommentsNotTaken),
            _ => {}
        }
        let quantity = match (kind.is_package(), lines, self.quantity) {
            (true, _, said) => said.unwrap_or(1),
            (false, Some(lines), said) if said.is_some_and(|said| said != lines) => {
                return Err(PlaceRefusal::OtherQuantity { comments: lines });
            }
            (false, Some(lines), _) => lines,
            (false, None, said) => said.ok_or(PlaceRefusal::QuantityMissing)?,
        };
        within(service.orderable_quantity(), quantity)
    }
}

fn within(range: QuantityRange, quantity: u64) -> Result<u64, PlaceRefusal> {
    if range.contains(quantity) {
        Ok(quantity)
    } else {
        Err(PlaceRefusal::QuantityOutOfRange {
            min: range.min(),
            max: range.max(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_is_said_by_a_number_or_by_lines() {
        let lines = Comments::parse("first\nsecond\nthird").unwrap();
        assert_eq!(OrderInput::default().said(), None);
        assert_eq!(OrderInput::from(7).said(), Some(7));
        assert_eq!(OrderInput::from(lines.clone()).said(), Some(3));
        let both = OrderInput {
            quantity: Some(7),
            comments: Some(lines),
        };
        assert_eq!(both.said(), Some(7));
    }
}

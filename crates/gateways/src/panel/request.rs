//! What is sent: canonical forms of the protocol.

use domain::{ProviderOrderId, Secret};
use ports::gateway::{LIST_MAX, PanelOrder};

/// An action and its fields. Has no `Debug`: it holds links and, once signed, the key.
pub(super) struct Form {
    action: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Form {
    pub(super) fn add(order: &PanelOrder) -> Self {
        let mut fields = vec![
            ("service", order.upstream_service.clone()),
            ("link", order.link.clone()),
        ];
        fields.extend(order.quantity.map(|quantity| ("quantity", quantity.to_string())));
        fields.extend(order.comments.clone().map(|comments| ("comments", comments)));
        fields.extend(order.reference.clone().map(|reference| ("request_id", reference)));
        Self {
            action: "add",
            fields,
        }
    }

    /// Asks about one order in the form that every panel knows, and about several in the batched one.
    pub(super) fn status(ids: &[ProviderOrderId]) -> Self {
        let field = if let [one] = ids {
            ("order", one.to_string())
        } else {
            let ids: Vec<&str> = ids.iter().map(ProviderOrderId::as_str).collect();
            ("orders", ids.join(","))
        };
        Self {
            action: "status",
            fields: vec![field],
        }
    }

    pub(super) fn orders(reference: Option<String>) -> Self {
        let mut fields = vec![("limit", LIST_MAX.to_string())];
        fields.extend(reference.map(|reference| ("request_id", reference)));
        Self {
            action: "orders",
            fields,
        }
    }

    /// Canceling is documented for several orders only.
    pub(super) fn cancel(id: &ProviderOrderId) -> Self {
        Self {
            action: "cancel",
            fields: vec![("orders", id.to_string())],
        }
    }

    pub(super) fn refill(id: &ProviderOrderId) -> Self {
        Self {
            action: "refill",
            fields: vec![("order", id.to_string())],
        }
    }

    pub(super) fn refill_status(refill_id: &str) -> Self {
        Self {
            action: "refill_status",
            fields: vec![("refill", refill_id.to_owned())],
        }
    }

    pub(super) const fn services() -> Self {
        Self {
            action: "services",
            fields: Vec::new(),
        }
    }

    pub(super) const fn balance() -> Self {
        Self {
            action: "balance",
            fields: Vec::new(),
        }
    }

    /// The action's word.
    pub(super) const fn action(&self) -> &'static str {
        self.action
    }

    /// All fields in the order of the documentation, the key first.
    pub(super) fn signed(self, key: &Secret) -> Vec<(&'static str, String)> {
        let head = [
            ("key", key.reveal().to_owned()),
            ("action", self.action.to_owned()),
        ];
        head.into_iter().chain(self.fields).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(form: Form) -> String {
        let fields = form.signed(&Secret::new("k"));
        fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("&")
    }

    fn id(id: &str) -> ProviderOrderId {
        ProviderOrderId::new(id)
    }

    #[test]
    fn an_order_is_sent_with_its_reference_only_if_it_has_one() {
        let mut order = PanelOrder {
            upstream_service: "12".to_owned(),
            link: "https://a.test/p".to_owned(),
            quantity: Some(100),
            comments: None,
            reference: None,
        };
        let fields = "key=k&action=add&service=12&link=https://a.test/p&quantity=100";
        assert_eq!(sent(Form::add(&order)), fields);
        order.reference = Some("ref-1".to_owned());
        assert_eq!(sent(Form::add(&order)), format!("{fields}&request_id=ref-1"));
    }

    #[test]
    fn only_what_the_type_asks_for_is_sent_and_comments_as_they_are() {
        let mut order = PanelOrder {
            upstream_service: "12".to_owned(),
            link: "https://a.test/p".to_owned(),
            quantity: None,
            comments: None,
            reference: None,
        };
        let fields = "key=k&action=add&service=12&link=https://a.test/p";
        assert_eq!(sent(Form::add(&order)), fields);
        order.comments = Some("so good\n100% & more".to_owned());
        let fields = format!("{fields}&comments=so good\n100% & more");
        assert_eq!(sent(Form::add(&order)), fields);
    }

    #[test]
    fn one_order_is_asked_for_in_the_single_form_and_several_in_the_batched_one() {
        assert_eq!(sent(Form::status(&[id("7")])), "key=k&action=status&order=7");
        assert_eq!(
            sent(Form::status(&[id("7"), id("x8")])),
            "key=k&action=status&orders=7,x8"
        );
    }

    #[test]
    fn the_other_actions_are_sent_in_their_documented_forms() {
        assert_eq!(sent(Form::cancel(&id("7"))), "key=k&action=cancel&orders=7");
        assert_eq!(sent(Form::refill(&id("7"))), "key=k&action=refill&order=7");
        assert_eq!(
            sent(Form::refill_status("3")),
            "key=k&action=refill_status&refill=3"
        );
        assert_eq!(sent(Form::services()), "key=k&action=services");
        assert_eq!(sent(Form::balance()), "key=k&action=balance");
        assert_eq!(sent(Form::orders(None)), "key=k&action=orders&limit=100");
        assert_eq!(
            sent(Form::orders(Some("r".to_owned()))),
            "key=k&action=orders&limit=100&request_id=r"
        );
    }
}

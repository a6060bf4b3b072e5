//! Orders, attempts, history and idempotency keys.

mod attempts;
mod groups;
mod inputs;
mod keys;
mod many;
mod mapping;
mod own;
pub(crate) mod placing;
mod polls;
mod queries;
mod repository;
mod schedules;
mod views;

/// What providers are asked about. Bound words would not match the partial indexes.
const TRACKED: &str = "orders.state IN ('submitted', 'in_progress')";
/// The condition of the partial index over orders that are asked about by themselves.
const POLLED: &str = "orders.state IN ('submitted', 'in_progress') AND orders.due_at IS NOT NULL";
/// The condition of the partial index over orders that have not ended.
const OPEN: &str = "orders.state IN ('held', 'submitting', 'unknown', 'submitted', 'in_progress')";
/// The condition of the partial index over orders that are looked up.
const LOOKED_UP: &str = "orders.state IN ('unknown', 'voided') AND orders.due_at IS NOT NULL";
/// The condition of the partial index over orders that wait to be sent.
const HELD: &str = "orders.state = 'held'";
/// The condition of the partial index over orders that a worker owns.
const LEASED: &str = "orders.state = 'submitting'";
/// The condition of the partial index over orders whose fate is open.
const UNKNOWN: &str = "orders.state = 'unknown'";
/// The condition of the partial index over orders that wait for a person.
const IN_REVIEW: &str = "orders.review IS NOT NULL";

#[cfg(test)]
mod tests {
    use domain::orders::OrderState;

    use super::*;

    fn named(condition: &str) -> Vec<OrderState> {
        OrderState::ALL
            .iter()
            .copied()
            .filter(|state| condition.contains(&format!("'{}'", state.as_str())))
            .collect()
    }

    fn states(of: impl Fn(OrderState) -> bool) -> Vec<OrderState> {
        OrderState::ALL
            .iter()
            .copied()
            .filter(|state| of(*state))
            .collect()
    }

    #[test]
    fn the_conditions_name_the_states_that_the_domain_means() {
        assert_eq!(named(TRACKED), states(OrderState::is_tracked));
        assert_eq!(named(POLLED), states(OrderState::is_tracked));
        assert_eq!(named(OPEN), states(|state| !state.is_terminal()));
        assert_eq!(named(LOOKED_UP), [OrderState::Unknown, OrderState::Voided]);
        assert_eq!(named(HELD), [OrderState::Held]);
        assert_eq!(named(LEASED), [OrderState::Submitting]);
        assert_eq!(named(UNKNOWN), [OrderState::Unknown]);
    }
}

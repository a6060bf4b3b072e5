//! What must hold of the books at any moment, as queries that count what violates it.
//!
//! Accounts by their ids: 1 user wallets, 2 user holds, 3 deferred revenue of orders, 7 clearing of gateways, 8 their fees,
//! 12 adjustments by hand, 13 the bank, 14 withdrawals that are payable.
//!
//! A table in braces is the whole table, or the part of it that money moved in lately: see [`Scope`].

/// What an invariant takes into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// Everything; the query has no parameter.
    Ever,
    /// What has been so for longer than this; `$1` is the moment so long ago.
    Minutes(u64),
}

/// Which rows are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of them.
    Everything,
    /// Orders and wallets with a transfer above this id, and all that the ledger says about them. Whatever moves money
    /// writes a transfer, so nothing that was done since is missed; what somebody does to an old row by hand is.
    MovedSince(i64),
}

/// A table in braces, the table, the column that names what moved, and the column of `transfers` that names it.
const PARTS: [(&str, &str, &str, &str); 7] = [
    ("{orders}", "orders", "id", "order_id"),
    ("{attempts}", "attempts", "order_id", "order_id"),
    ("{wallets}", "wallets", "user_id", "user_id"),
    ("{transfers of orders}", "transfers", "order_id", "order_id"),
    ("{deposits}", "deposits", "reference", FUND),
    ("{withdrawals}", "withdrawals", "reference", FUND),
    ("{transfers of funds}", "transfers", "reference", FUND),
];
/// What names a deposit or a withdrawal. Transfers of these are of no order, and most others are of one: without them so few
/// references are left that each is looked up, where PostgreSQL would read all transfers otherwise.
const FUND: &str = "reference";
/// Orders with a pending hold. Only open orders have one, and of these there is an index; that it is so is looked at when
/// everything is.
const PENDING: &str = "{pending orders of users}";
const TRANSFERS: &str = "{transfers}";

impl Scope {
    /// The query over the rows of this scope.
    pub(super) fn apply(self, sql: &str) -> String {
        let moved = |of: &str| match self {
            Self::Everything => None,
            Self::MovedSince(id) => {
                let funds_only = if of == FUND {
                    " AND moved.order_id IS NULL"
                } else {
                    ""
                };
                Some(format!(
                    "(SELECT moved.{of} FROM transfers AS moved WHERE moved.id > {id}{funds_only})"
                ))
            }
        };
        let pending = match moved("user_id") {
            None => "orders WHERE hold = 'pending'".to_owned(),
            Some(moved) => format!(
                "orders WHERE hold = 'pending' AND state IN ('held', 'submitting', 'unknown') AND user_id IN {moved}"
            ),
        };
        let transfers = match self {
            Self::Everything => "transfers".to_owned(),
            Self::MovedSince(id) => format!("(SELECT * FROM transfers WHERE id > {id}) AS transfers"),
        };
        let sql = sql.replace(PENDING, &pending).replace(TRANSFERS, &transfers);
        PARTS.iter().fold(sql, |sql, (name, table, column, of)| {
            let part = match moved(of) {
                None => (*table).to_owned(),
                Some(moved) => format!("(SELECT * FROM {table} WHERE {column} IN {moved}) AS {table}"),
            };
            sql.replace(name, &part)
        })
    }
}

/// One invariant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Invariant {
    pub(super) id: &'static str,
    pub(super) rule: &'static str,
    pub(super) sql: &'static str,
    pub(super) since: Since,
}

/// V1 to V13, and V16 and V17. V14 and V15 compare the books with those of others. V1 has no braces: a sum over a part of a
/// wallet's history says nothing, so a watch asks [`super::checkpoints`] instead.
pub(super) const INVARIANTS: [Invariant; 15] = [
    Invariant {
        id: "V1",
        rule: "every wallet is what the ledger says it is",
        sql: "
            SELECT
            (SELECT COUNT(*) FROM (
                SELECT user_id FROM (
                    SELECT user_id, available, held FROM wallets
                    UNION ALL
                    SELECT user_id,
                        CASE WHEN debit = 1 THEN amount WHEN credit = 1 THEN -amount ELSE 0 END,
                        CASE WHEN debit = 2 THEN amount WHEN credit = 2 THEN -amount ELSE 0 END
                    FROM transfers WHERE user_id IS NOT NULL
                ) AS moved
                GROUP BY user_id HAVING SUM(available) <> 0 OR SUM(held) <> 0
            ) AS unequal)
            + (SELECT COUNT(*) FROM transfers WHERE user_id IS NULL AND (debit IN (1, 2) OR credit IN (1, 2)))",
        since: Since::Ever,
    },
    Invariant {
        id: "V2",
        rule: "no wallet is below zero",
        sql: "SELECT COUNT(*) FROM {wallets} WHERE available < 0 OR held < 0",
        since: Since::Ever,
    },
    Invariant {
        id: "V3",
        rule: "what a wallet holds is the sum of its pending orders",
        sql: "
            SELECT COUNT(*) FROM {wallets}
            LEFT JOIN (
                SELECT user_id, SUM(price) AS price FROM {pending orders of users} GROUP BY user_id
            ) AS pending ON pending.user_id = wallets.user_id
            WHERE wallets.held <> COALESCE(pending.price, 0)",
        since: Since::Ever,
    },
    Invariant {
        id: "V4",
        rule: "every order took its price from the wallet exactly once",
        sql: "
            SELECT COUNT(*) FROM {orders}
            LEFT JOIN (
                SELECT order_id, COUNT(*) AS times, SUM(amount) AS amount FROM {transfers of orders}
                WHERE kind = 'hold' GROUP BY order_id
            ) AS holds ON holds.order_id = orders.id
            WHERE COALESCE(holds.times, 0) <> 1 OR holds.amount <> orders.price",
        since: Since::Ever,
    },
    Invariant {
        id: "V5",
        rule: "every hold is posted or given back at most once, and as the order says",
        sql: "
            SELECT COUNT(*) FROM {orders}
            LEFT JOIN (
                SELECT order_id,
                    SUM(CASE kind WHEN 'post' THEN 1 ELSE 0 END) AS posts,
                    SUM(CASE kind WHEN 'void' THEN 1 ELSE 0 END) AS voids
                FROM {transfers of orders} WHERE kind IN ('post', 'void') GROUP BY order_id
            ) AS ends ON ends.order_id = orders.id
            WHERE COALESCE(ends.posts, 0) <> CASE orders.hold WHEN 'posted' THEN 1 ELSE 0 END
                OR COALESCE(ends.voids, 0) <> CASE orders.hold WHEN 'voided' THEN 1 ELSE 0 END",
        since: Since::Ever,
    },
    Invariant {
        id: "V6",
        rule: "no order has two attempts that may have reached a provider",
        sql: "
            SELECT COUNT(*) FROM (
                SELECT order_id FROM {attempts} WHERE outcome <> 'not_placed' GROUP BY order_id HAVING COUNT(*) > 1
            ) AS doubled",
        since: Since::Ever,
    },
    Invariant {
        id: "V7",
        rule: "exactly the posted orders have a provider's order id",
        sql: "SELECT COUNT(*) FROM {orders} WHERE (hold = 'posted') <> (provider_order_id IS NOT NULL)",
        since: Since::Ever,
    },
    Invariant {
        id: "V8",
        rule: "what an order defers is its price less refunds and revenue, and nothing unless it is posted",
        sql: "
            SELECT COUNT(*) FROM {orders}
            LEFT JOIN (
                SELECT order_id, SUM(CASE WHEN credit = 3 THEN amount ELSE -amount END) AS amount
                FROM {transfers of orders} WHERE debit = 3 OR credit = 3 GROUP BY order_id
            ) AS deferred ON deferred.order_id = orders.id
            WHERE COALESCE(deferred.amount, 0) <>
                CASE orders.hold WHEN 'posted' THEN orders.price - orders.refunded - orders.recognised ELSE 0 END",
        since: Since::Ever,
    },
    Invariant {
        id: "V9",
        rule: "no order was refunded more than its price",
        sql: "
            SELECT COUNT(*) FROM {orders}
            JOIN (
                SELECT order_id, SUM(amount) AS amount FROM {transfers of orders} WHERE kind = 'refund' GROUP BY order_id
            ) AS refunds ON refunds.order_id = orders.id
            WHERE refunds.amount > orders.price",
        since: Since::Ever,
    },
    Invariant {
        id: "V10",
        rule: "an order that ended at its provider defers nothing any more",
        sql: "
            SELECT COUNT(*) FROM {orders}
            WHERE state IN ('completed', 'partial', 'canceled') AND refunded + recognised <> price",
        since: Since::Ever,
    },
    Invariant {
        id: "V11",
        rule: "debit balances and credit balances are equal (in micro-units of difference)",
        sql: "
            SELECT CAST(ABS(COALESCE(SUM(balance), 0)) AS BIGINT) FROM (
                SELECT transfers.amount AS balance FROM {transfers}
                JOIN ledger_accounts ON ledger_accounts.id = transfers.debit
                UNION ALL
                SELECT -transfers.amount FROM {transfers}
                JOIN ledger_accounts ON ledger_accounts.id = transfers.credit
            ) AS balances",
        since: Since::Ever,
    },
    Invariant {
        id: "V12",
        rule: "no lease ended more than 2 minutes ago without anybody noticing",
        sql: "SELECT COUNT(*) FROM orders WHERE state = 'submitting' AND lease_until < $1",
        since: Since::Minutes(2),
    },
    Invariant {
        id: "V13",
        rule: "no held order has waited for more than 10 minutes",
        sql: "SELECT COUNT(*) FROM orders WHERE state = 'held' AND updated_at < $1",
        since: Since::Minutes(10),
    },
    Invariant {
        id: "V16",
        rule: "exactly the credited deposits are in the ledger, once, with their amount, their fee and their user",
        sql: "
            SELECT
            (SELECT COUNT(*) FROM {deposits}
            LEFT JOIN (
                SELECT reference, COUNT(*) AS times, SUM(amount) AS amount, MAX(user_id) AS user_id
                FROM {transfers of funds} WHERE kind = 'deposit' AND credit = 1 AND debit IN (7, 12) GROUP BY reference
            ) AS paid ON paid.reference = deposits.reference
            LEFT JOIN (
                SELECT reference, SUM(amount) AS amount
                FROM {transfers of funds} WHERE kind = 'deposit_fee' AND debit = 1 AND credit = 8 GROUP BY reference
            ) AS fees ON fees.reference = deposits.reference
            WHERE COALESCE(paid.times, 0) <> CASE deposits.state WHEN 'credited' THEN 1 ELSE 0 END
                OR COALESCE(paid.amount, 0) <> COALESCE(deposits.gross, 0)
                OR COALESCE(fees.amount, 0) <> COALESCE(deposits.fee, 0)
                OR COALESCE(paid.user_id, deposits.user_id) <> deposits.user_id)
            + (SELECT COUNT(*) FROM {transfers} WHERE kind IN ('deposit', 'deposit_fee') AND NOT EXISTS (
                SELECT 1 FROM deposits WHERE deposits.reference = transfers.reference AND deposits.state = 'credited'))",
        since: Since::Ever,
    },
    Invariant {
        id: "V17",
        rule: "every withdrawal left the wallet once, and was paid out or given back at most once, as it says",
        sql: "
            SELECT
            (SELECT COUNT(*) FROM {withdrawals}
            LEFT JOIN (
                SELECT reference, MAX(user_id) AS user_id,
                    SUM(CASE WHEN kind = 'withdrawal' AND debit = 1 AND credit = 14 THEN amount ELSE 0 END) AS asked,
                    SUM(CASE WHEN kind = 'withdrawal_paid' AND debit = 14 AND credit = 13 THEN amount ELSE 0 END) AS paid,
                    SUM(CASE WHEN kind = 'withdrawal_refused' AND debit = 14 AND credit = 1 THEN amount ELSE 0 END) AS back
                FROM {transfers of funds} WHERE kind IN ('withdrawal', 'withdrawal_paid', 'withdrawal_refused')
                GROUP BY reference
            ) AS moved ON moved.reference = withdrawals.reference
            WHERE COALESCE(moved.asked, 0) <> withdrawals.amount
                OR COALESCE(moved.paid, 0) <> CASE withdrawals.state WHEN 'paid' THEN withdrawals.amount ELSE 0 END
                OR COALESCE(moved.back, 0) <> CASE withdrawals.state WHEN 'refused' THEN withdrawals.amount ELSE 0 END
                OR COALESCE(moved.user_id, '') <> withdrawals.user_id)
            + (SELECT COUNT(*) FROM {transfers}
                WHERE (kind IN ('withdrawal', 'withdrawal_paid', 'withdrawal_refused') OR debit = 14 OR credit = 14)
                AND NOT EXISTS (SELECT 1 FROM withdrawals WHERE withdrawals.reference = transfers.reference
                    AND transfers.kind IN ('withdrawal', 'withdrawal_paid', 'withdrawal_refused')))",
        since: Since::Ever,
    },
];

//! What must hold of the books at any moment, as queries that count what violates it.
//!
//! Accounts by their ids: 1 user wallets, 2 user holds, 3 deferred revenue of orders.

/// What an invariant takes into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// Everything; the query has no parameter.
    Ever,
    /// What has been so for longer than this; `$1` is the moment so long ago.
    Minutes(u64),
}

/// One invariant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Invariant {
    pub(super) id: &'static str,
    pub(super) rule: &'static str,
    pub(super) sql: &'static str,
    pub(super) since: Since,
}

/// V1 to V13.
pub(super) const INVARIANTS: [Invariant; 13] = [
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
        sql: "SELECT COUNT(*) FROM wallets WHERE available < 0 OR held < 0",
        since: Since::Ever,
    },
    Invariant {
        id: "V3",
        rule: "what a wallet holds is the sum of its pending orders",
        sql: "
            SELECT COUNT(*) FROM wallets
            LEFT JOIN (
                SELECT user_id, SUM(price) AS price FROM orders WHERE hold = 'pending' GROUP BY user_id
            ) AS pending ON pending.user_id = wallets.user_id
            WHERE wallets.held <> COALESCE(pending.price, 0)",
        since: Since::Ever,
    },
    Invariant {
        id: "V4",
        rule: "every order took its price from the wallet exactly once",
        sql: "
            SELECT COUNT(*) FROM orders
            LEFT JOIN (
                SELECT order_id, COUNT(*) AS times, SUM(amount) AS amount FROM transfers
                WHERE kind = 'hold' GROUP BY order_id
            ) AS holds ON holds.order_id = orders.id
            WHERE COALESCE(holds.times, 0) <> 1 OR holds.amount <> orders.price",
        since: Since::Ever,
    },
    Invariant {
        id: "V5",
        rule: "every hold is posted or given back at most once, and as the order says",
        sql: "
            SELECT COUNT(*) FROM orders
            LEFT JOIN (
                SELECT order_id,
                    SUM(CASE kind WHEN 'post' THEN 1 ELSE 0 END) AS posts,
                    SUM(CASE kind WHEN 'void' THEN 1 ELSE 0 END) AS voids
                FROM transfers WHERE kind IN ('post', 'void') GROUP BY order_id
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
                SELECT order_id FROM attempts WHERE outcome <> 'not_placed' GROUP BY order_id HAVING COUNT(*) > 1
            ) AS doubled",
        since: Since::Ever,
    },
    Invariant {
        id: "V7",
        rule: "exactly the posted orders have a provider's order id",
        sql: "SELECT COUNT(*) FROM orders WHERE (hold = 'posted') <> (provider_order_id IS NOT NULL)",
        since: Since::Ever,
    },
    Invariant {
        id: "V8",
        rule: "what an order defers is its price less refunds and revenue, and nothing unless it is posted",
        sql: "
            SELECT COUNT(*) FROM orders
            LEFT JOIN (
                SELECT order_id, SUM(CASE WHEN credit = 3 THEN amount ELSE -amount END) AS amount
                FROM transfers WHERE debit = 3 OR credit = 3 GROUP BY order_id
            ) AS deferred ON deferred.order_id = orders.id
            WHERE COALESCE(deferred.amount, 0) <>
                CASE orders.hold WHEN 'posted' THEN orders.price - orders.refunded - orders.recognised ELSE 0 END",
        since: Since::Ever,
    },
    Invariant {
        id: "V9",
        rule: "no order was refunded more than its price",
        sql: "
            SELECT COUNT(*) FROM orders
            JOIN (
                SELECT order_id, SUM(amount) AS amount FROM transfers WHERE kind = 'refund' GROUP BY order_id
            ) AS refunds ON refunds.order_id = orders.id
            WHERE refunds.amount > orders.price",
        since: Since::Ever,
    },
    Invariant {
        id: "V10",
        rule: "an order that ended at its provider defers nothing any more",
        sql: "
            SELECT COUNT(*) FROM orders
            WHERE state IN ('completed', 'partial', 'canceled') AND refunded + recognised <> price",
        since: Since::Ever,
    },
    Invariant {
        id: "V11",
        rule: "debit balances and credit balances are equal (in micro-units of difference)",
        sql: "
            SELECT CAST(ABS(COALESCE(SUM(balance), 0)) AS BIGINT) FROM (
                SELECT transfers.amount AS balance FROM transfers
                JOIN ledger_accounts ON ledger_accounts.id = transfers.debit
                UNION ALL
                SELECT -transfers.amount FROM transfers
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
];

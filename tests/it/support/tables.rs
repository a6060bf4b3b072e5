//! What the database holds, for tests that nothing was written.

use std::collections::BTreeMap;

use persistence::testing::TestDatabase;

/// Tables that change by themselves, and those that may tell of refusals.
const RESTLESS: [&str; 15] = [
    "audit_log",
    "audit_seals",
    "audit_unsealed",
    "figure_cursors",
    "figures",
    "mails",
    "outbox",
    "poll_groups",
    "poll_turns",
    "proven_wallets",
    "submission",
    "seaql_migrations",
    "settings",
    "sqlite_sequence",
    "user_figures",
];

/// What the database holds, row by row.
pub type Snapshot = BTreeMap<String, Vec<String>>;

/// The rows that are not in both.
pub fn changes(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let rows = |from: &Snapshot, but: &Snapshot, sign: char| {
        let rows = from
            .iter()
            .flat_map(|(table, rows)| rows.iter().map(move |row| (table, row)));
        let missing =
            |(table, row): &(&String, &String)| !but.get(*table).is_some_and(|rows| rows.contains(row));
        rows.filter(missing)
            .map(|(table, row)| format!("{sign} {table} {row}"))
            .collect::<Vec<_>>()
    };
    [rows(before, after, '-'), rows(after, before, '+')].concat()
}

/// Every row of every table that holds still.
pub async fn snapshot(database: &TestDatabase) -> Snapshot {
    let tables = if database.is_postgres() {
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table'"
    };
    let mut snapshot = Snapshot::new();
    for table in database.texts(tables).await.expect("tables") {
        if RESTLESS.contains(&table.as_str()) {
            continue;
        }
        let row = if database.is_postgres() {
            format!("SELECT t::text FROM {table} AS t")
        } else {
            let columns = format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')");
            let columns = database.texts(&columns).await.expect("columns");
            format!("SELECT {} FROM {table}", columns.join(" || ',' || "))
        };
        let mut rows = database.texts(&row).await.expect("rows");
        rows.sort();
        snapshot.insert(table, rows);
    }
    snapshot
}

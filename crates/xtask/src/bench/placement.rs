//! How the baselines place orders: with the product's own statement, and what one order of the product's own gave it.

use anyhow::{Context, ensure};
use serde_json::{Map, Value, json};

use super::arms::{COPY, ORDERS};
use super::http::Client;
use super::lab::{Lab, SMALL};
use super::world::{Customer, World};

/// Equal to what the product sends; a test of the product sees to that. The second line names the parameters.
const FILE: &str = include_str!("../../bench/place_order.sql");
/// Everything that was written with the one order that is there, by the names of the parameters.
const WRITTEN: &str = "
SELECT to_jsonb(o) || jsonb_build_object(
    'profit', o.selling_rate - o.rate, 'service_type', s.service_type, 'active', s.availability,
    'wallet_status', w.status, 'key', k.key, 'fingerprint', k.fingerprint,
    'event_kind', e.kind, 'actor', e.actor, 'actor_user', e.actor_user, 'event_at', e.at, 'details', e.details,
    'topic', j.topic, 'job_due_at', j.due_at, 'debit', t.debit, 'credit', t.credit, 'transfer_kind', t.kind,
    'transfer_user', t.user_id, 'transfer_provider', t.provider_id, 'note', t.note)
FROM orders o JOIN services s ON s.id = o.service_id JOIN wallets w ON w.user_id = o.user_id
    JOIN idempotency_keys k ON k.order_id = o.id JOIN order_events e ON e.order_id = o.id
    JOIN outbox j ON j.subject = o.id AND j.topic = 'order.submit' JOIN transfers t ON t.order_id = o.id
ORDER BY o.id LIMIT 1";
/// Who ordered, in those.
const USERS: [&str; 3] = ["user_id", "actor_user", "transfer_user"];

/// The statement, and the values of one order.
#[derive(Debug, Clone, Default)]
pub struct Placement {
    names: Vec<String>,
    statement: String,
    values: Map<String, Value>,
}

impl Placement {
    /// Lets the product place one order in a copy.
    pub fn learn(lab: &Lab, world: &World) -> anyhow::Result<Self> {
        lab.copy(SMALL, COPY)?;
        let (_product, address) = lab.serve(&lab.on_postgres(COPY))?;
        let customer = Client::anonymous(&address).with_cookie(&world.first()?.cookie);
        let form: Value = serde_json::from_str(&world.form().replace("{unique}", "first"))?;
        customer.post(ORDERS, &form)?.expect(201)?;
        let written = written(lab)?;
        let mut lines = FILE.splitn(3, '\n');
        let names = lines.nth(1).context("the file names the parameters")?;
        let names = names.trim_start_matches("-- ").split(' ').map(str::to_owned);
        let names: Vec<String> = names.collect();
        for name in &names {
            ensure!(written.contains_key(name), "no value is known for {name}");
        }
        Ok(Self {
            names,
            statement: lines
                .next()
                .context("the file has a statement")?
                .trim()
                .to_owned(),
            values: written,
        })
    }

    /// The first order in the copy left behind what the product's did.
    pub fn is_kept(&self, lab: &Lab) -> anyhow::Result<()> {
        let written = written(lab)?;
        for (name, value) in self.values.iter().filter(|(name, _)| !is_its_own(name)) {
            ensure!(
                written.get(name) == Some(value),
                "{name} is {:?} and not {value}",
                written.get(name)
            );
        }
        Ok(())
    }

    /// A script in which one of these customers orders.
    pub fn for_pgbench(&self, customers: &[Customer]) -> String {
        let users: Vec<_> = customers.iter().map(|customer| quoted(&customer.id)).collect();
        let user = format!("((ARRAY[{}])[:customer])", users.join(","));
        let value = |name: &String| match name.as_str() {
            name if USERS.contains(&name) => user.clone(),
            "link" => "('https://instagram.com/p/' || (:unique)::BIGINT)".to_owned(),
            "key" => "('bench-' || (:unique)::BIGINT)".to_owned(),
            name => literal(self.values.get(name)),
        };
        let mut statement = self.statement.clone();
        // From the last on, because $1 begins $12 too.
        for (index, name) in self.names.iter().enumerate().rev() {
            statement = statement.replace(&format!("${}", index + 1), &value(name));
        }
        format!(
            "\\set customer random(1, {})\n\\set unique random(1000000000000000, 9000000000000000)\n{statement};\n",
            customers.len()
        )
    }

    /// The same for the baseline in Node, which decides for itself what it can.
    pub fn for_node(&self) -> String {
        json!({ "names": self.names, "statement": self.statement, "values": self.values }).to_string()
    }
}

fn written(lab: &Lab) -> anyhow::Result<Map<String, Value>> {
    serde_json::from_str(&lab.sql(COPY, WRITTEN)?).context("nothing was written")
}

/// What is no other order's.
fn is_its_own(name: &str) -> bool {
    USERS.contains(&name) || name.ends_with("_at") || matches!(name, "id" | "link" | "key" | "fingerprint")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn literal(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "NULL".to_owned(),
        Some(Value::String(text)) => quoted(text),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_a_value_for_every_parameter() {
        let placement = Placement {
            names: (1..=12).map(|number| format!("name{number}")).collect(),
            statement: "SELECT $1, $12, $2, $10".to_owned(),
            values: (1..=12)
                .map(|number| (format!("name{number}"), json!(number)))
                .collect(),
        };
        assert!(placement.for_pgbench(&[]).ends_with("\nSELECT 1, 12, 2, 10;\n"));
        assert_eq!(literal(Some(&json!("it's"))), "'it''s'");
        assert_eq!(literal(Some(&Value::Null)), "NULL");
    }
}

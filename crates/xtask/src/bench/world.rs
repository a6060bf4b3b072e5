//! The stage: a provider, its services, customers with money and open sessions, all made through the API.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::http::{Client, at};
use super::lab::Lab;
use super::placement::Placement;
use super::program::Program;
use crate::process;

/// Customers; enough that their wallets do not wait for each other.
const CUSTOMERS: usize = 64;
const STAFF: &str = "staff@example.com";
const PASSWORD: &str = "correct horse battery staple";
const PANEL_KEY: &str = "key-of-the-panel";
const COOKIE: &str = "better-auth.session_token";
/// More than any measurement spends, in USD.
const FUNDS: &str = "1000000";

/// A customer whose session is open.
#[derive(Debug, Clone)]
pub struct Customer {
    pub id: String,
    pub cookie: String,
}

/// Who can order what.
#[derive(Debug, Clone)]
pub struct World {
    pub customers: Vec<Customer>,
    pub service: i64,
    pub quantity: u64,
    /// How the baselines place orders.
    pub placement: Placement,
}

/// A simulated panel in a process of its own; where its API is.
pub fn panel(lab: &Lab, options: &[&str]) -> anyhow::Result<(Program, String)> {
    let usual = [
        "sandbox-provider",
        "--port",
        "0",
        "--key",
        PANEL_KEY,
        "--pace",
        "3600",
    ];
    let arguments: Vec<&str> = usual.iter().chain(options).copied().collect();
    let mut program = Program::start(&mut lab.product(&arguments, &[]), &lab.path("panel.log"))?;
    let line = program.says("simulated panel at ")?;
    let url = line.split(' ').next().context("the panel says where it is")?;
    Ok((program, url.to_owned()))
}

impl World {
    /// Fills an installation whose database is empty.
    pub fn furnish(lab: &Lab, variables: &[(&str, String)]) -> anyhow::Result<Self> {
        let create = [
            "user",
            "create",
            "--email",
            STAFF,
            "--name",
            "Staff",
            "--admin",
            "--password",
            PASSWORD,
        ];
        process::output(&mut lab.product(&create, variables))?;
        let (_panel, panel_url) = panel(lab, &[])?;
        let (_serve, address) = lab.serve(variables)?;
        let nobody = Client::anonymous(&address);
        let staff = sign_in(&nobody)?;
        let (service, quantity) = offer(&staff, &panel_url)?;
        let customers = (0..CUSTOMERS).map(|number| customer(&nobody, &staff, number));
        Ok(Self {
            customers: customers.collect::<Result<_, _>>()?,
            service,
            quantity,
            placement: Placement::default(),
        })
    }

    /// The first customer.
    pub fn first(&self) -> anyhow::Result<&Customer> {
        self.customers.first().context("the stage has customers")
    }

    /// The order form, unlike any other.
    pub fn form(&self) -> String {
        format!(
            r#"{{"category":"Any","service":"{}","link":"https://instagram.com/p/{{unique}}","quantity":{}}}"#,
            self.service, self.quantity
        )
    }
}

/// A member of staff, signed in.
pub fn sign_in(nobody: &Client) -> anyhow::Result<Client> {
    let form = json!({ "email": STAFF, "password": PASSWORD });
    let answer = nobody.post("/api/auth/sign-in/email", &form)?;
    Ok(nobody.with_cookie(&answer.cookie(COOKIE)?))
}

/// Lets the one provider be at another panel.
pub fn move_provider(staff: &Client, panel: &str) -> anyhow::Result<()> {
    let listed = staff.get("/api/v1/admin/providers")?.expect(200)?;
    let id = at(&listed, "/result")
        .get(0)
        .map(|provider| at(provider, "/id").clone());
    let id = id.context("there is a provider")?;
    let provider =
        json!({ "name": "Panel", "apiUrl": panel, "apiKey": PANEL_KEY, "requestsPerSecond": 1000 });
    staff
        .patch(&format!("/api/v1/admin/providers/{id}"), &provider)?
        .expect(200)?;
    Ok(())
}

/// Adds the panel with its services; a service that can be ordered, and how much of it.
fn offer(staff: &Client, panel: &str) -> anyhow::Result<(i64, u64)> {
    let provider =
        json!({ "name": "Panel", "apiUrl": panel, "apiKey": PANEL_KEY, "requestsPerSecond": 1000 });
    let added = staff.post("/api/v1/admin/providers", &provider)?.expect(201)?;
    let id = at(&added, "/result/id");
    let import = staff.post(
        &format!("/api/v1/admin/providers/{id}/import"),
        &json!({ "profitPercent": "30" }),
    )?;
    import.expect(200)?;
    let listing = staff.get("/api/v1/services")?.expect(200)?;
    let categories = at(&listing, "/result/services").as_array();
    let services = categories
        .into_iter()
        .flatten()
        .filter_map(|category| at(category, "/services").as_array());
    let ordinary = services
        .flatten()
        .filter(|service| at(service, "/type") == "Default");
    let first = ordinary
        .min_by_key(|service| at(service, "/id").as_i64())
        .context("nothing is offered")?;
    let known = |name: &str| {
        first
            .get(name)
            .and_then(Value::as_i64)
            .context("a service has id and min")
    };
    Ok((known("id")?, u64::try_from(known("min")?)?))
}

fn customer(nobody: &Client, staff: &Client, number: usize) -> anyhow::Result<Customer> {
    let (id, cookie) = sign_up(nobody, &format!("customer{number}@example.com"))?;
    let credit = json!({ "amount": FUNDS, "reason": "for the bench" });
    staff
        .post(&format!("/api/v1/admin/users/{id}/wallet/credit"), &credit)?
        .expect(201)?;
    Ok(Customer { id, cookie })
}

/// Somebody new; their id and the cookie of their session.
pub fn sign_up(nobody: &Client, email: &str) -> anyhow::Result<(String, String)> {
    let form = json!({ "name": "Somebody", "email": email, "password": PASSWORD });
    let answer = nobody.post("/api/auth/sign-up/email", &form)?;
    let signed_up = answer.expect(200)?;
    let id = at(&signed_up, "/user/id").as_str().context("a user has an id")?;
    let cookie = answer.cookie(COOKIE)?;
    ensure!(!cookie.is_empty(), "whoever signs up has a session");
    Ok((id.to_owned(), cookie))
}

//! The panel API v2, and the keys that open it, as resellers' scripts and their owners use them.

mod actions;
mod chain;
mod clients;
mod dying;
mod keys;
mod managed;
mod races;
mod refused;
mod stopped;
mod types;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, World};

/// The addresses at which every request is answered alike.
pub const PANELS: [&str; 2] = ["/api/v2", "/api/v1/panel"];
/// The addresses of the old handler.
pub const HANDLERS: [&str; 3] = ["/v2/handler", "/api/v2/handler", "/api/v1/handler"];
const MANAGED: &str = "/api/v1/dashboard/api-keys";

/// A reseller's script: it has a key and no cookie.
pub struct Script {
    pub browser: Browser,
    pub key: String,
    /// The key's id, which only its owner knows.
    pub id: String,
}

impl Script {
    /// With a new key of the world's customer.
    pub async fn of(world: &World, powers: Value) -> Self {
        Self::of_owner(&world.customer, powers).await
    }

    /// With a new key of whoever sits at the browser.
    pub async fn of_owner(owner: &Browser, powers: Value) -> Self {
        let mut form = json!({ "name": "script" });
        for (name, value) in powers.as_object().into_iter().flatten() {
            form[name] = value.clone();
        }
        let made = owner.post(MANAGED, form).await.success(201, "API_KEY_CREATED");
        Self {
            browser: owner.stranger(),
            key: made["key"].as_str().expect("a key").to_owned(),
            id: made["apiKey"]["id"].as_str().expect("an id").to_owned(),
        }
    }

    /// Sends a form to the standard address; the key is added.
    pub async fn ask(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(&self.key, action, fields).await
    }

    /// The same with another key.
    pub async fn send(&self, key: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = vec![("key", key), ("action", action)];
        form.extend(fields);
        self.browser
            .send(Method::POST, PANELS[0], |request| request.form(&form))
            .await
    }

    /// What a form is answered.
    pub async fn told(&self, action: &str, fields: &[(&str, &str)]) -> Value {
        let answer = self.ask(action, fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The text with which a form is refused, at status 200.
    pub async fn refused(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.told(action, fields).await;
        let object = answer.as_object().expect("an object");
        assert_eq!(object.len(), 1, "{answer}");
        answer["error"].as_str().expect("a text").to_owned()
    }

    /// Sends JSON to an address of the old handler; the key is added.
    pub async fn handler(&self, path: &str, mut body: Value) -> Answer {
        body["key"] = json!(self.key);
        self.browser.post(path, body).await
    }

    /// Orders followers with this script for the panel; its id.
    pub async fn add(&self, world: &World, script: &str, quantity: u64) -> i64 {
        let (service, quantity) = (world.service("1012").to_string(), quantity.to_string());
        let link = world.link(script);
        let fields = [
            ("service", service.as_str()),
            ("link", link.as_str()),
            ("quantity", quantity.as_str()),
        ];
        let answer = self.told("add", &fields).await;
        answer["order"].as_i64().unwrap_or_else(|| panic!("{answer}"))
    }
}

//! What the document says about each route, as a beginning of requests.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::garbage;

const DOCUMENT: &str = include_str!("../../../openapi/openapi.json");
static PARSED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(DOCUMENT).expect("the document is JSON"));
/// They end the sessions that the requests are made with.
const SUICIDES: [&str; 5] = [
    "/api/auth/sign-out",
    "/api/auth/revoke-sessions",
    "/api/auth/revoke-other-sessions",
    "/api/auth/change-password",
    "/api/auth/reauthenticate",
];

/// A route.
#[derive(Debug, Clone)]
pub struct Route {
    pub method: String,
    pub path: String,
    /// Names of what its query knows.
    pub query: Vec<String>,
    /// Fields of its body with values of the right kind, if it takes one.
    pub body: Option<Map<String, Value>>,
}

/// Every route that can be asked again and again.
pub fn all() -> Vec<Route> {
    let paths = PARSED["paths"].as_object().expect("paths");
    let mut routes = Vec::new();
    for (path, item) in paths
        .iter()
        .filter(|(path, _)| !SUICIDES.contains(&path.as_str()))
    {
        for (method, operation) in item.as_object().expect("operations") {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let query = parameters.iter().filter(|it| it["in"] == "query");
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            routes.push(Route {
                method: method.to_uppercase(),
                path: path.clone(),
                query: query
                    .map(|it| it["name"].as_str().expect("a name").to_owned())
                    .collect(),
                body: (!schema.is_null()).then(|| fields(schema)),
            });
        }
    }
    assert!(routes.len() > 50, "{} routes", routes.len());
    routes
}

fn resolved(schema: &Value) -> &Value {
    match schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        Some(pointer) => PARSED.pointer(pointer).expect("what is referred to"),
        None => schema,
    }
}

fn fields(schema: &Value) -> Map<String, Value> {
    let schema = resolved(schema);
    let mut fields = Map::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fields.extend(self::fields(part));
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        fields.insert(name.clone(), example(resolved(field)));
    }
    fields
}

fn example(schema: &Value) -> Value {
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    match schema["type"].as_str().or_else(|| schema["type"][0].as_str()) {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([example(resolved(&schema["items"]))]),
        Some("object") => Value::Object(fields(schema)),
        _ => json!("text"),
    }
}

impl Route {
    /// The path with `texts` in the place of its parameters; one that is short of them has ones.
    pub fn path_with(&self, texts: &[String]) -> String {
        let mut texts = texts.iter();
        let parts = self.path.split('/').map(|part| {
            if part.starts_with('{') {
                texts.next().map_or("1", String::as_str)
            } else {
                part
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// Bodies that are almost right.
    pub fn bodies(&self) -> BoxedStrategy<Value> {
        let Some(fields) = self.body.clone() else {
            return garbage::value();
        };
        let changes =
            proptest::collection::vec((any::<prop::sample::Index>(), garbage::value(), 0_u8..10), 0..4);
        let changed = changes.prop_map(move |changes| {
            let mut fields = fields.clone();
            let names: Vec<String> = fields.keys().cloned().collect();
            for (place, value, chance) in changes {
                let Some(name) = names.get(place.index(names.len().max(1))) else {
                    continue;
                };
                match chance {
                    0 => fields.remove(name),
                    1 => fields.insert(format!("{name}x"), value),
                    _ => fields.insert(name.clone(), value),
                };
            }
            Value::Object(fields)
        });
        prop_oneof![5 => changed, 1 => garbage::value()].boxed()
    }
}

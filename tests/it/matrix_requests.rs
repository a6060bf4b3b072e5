//! What the matrix asks: paths and bodies about what is somebody else's.

use serde_json::{Map, Value, json};

use crate::support::World;

/// The one answer without end.
const EVENTS: &str = "/api/v1/dashboard/events";

/// What is somebody else's.
pub struct Theirs {
    pub order: i64,
    pub key: String,
}

/// The path with the ids of what is somebody else's.
pub fn filled(world: &World, theirs: &Theirs, template: &str, is_open: bool) -> String {
    let Some((head, _)) = template.split_once('{') else {
        // A stream has no end unless it is asked for one.
        let ends = if template == EVENTS { "?follow=false" } else { "" };
        return format!("{template}{ends}");
    };
    let id = match head {
        "/api/v1/dashboard/orders/" | "/api/v1/admin/orders/" => theirs.order.to_string(),
        "/api/v1/dashboard/api-keys/" | "/v2/api-key/" => theirs.key.clone(),
        "/api/v1/admin/users/" => world.user.id.to_string(),
        "/api/v1/admin/services/" => world.service("1012").to_string(),
        "/api/v1/admin/categories/" => "1".to_owned(),
        "/api/v1/admin/rates/" | "/api/v1/admin/deposits/" | "/api/v1/admin/withdrawals/" => "1".to_owned(),
        _ if head.starts_with("/api/v1/admin/providers/") => world.provider.to_string(),
        _ if is_open => "x".to_owned(),
        _ => panic!("the matrix does not know what {template} is about"),
    };
    let tail = template.split_once('}').map_or("", |(_, tail)| tail);
    format!("{head}{id}{tail}")
}

/// A body that would be taken, about somebody else where it is about anybody.
pub fn body(world: &World, document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return body(
            world,
            document,
            &document["components"]["schemas"][reference.rsplit('/').next().expect("a name")],
        );
    }
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        let choices = schema[choice].as_array().into_iter().flatten();
        if let Some(first) = choices.into_iter().find(|it| it["type"] != "null") {
            return body(world, document, first);
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind.unwrap_or_default() {
        "object" => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let value = |(name, schema): (&String, &Value)| {
                let value = match name.as_str() {
                    "userId" => json!(world.user.id.as_str()),
                    // An address in a profile is refused before anything else is looked at.
                    "email" if schema["readOnly"] == true => return None,
                    _ => body(world, document, schema),
                };
                Some((name.clone(), value))
            };
            Value::Object(fields.filter_map(value).collect::<Map<_, _>>())
        }
        "array" => json!([body(world, document, &schema["items"])]),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        _ => json!("something"),
    }
}

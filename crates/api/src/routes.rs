//! What the routes are, read from the document, so that an unknown path and a wrong method can be told apart.

use std::collections::BTreeMap;

use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::identity::Right;
use serde::Deserialize;

use crate::codes::Code;
use crate::dialect::Dialect;
use crate::docs::SCHEME;
use crate::error::ApiError;
use crate::extract::routed;

/// What matters here of a document.
#[derive(Deserialize)]
pub struct Outline {
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    operation_id: String,
    #[serde(default)]
    security: Vec<BTreeMap<String, Vec<String>>>,
}

impl Operation {
    fn has_right(&self) -> bool {
        // Each requirement is another way to meet the same one.
        let scopes = self.security.iter().find_map(|way| way.get(SCHEME));
        match scopes.map(Vec::as_slice) {
            Some([right]) => Right::from_stored(right).is_some(),
            _ => false,
        }
    }
}

impl Outline {
    /// The outline of a document.
    ///
    /// # Errors
    /// If it is none.
    pub fn of(document: &str) -> serde_json::Result<Self> {
        serde_json::from_str(document)
    }

    /// Routes for staff that do not say which right they need, or name one that does not exist.
    pub fn without_right(&self) -> Vec<&str> {
        let staff = self
            .paths
            .iter()
            .filter(|(path, _)| path.starts_with("/api/v1/admin/"));
        let operations = staff.flat_map(|(_, item)| item.values());
        let without = operations.filter(|operation| !operation.has_right());
        without.map(|operation| operation.operation_id.as_str()).collect()
    }
}

/// Templates of paths and the methods they know.
#[derive(Debug, Clone)]
pub struct RouteTable(Vec<(Vec<Segment>, Vec<String>)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Any,
}

impl RouteTable {
    /// The routes of a document.
    #[must_use]
    pub fn of(outline: &Outline) -> Self {
        let routes = outline.paths.iter().flat_map(|(path, item)| {
            let methods: Vec<String> = item.keys().map(|method| method.to_uppercase()).collect();
            spellings(path)
                .into_iter()
                .map(move |path| (segments(&path), methods.clone()))
        });
        Self(routes.collect())
    }

    /// The methods that `path` knows; none if there is no such path. A path with a name of its own is no id.
    fn allowed(&self, path: &str) -> Vec<&str> {
        let asked: Vec<&str> = path.split('/').collect();
        let fitting = || self.0.iter().filter(|(template, _)| fits(template, &asked));
        let fixed = |template: &[Segment]| template.iter().filter(|it| **it != Segment::Any).count();
        let most = fitting().map(|(template, _)| fixed(template)).max();
        let mut allowed: Vec<_> = fitting()
            .filter(|(template, _)| Some(fixed(template)) == most)
            .flat_map(|(_, methods)| methods.iter().map(String::as_str))
            .collect();
        allowed.sort_unstable();
        allowed.dedup();
        allowed
    }
}

/// What is listed under the first of each answers under the others too.
const SPELLINGS: [&[&str]; 4] = [
    &["/api/auth/", "/api/v1/auth/"],
    &["/v2/api-key", "/api/v2/api-key", "/api/v1/api-key"],
    &["/v2/handler", "/api/v2/handler", "/api/v1/handler"],
    &["/api/v2", "/api/v1/panel"],
];

fn spellings(path: &str) -> Vec<String> {
    let listed = SPELLINGS.iter().find_map(|spellings| {
        let (first, _) = spellings.split_first()?;
        Some((spellings, path.strip_prefix(first)?))
    });
    match listed {
        Some((spellings, rest)) => spellings.iter().map(|it| format!("{it}{rest}")).collect(),
        None => vec![path.to_owned()],
    }
}

fn segments(path: &str) -> Vec<Segment> {
    path.split('/')
        .map(|part| {
            if part.starts_with('{') {
                Segment::Any
            } else {
                Segment::Fixed(part.to_owned())
            }
        })
        .collect()
}

fn fits(template: &[Segment], asked: &[&str]) -> bool {
    template.len() == asked.len()
        && template.iter().zip(asked).all(|(segment, part)| match segment {
            Segment::Fixed(text) => text == part,
            Segment::Any => !part.is_empty(),
        })
}

/// 405 with the methods that the path knows, if it does not know the one that is asked for.
pub fn wrong_method(request: &HttpRequest) -> Option<HttpResponse> {
    let table = request.app_data::<web::Data<RouteTable>>()?;
    let allowed = table.allowed(routed(request));
    (!allowed.contains(&request.method().as_str())).then(|| method_not_allowed(request, &allowed))
}

/// Answers what no route takes: 404, or 405 with the methods that the path knows.
pub async fn no_route(table: web::Data<RouteTable>, request: HttpRequest) -> HttpResponse {
    let allowed = table.allowed(routed(&request));
    let dialect = Dialect::of(routed(&request));
    if allowed.is_empty() && dialect == Dialect::Auth {
        return HttpResponse::NotFound().finish();
    }
    if allowed.is_empty() {
        let message = format!("Route {} {} not found", request.method(), request.path());
        return dialect
            .refuse(ApiError::new(Code::RouteNotFound, message))
            .error_response();
    }
    method_not_allowed(&request, &allowed)
}

fn method_not_allowed(request: &HttpRequest, allowed: &[&str]) -> HttpResponse {
    let refusal = Dialect::of(routed(request)).refuse_code(Code::MethodNotAllowed);
    let mut response = refusal.error_response();
    if let Ok(methods) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline() -> Outline {
        Outline::of(&crate::docs::openapi().to_json().unwrap()).unwrap()
    }

    #[test]
    fn every_route_for_staff_says_which_right_it_needs() {
        let mut outline = outline();
        assert_eq!(outline.without_right(), [""; 0]);
        let path = outline.paths.get_mut("/api/v1/admin/categories").unwrap();
        path.get_mut("get").unwrap().security.clear();
        assert_eq!(outline.without_right(), ["admin_list_categories"]);
    }

    #[test]
    fn a_wrong_method_is_told_apart_from_an_unknown_path() {
        let table = RouteTable::of(&outline());
        assert_eq!(table.allowed("/api/v1/admin/categories"), ["GET", "POST"]);
        assert_eq!(table.allowed("/api/v1/admin/categories/7"), ["DELETE", "PATCH"]);
        assert_eq!(table.allowed("/api/v1/auth/ok"), ["GET"]);
        assert_eq!(table.allowed("/api/v1/admin/categories/"), [""; 0]);
        assert_eq!(table.allowed("/api/v1/admin/categories/order"), ["PUT"]);
        assert_eq!(table.allowed("/api/v1/dashboard/orders/mass"), ["POST"]);
        for path in ["/api/v2", "/api/v1/panel", "/v2/handler", "/api/v1/handler"] {
            assert_eq!(table.allowed(path), ["GET", "POST"], "{path}");
        }
        for path in ["/v2/api-key/x", "/api/v2/api-key/x", "/api/v1/api-key/x"] {
            assert_eq!(table.allowed(path), ["DELETE"], "{path}");
        }
        assert_eq!(table.allowed("/nowhere"), [""; 0]);
    }
}

//! What the routes are, read from the document, so that an unknown path and a wrong method can be told apart.

use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;

use crate::codes::Code;
use crate::dialect::Dialect;
use crate::error::ApiError;

/// Templates of paths and the methods they know.
#[derive(Debug, Clone)]
pub struct RouteTable(Vec<(Vec<Segment>, Vec<&'static str>)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Any,
}

impl RouteTable {
    /// The routes of a document.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let routes = document.paths.paths.iter().flat_map(|(path, item)| {
            spellings(path)
                .into_iter()
                .map(move |path| (segments(&path), methods(item)))
        });
        Self(routes.collect())
    }

    /// The methods that `path` knows; none if there is no such path.
    fn allowed(&self, path: &str) -> Vec<&'static str> {
        let asked: Vec<&str> = path.split('/').collect();
        let mut allowed: Vec<_> = self
            .0
            .iter()
            .filter(|(template, _)| fits(template, &asked))
            .flat_map(|(_, methods)| methods.iter().copied())
            .collect();
        allowed.sort_unstable();
        allowed.dedup();
        allowed
    }
}

/// `/api/auth` answers under `/api/v1/auth` too.
fn spellings(path: &str) -> Vec<String> {
    match path.strip_prefix("/api/auth/") {
        Some(rest) => vec![path.to_owned(), format!("/api/v1/auth/{rest}")],
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

fn methods(item: &PathItem) -> Vec<&'static str> {
    [
        ("GET", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PATCH", item.patch.is_some()),
        ("PUT", item.put.is_some()),
        ("DELETE", item.delete.is_some()),
    ]
    .into_iter()
    .filter_map(|(method, known)| known.then_some(method))
    .collect()
}

/// Answers what no route takes: 404, or 405 with the methods that the path knows.
pub async fn no_route(table: web::Data<RouteTable>, request: HttpRequest) -> HttpResponse {
    let allowed = table.allowed(request.path());
    let dialect = Dialect::of(request.path());
    if allowed.is_empty() && dialect == Dialect::Auth {
        return HttpResponse::NotFound().finish();
    }
    if allowed.is_empty() {
        let message = format!("Route {} {} not found", request.method(), request.path());
        return dialect
            .refuse(ApiError::new(Code::RouteNotFound, message))
            .error_response();
    }
    let mut response = dialect.refuse_code(Code::MethodNotAllowed).error_response();
    if let Ok(methods) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_method_is_told_apart_from_an_unknown_path() {
        let table = RouteTable::of(&crate::docs::openapi());
        assert_eq!(table.allowed("/api/v1/admin/categories"), ["GET", "POST"]);
        assert_eq!(table.allowed("/api/v1/admin/categories/7"), ["DELETE", "PATCH"]);
        assert_eq!(table.allowed("/api/v1/auth/ok"), ["GET"]);
        assert_eq!(table.allowed("/api/v1/admin/categories/"), [""; 0]);
        assert_eq!(table.allowed("/nowhere"), [""; 0]);
    }
}

//! The page that a failed sign-in leads to.
#![expect(
    unused_qualifications,
    reason = "the macro for query parameters writes them into the handler's signature"
)]

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// Longer than any code.
const CODE_MAX_CHARS: usize = 100;

/// What went wrong.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ErrorQuery {
    /// A code; it is shown as text.
    error: Option<String>,
}

/// Shows that signing in failed
#[utoipa::path(
    tag = "Authentication",
    params(ErrorQuery),
    responses((status = 200, description = "A page", body = String, content_type = "text/html"))
)]
#[get("/error")]
pub async fn error_page(query: web::Query<ErrorQuery>) -> HttpResponse {
    let code = query.error.as_deref().filter(|code| !code.is_empty());
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .body(page(code.unwrap_or("Unknown")))
}

fn page(code: &str) -> String {
    let code: String = code.chars().take(CODE_MAX_CHARS).map(escaped).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Signing in failed</title>\n</head>\n<body>\n\
         <h1>Signing in failed</h1>\n<p>Please try again.</p>\n<p>Error code: <code id=\"errorCode\">{code}</code></p>\n\
         <p><a href=\"/\" id=\"returnLink\">Back to the start page</a></p>\n</body>\n</html>\n"
    )
}

/// Text that means nothing to a browser.
fn escaped(character: char) -> String {
    match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        character if character.is_control() => " ".to_owned(),
        character => character.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_code_is_markup() {
        let attack = page("</code><script>alert('x')</script>\"&\u{0}");
        assert!(
            attack
                .contains("&lt;/code&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp; </code>")
        );
        assert!(!attack.contains("<script"));
    }

    #[test]
    fn a_long_code_is_cut() {
        assert!(page(&"x".repeat(10_000)).len() < 1_000);
    }
}

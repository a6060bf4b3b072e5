//! Tables for other programs, of which only one page is in memory.

use std::future::Future;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};
use domain::PageSize;
use futures::stream::try_unfold;

use crate::error::ApiError;

/// Rows that are read at once.
pub const AT_ONCE: PageSize = PageSize::WHOLE;

/// Records, and where the next page begins.
pub type Records = (Vec<String>, Option<i64>);

/// An export that is about to begin. `pages` reads the page below a row.
pub struct Export<P> {
    name: &'static str,
    columns: &'static str,
    pages: P,
}

enum Next {
    Beginning,
    Below(i64),
    Nothing,
}

impl<P, F> Export<P>
where
    P: Fn(Option<i64>) -> F + 'static,
    F: Future<Output = Result<Records, ApiError>> + 'static,
{
    /// An export into a file of this name.
    pub const fn new(name: &'static str, columns: &'static str, pages: P) -> Self {
        Self { name, columns, pages }
    }

    /// Streams it.
    pub fn respond(self) -> HttpResponse {
        let name = format!("attachment; filename=\"{}\"", self.name);
        let (columns, pages) = (self.columns, self.pages);
        let stream = try_unfold((pages, Next::Beginning), move |(pages, next)| async move {
            let (mut text, before) = match next {
                Next::Beginning => (format!("{columns}\r\n"), None),
                Next::Below(id) => (String::new(), Some(id)),
                Next::Nothing => return Ok(None),
            };
            let (records, next) = pages(before).await?;
            for record in records {
                text.push_str(&record);
                text.push_str("\r\n");
            }
            let next = next.map_or(Next::Nothing, Next::Below);
            Ok::<_, Error>(Some((Bytes::from(text), (pages, next))))
        });
        HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8")
            .insert_header((CONTENT_DISPOSITION, name))
            .streaming(stream)
    }
}

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

/// Records, and where the next page begins: below a row, or whatever else tells.
pub type Records<C> = (Vec<String>, Option<C>);

/// An export that is about to begin. `pages` reads the page that begins there.
pub struct Export<P> {
    name: &'static str,
    columns: &'static str,
    pages: P,
}

enum Next<C> {
    Beginning,
    At(C),
    Nothing,
}

impl<P> Export<P> {
    /// An export into a file of this name.
    pub const fn new(name: &'static str, columns: &'static str, pages: P) -> Self {
        Self { name, columns, pages }
    }

    /// Streams it.
    pub fn respond<C, F>(self) -> HttpResponse
    where
        P: Fn(Option<C>) -> F + 'static,
        F: Future<Output = Result<Records<C>, ApiError>> + 'static,
        C: 'static,
    {
        let name = format!("attachment; filename=\"{}\"", self.name);
        let (columns, pages) = (self.columns, self.pages);
        let stream = try_unfold((pages, Next::Beginning), move |(pages, next)| async move {
            let (mut text, from) = match next {
                Next::Beginning => (format!("{columns}\r\n"), None),
                Next::At(place) => (String::new(), Some(place)),
                Next::Nothing => return Ok(None),
            };
            let (records, next) = pages(from).await?;
            for record in records {
                text.push_str(&record);
                text.push_str("\r\n");
            }
            let next = next.map_or(Next::Nothing, Next::At);
            Ok::<_, Error>(Some((Bytes::from(text), (pages, next))))
        });
        HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8")
            .insert_header((CONTENT_DISPOSITION, name))
            .streaming(stream)
    }
}

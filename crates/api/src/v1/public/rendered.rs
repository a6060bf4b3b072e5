//! Lists that were rendered before, so that a list of thousands is read and written once for each of its versions.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use actix_web::web::Bytes;
use tokio::sync::Mutex;

/// Lists that are kept at most. One is a few hundred kilobytes.
const KEPT_MAX: usize = 16;

/// A list and the version that it was rendered from.
#[derive(Clone)]
struct Kept {
    version: i64,
    body: Bytes,
}

/// Rendered lists by name. Cloning is cheap, and clones share what is kept.
#[derive(Clone, Default)]
pub struct Rendered(Arc<Mutex<HashMap<String, Kept>>>);

impl Rendered {
    /// The list `name` as of `version`: as it is kept, or else as `render` writes it. Whoever asks while it is being
    /// rendered waits for it, so that a thousand who ask at once render it once.
    ///
    /// # Errors
    /// As `render`; nothing is kept then.
    pub async fn get<E, F: Future<Output = Result<Bytes, E>>>(
        &self,
        name: &str,
        version: i64,
        render: impl FnOnce() -> F,
    ) -> Result<Bytes, E> {
        let mut kept = self.0.lock().await;
        if let Some(found) = kept.get(name)
            && found.version == version
        {
            return Ok(found.body.clone());
        }
        let body = render().await?;
        if kept.len() >= KEPT_MAX && !kept.contains_key(name) {
            kept.clear();
        }
        let fresh = Kept {
            version,
            body: body.clone(),
        };
        kept.insert(name.to_owned(), fresh);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[actix_web::test]
    async fn a_list_is_rendered_once_for_each_version_however_many_ask() {
        let (rendered, renderings) = (Rendered::default(), AtomicUsize::new(0));
        let ask = |version| {
            let count = &renderings;
            rendered.get("USD", version, move || async move {
                tokio::task::yield_now().await;
                let nth = count.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Infallible>(Bytes::from(format!("{version}/{nth}")))
            })
        };
        let asked = futures::future::join_all((0..8).map(|_| ask(1))).await;
        assert!(asked.iter().all(|body| body.as_deref() == Ok(&b"1/0"[..])));
        assert_eq!(ask(2).await.as_deref(), Ok(&b"2/1"[..]));
        assert_eq!(renderings.load(Ordering::SeqCst), 2);
    }

    #[actix_web::test]
    async fn only_so_many_lists_are_kept() {
        let rendered = Rendered::default();
        for name in 0..1_000 {
            let body = || async { Ok::<_, Infallible>(Bytes::from_static(b"x")) };
            rendered.get(&name.to_string(), 1, body).await.unwrap();
        }
        assert!(rendered.0.lock().await.len() <= KEPT_MAX);
    }
}

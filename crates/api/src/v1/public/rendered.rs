//! Lists that were rendered before, so that a list of thousands is read and written once for each of its versions.

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, Write};
use std::sync::Arc;

use actix_web::web::{self, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::{Mutex, OnceCell};

/// Lists that are kept at most. One is a few hundred kilobytes.
const KEPT_MAX: usize = 16;

/// A list as it is sent.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// As it was rendered.
    pub plain: Bytes,
    packed: Arc<OnceCell<Bytes>>,
}

impl Body {
    fn new(plain: Bytes) -> Self {
        Self {
            plain,
            ..Self::default()
        }
    }

    /// The same in gzip. The first one who asks has it packed, off the threads that answer requests.
    ///
    /// # Errors
    /// If no thread was to be had for it.
    pub async fn packed(&self) -> io::Result<Bytes> {
        let pack = || async {
            let plain = self.plain.clone();
            let packed = web::block(move || pack(&plain)).await;
            packed.map_err(io::Error::other)?
        };
        self.packed.get_or_try_init(pack).await.cloned()
    }
}

fn pack(plain: &[u8]) -> io::Result<Bytes> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(plain)?;
    Ok(packer.finish()?.into())
}

/// A list and the version that it was rendered from.
#[derive(Clone)]
struct Kept {
    version: i64,
    body: Body,
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
    ) -> Result<Body, E> {
        let mut kept = self.0.lock().await;
        if let Some(found) = kept.get(name)
            && found.version == version
        {
            return Ok(found.body.clone());
        }
        let body = Body::new(render().await?);
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
    use std::io::Read;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use flate2::read::GzDecoder;

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
        assert!(asked.iter().all(|body| body.as_ref().unwrap().plain == "1/0"));
        assert_eq!(ask(2).await.unwrap().plain, "2/1");
        assert_eq!(renderings.load(Ordering::SeqCst), 2);
    }

    #[actix_web::test]
    async fn a_list_is_packed_once_and_unpacks_to_what_it_was() {
        let plain = Bytes::from("followers, likes, ".repeat(1_000));
        let body = Body::new(plain.clone());
        let (first, again) = (body.packed().await.unwrap(), body.clone().packed().await.unwrap());
        assert_eq!(first.as_ptr(), again.as_ptr());
        assert!(first.len() < plain.len() / 10, "{} bytes", first.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&*first).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
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

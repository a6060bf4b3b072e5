//! Where routes are mounted: into a server, or into the document that describes it.
//!
//! A server has one application for each of its threads. Describing every route in each of them took a third of the
//! memory of an idle server, so only the document is described.

use actix_web::Scope;
use actix_web::dev::HttpServiceFactory;
use actix_web::web::{self, ServiceConfig};
use utoipa::openapi::path::{Paths, PathsMap};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};
use utoipa_actix_web::OpenApiFactory;

/// Takes routes.
pub struct Routes<'a>(Target<'a>);

enum Target<'a> {
    Server(&'a mut ServiceConfig),
    Document(&'a mut Described),
}

/// What was said about routes.
#[derive(Default)]
struct Described {
    paths: Paths,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl<'a> Routes<'a> {
    /// Serves what is mounted.
    pub const fn of_server(config: &'a mut ServiceConfig) -> Self {
        Self(Target::Server(config))
    }

    /// Adds what `mount` mounts to `document`, and serves nothing.
    pub fn describe(document: &mut OpenApi, mount: fn(&mut Routes<'_>)) {
        let mut described = Described::default();
        mount(&mut Routes(Target::Document(&mut described)));
        document.paths.merge(described.paths);
        let components = document.components.get_or_insert_default();
        components.schemas.extend(described.schemas);
    }

    /// Mounts a handler.
    pub fn service(&mut self, handler: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        match &mut self.0 {
            Target::Server(config) => {
                config.service(handler);
            }
            Target::Document(described) => {
                described.paths.merge(handler.paths());
                handler.schemas(&mut described.schemas);
            }
        }
        self
    }

    /// Mounts what `mount` mounts.
    pub fn configure(&mut self, mount: fn(&mut Routes<'_>)) -> &mut Self {
        mount(self);
        self
    }

    /// Mounts what `mount` mounts below `prefix`, behind what `wrap` puts around it.
    pub fn scope<S: HttpServiceFactory + 'static>(
        &mut self,
        prefix: &str,
        mount: fn(&mut Routes<'_>),
        wrap: impl FnOnce(Scope) -> S,
    ) -> &mut Self {
        match &mut self.0 {
            Target::Server(config) => {
                config.service(wrap(below(prefix, mount)));
            }
            Target::Document(described) => {
                let mut inner = Described::default();
                mount(&mut Routes(Target::Document(&mut inner)));
                let paths = inner.paths.paths.into_iter();
                inner.paths.paths = paths
                    .map(|(path, item)| (format!("{prefix}{path}"), item))
                    .collect::<PathsMap<_, _>>();
                described.paths.merge(inner.paths);
                described.schemas.extend(inner.schemas);
            }
        }
        self
    }

    /// Mounts what the document does not list.
    pub fn unlisted(&mut self, mount: impl FnOnce(&mut ServiceConfig)) -> &mut Self {
        if let Target::Server(config) = &mut self.0 {
            mount(config);
        }
        self
    }
}

/// What `mount` mounts, below `prefix`.
pub fn below(prefix: &str, mount: fn(&mut Routes<'_>)) -> Scope {
    web::scope(prefix).configure(|config| mount(&mut Routes::of_server(config)))
}

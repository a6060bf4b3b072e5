//! The contract, on every queue.

use std::sync::Arc;

use queue::{DirectJobs, EmbeddedJobs};
use testkit::contract::queue::Queue;

use crate::server;

fn embedded() -> Queue {
    let jobs = EmbeddedJobs::new();
    Queue {
        jobs: Arc::new(jobs.clone()),
        consumer: Arc::new(jobs),
    }
}

fn direct(url: &str) -> Queue {
    let jobs = Arc::new(DirectJobs::beside(server::redis(url, server::options())));
    Queue {
        jobs: jobs.clone(),
        consumer: jobs,
    }
}

macro_rules! on_all {
    ($suite:ident: $($case:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    testkit::contract::$suite::$case(&super::embedded()).await.unwrap();
                }
            )+
        }

        mod direct {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(url) = super::server::shared(stringify!($case)) else { return };
                    testkit::contract::$suite::$case(&super::direct(&url)).await.unwrap();
                }
            )+
        }

        mod redis {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(url) = super::server::shared(stringify!($case)) else { return };
                    let queue = super::server::queue(&url, super::server::options());
                    testkit::contract::$suite::$case(&queue).await.unwrap();
                }
            )+
        }
    };
}
testkit::queue_contract!(on_all);

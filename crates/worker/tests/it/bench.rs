//! A worker and all it needs.

use std::sync::Arc;

use application::jobs::{Relay, Schedules};
use application::orders::RescueOrders;
use domain::orders::OrderPolicy;
use persistence::testing::TestDatabase;
use persistence::{DatabaseSignal, SeaQueries, SeaRelay, SeaStore};
use ports::jobs::{JobConsumer, JobHandler, JobTopic, Stop};
use ports::limits::RateLimiter;
use ports::outbox::{NewJob, OutboxRelay};
use ports::{Clock, Store};
use queue::EmbeddedJobs;
use testkit::fake::FakeClock;
use tokio::task::JoinHandle;
use worker::Worker;

use crate::doubles::Doorkeeper;

/// A database, a queue and a clock. Tests replace what they want to go wrong.
pub struct Bench {
    pub clock: Arc<dyn Clock>,
    pub signal: Arc<DatabaseSignal>,
    pub store: Arc<dyn Store>,
    pub queries: Arc<SeaQueries>,
    pub outbox: Arc<dyn OutboxRelay>,
    pub jobs: Arc<EmbeddedJobs>,
    pub limiter: Arc<dyn RateLimiter>,
    _database: TestDatabase,
}

impl Bench {
    pub async fn new() -> Self {
        let database = TestDatabase::sqlite_memory().await.unwrap();
        let connections = database.database();
        let signal = Arc::new(DatabaseSignal::start(connections).await.unwrap());
        let told: Arc<DatabaseSignal> = Arc::clone(&signal);
        Self {
            clock: Arc::new(FakeClock::default()),
            store: Arc::new(SeaStore::new(connections, told)),
            queries: Arc::new(SeaQueries::new(connections)),
            outbox: Arc::new(SeaRelay::new(connections)),
            jobs: Arc::new(EmbeddedJobs::new()),
            limiter: Arc::new(Doorkeeper::default()),
            signal,
            _database: database,
        }
    }

    /// Commits a job, as a use case does.
    pub async fn commit_job(&self, subject: i64) {
        let mut tx = self.store.begin().await.unwrap();
        let job = NewJob {
            topic: JobTopic::SubmitOrder,
            subject,
            due_at: self.clock.now(),
        };
        tx.outbox().push(job).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Starts working with this handler.
    pub fn start(&self, handler: Arc<dyn JobHandler>) -> Working {
        let consumer: Arc<EmbeddedJobs> = Arc::clone(&self.jobs);
        self.start_with(consumer, handler)
    }

    /// Starts working with this consumer and this handler.
    pub fn start_with(&self, consumer: Arc<dyn JobConsumer>, handler: Arc<dyn JobHandler>) -> Working {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let (queries, jobs, signal) = (&self.queries, &self.jobs, &self.signal);
        let orders: Arc<SeaQueries> = Arc::clone(queries);
        let rescue = RescueOrders::new(
            Arc::clone(&store),
            orders,
            Arc::clone(&clock),
            OrderPolicy::default(),
        );
        let orders: Arc<SeaQueries> = Arc::clone(queries);
        let jobs: Arc<EmbeddedJobs> = Arc::clone(jobs);
        let signal: Arc<DatabaseSignal> = Arc::clone(signal);
        let worker = Worker {
            relay: Arc::new(Relay::new(Arc::clone(&self.outbox), jobs, Arc::clone(&clock))),
            schedules: Arc::new(Schedules::new(
                rescue,
                store,
                orders.clone(),
                orders.clone(),
                orders,
                Arc::clone(&self.limiter),
                clock,
            )),
            consumer,
            handler,
            signal,
            concurrency: 4,
        };
        let stop = Stop::new();
        Working {
            task: tokio::spawn(worker.run(stop.clone())),
            stop,
        }
    }
}

/// A worker at work.
pub struct Working {
    pub stop: Stop,
    pub task: JoinHandle<()>,
}

impl Working {
    pub async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

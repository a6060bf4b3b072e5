//! The process under test: the product's use cases on a real database and a real panel, driven without loops, so that
//! hours of waiting pass at once and every step is taken as soon as it is due.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use application::caller::Caller;
use application::catalog::{CategoryChoice, ServiceEdit};
use application::jobs::{JobRunner, Relay, Schedule, Schedules, UseCases};
use application::orders::{OrderLine, OrderPlacement, PlaceOrderError, PlaceOrdersError};
use domain::orders::{OrderPolicy, OrderState};
use domain::text::{IdempotencyKey, Link};
use domain::{DepositId, MailId, Money, OrderId, PageSize, ProviderId, Rate, Secret, ServiceId, UserId};
use futures::future::join_all;
use ports::StoreError;
use ports::jobs::{Job, JobHandler, JobTopic};
use ports::orders::OrderFilter;
use smm_guru::{Adapters, AddressPolicy, DistributedOptions, EmbeddedOptions, Services, System};

use super::doubles::{ClockAhead, NoLimits, Shelf, SilentStore};
use super::life::{Life, Place, Wish, Word};

/// How many pieces every order has.
const QUANTITY: u64 = 100;
/// When a process must know that what an earlier one sent has arrived, after it has begun. Shorter than the lease and
/// the quarantine together, of which an earlier process may have used as much.
const KNOWN_AFTER: Duration = Duration::from_secs(150);
/// How long a process with a fault in it works on what is left of earlier ones before it places its own order.
pub const SOON: Duration = Duration::from_mins(30);
/// How long the last process works at most.
pub const LONG: Duration = Duration::from_hours(20);

/// Opens the installation. Redis is not used: the queue and the limits are those of the process.
pub async fn open(place: &Place) -> System {
    let (policy, addresses) = (OrderPolicy::default(), AddressPolicy::AllowPrivate);
    let listen: SocketAddr = ([127, 0, 0, 1], 0).into();
    let opened = match place {
        Place::Folder(folder) => {
            let folder = folder.clone();
            smm_guru::embedded(EmbeddedOptions {
                folder,
                policy,
                addresses,
                funds: smm_guru::FundsSetup::none(),
                listen,
            })
            .await
        }
        Place::Postgres(url) => {
            smm_guru::distributed(DistributedOptions {
                database_url: Secret::new(url),
                redis_url: Secret::new("redis://127.0.0.1:1/"),
                cookie_secret: Secret::new("cookies of the tests are signed with 0123456789"),
                sealing_secret: Secret::new("keys of the tests are sealed with 9876543210"),
                policy,
                addresses,
                mail: smm_guru::MailSetup::none(),
                funds: smm_guru::FundsSetup::none(),
                connections: 4,
                concurrency: 1,
                listen,
            })
            .await
        }
    };
    opened.unwrap()
}

/// A worker: jobs as they come from the queue, and the same work at anybody's word.
struct Worker {
    runner: JobRunner,
    direct: UseCases,
    schedules: Schedules,
}

pub struct Process {
    pub clock: Arc<ClockAhead>,
    /// Everything is done by two workers at the same time.
    pub twins: AtomicBool,
    ports: Adapters,
    services: Services,
    relay: Relay,
    workers: [Worker; 2],
    shelf: Arc<Shelf>,
    customer: Caller,
    staff: Caller,
    service: ServiceId,
    arrived_by: u64,
}

impl Process {
    pub async fn open(life: &Life) -> Self {
        let system = open(&life.database).await;
        let real = system.adapters().clone();
        let clock = Arc::new(ClockAhead::new(real.clock.clone(), life.ahead));
        let shelf = Arc::new(Shelf::default());
        let ports = Adapters {
            clock: clock.clone(),
            store: Arc::new(SilentStore(real.store.clone())),
            queue: shelf.clone(),
            limiter: Arc::new(NoLimits),
            ..real
        };
        let policy = OrderPolicy::default();
        let services = Services::new(&ports, policy, 16);
        let worker = |name: &str| {
            let (services, name) = (&services, format!("{}-{name}", std::process::id()));
            Worker {
                runner: smm_guru::job_runner(&ports, services, policy, name.clone()),
                direct: smm_guru::use_cases(&ports, services, policy, name),
                schedules: smm_guru::schedules(&ports, services, policy),
            }
        };
        let user = async |id: &str| {
            let user = ports.identity.user(&UserId::new(id)).await.unwrap().unwrap();
            Caller::new(user)
        };
        Self {
            twins: AtomicBool::new(false),
            relay: smm_guru::relay(&ports),
            workers: [worker("first"), worker("second")],
            customer: user(&life.customer).await,
            staff: user(&life.staff).await,
            service: ServiceId(life.service),
            arrived_by: life.arrived_by,
            clock,
            ports,
            services,
            shelf,
        }
    }

    /// The customer asks for what they want, and once more, as if the answer had not arrived.
    pub async fn place(&self, wish: &Wish) {
        Word::Asks(wish.clone()).say();
        let (orders, price) = self.insist(wish).await;
        let (key, price) = (wish.key.clone(), price.micros());
        Word::Answered { key, price }.say();
        let again = self.insist(wish).await;
        assert_eq!((orders, price), (again.0, again.1.micros()), "{} again", wish.key);
    }

    /// Asks again and again while the database is away; which orders these are, and what they cost together.
    async fn insist(&self, wish: &Wish) -> (Vec<OrderId>, Money) {
        loop {
            match self.ask(wish).await {
                Ok(placed) => return placed,
                Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn ask(&self, wish: &Wish) -> Result<(Vec<OrderId>, Money), StoreError> {
        let key = Some(IdempotencyKey::parse(&wish.key).unwrap());
        if wish.orders == 1 {
            let wanted = OrderPlacement {
                service: self.service,
                link: Link::parse(&wish.link).unwrap(),
                input: QUANTITY.into(),
                key,
                max_rate: None,
            };
            return match self.services.orders.place.place(&self.customer, wanted).await {
                Ok(placed) => Ok((vec![placed.order.id], placed.order.price)),
                Err(PlaceOrderError::Store(error)) => Err(error),
                Err(refused) => panic!("{refused}"),
            };
        }
        let line = |link: &String| OrderLine {
            service: self.service,
            link: Link::parse(link).unwrap(),
            quantity: QUANTITY,
        };
        let lines: Vec<OrderLine> = wish.links().iter().map(line).collect();
        match self
            .services
            .orders
            .place_many
            .place(&self.customer, &lines, key)
            .await
        {
            Ok(placed) => Ok((placed.orders.iter().map(|order| order.id).collect(), placed.total)),
            Err(PlaceOrdersError::Store(error)) => Err(error),
            Err(refused) => panic!("{refused}"),
        }
    }

    /// The customer cancels whatever is being sent.
    pub async fn cancel_what_is_being_sent(&self) {
        let filter = OrderFilter {
            state: Some(OrderState::Submitting),
            ..OrderFilter::default()
        };
        let sending = self.ports.orders.list(&filter, None, PageSize::WHOLE).await;
        for view in sending.unwrap() {
            let canceled = self.services.orders.cancel.cancel(&self.customer, view.order.id);
            canceled.await.unwrap();
        }
    }

    /// Staff raise the price by so much for 1000.
    pub async fn raise_the_price(&self, by: Rate) {
        let view = self.ports.catalog.service(self.service).await.unwrap().unwrap();
        let before = view.service.profit.unwrap();
        let edit = ServiceEdit {
            name: view.service.name,
            profit: before.checked_add(by).unwrap(),
            category: CategoryChoice::Id(view.service.category),
            availability: None,
            fixed_price: None,
            sell_at_loss: None,
            description: None,
            average_time: None,
        };
        let staff = self.staff.with().unwrap();
        let edited = self.services.catalog.edit.edit(&staff, self.service, &edit);
        edited.await.unwrap();
    }

    /// Orders whose lease has ended become unknown.
    pub async fn rescue(&self) {
        self.workers[1].schedules.run(Schedule::Rescue).await.unwrap();
    }

    /// Works, and lets time pass whenever nothing is left to do, until every order has ended or the time is up.
    pub async fn work(self: &Arc<Self>, at_most: Duration) {
        let mut passed = Duration::ZERO;
        loop {
            self.do_what_is_due().await;
            if passed >= at_most
                || self
                    .ports
                    .orders
                    .open_counts()
                    .await
                    .is_ok_and(|open| open.is_empty())
            {
                return;
            }
            if passed >= KNOWN_AFTER {
                let left = self.arrived_by.saturating_sub(unix_millis());
                tokio::time::sleep(Duration::from_millis(left)).await;
            }
            let step = match passed.as_secs() {
                0..30 => 6,
                30..160 => 20,
                160..900 => 80,
                _ => 600,
            };
            passed += Duration::from_secs(step);
            self.clock.pass(Duration::from_secs(step));
        }
    }

    /// Works until nothing is due at this moment.
    pub async fn do_what_is_due(self: &Arc<Self>) {
        loop {
            for schedule in Schedule::ALL {
                let runs = self.at_work().map(|worker| worker.schedules.run(schedule));
                // A database that is away is asked again.
                drop(join_all(runs).await);
            }
            if self.relay.relay_once().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            let jobs = self.shelf.take();
            if jobs.is_empty() {
                return;
            }
            // Each on a task of its own: one that stands still at a point must not hold the others up.
            let jobs = jobs.into_iter().map(|job| {
                let process = Arc::clone(self);
                tokio::spawn(async move { process.do_job(&job).await })
            });
            for done in join_all(jobs).await {
                done.unwrap();
            }
        }
    }

    fn at_work(&self) -> impl Iterator<Item = &Worker> {
        let count = if self.twins.load(Ordering::SeqCst) { 2 } else { 1 };
        self.workers.iter().take(count)
    }

    async fn do_job(&self, job: &Job) {
        let [first, second] = &self.workers;
        if !self.twins.load(Ordering::SeqCst) {
            return first.runner.handle(job.clone()).await;
        }
        // The queue hands the job out twice, and a third one does it at nobody's word.
        tokio::join!(
            first.runner.handle(job.clone()),
            second.runner.handle(job.clone()),
            second.at_nobodys_word(job),
        );
    }
}

impl Worker {
    async fn at_nobodys_word(&self, job: &Job) {
        let order = OrderId(job.subject);
        let done = match job.topic {
            JobTopic::SubmitOrder => self.direct.submit.submit(order).await,
            JobTopic::ReconcileOrder => self.direct.reconcile.reconcile(order).await,
            JobTopic::CancelOrder => self.direct.cancel.ask(order).await,
            JobTopic::PollProvider => self.direct.track.poll(ProviderId(job.subject)).await,
            JobTopic::DeliverMail => Ok(self.direct.mail.deliver(MailId(job.subject)).await.unwrap()),
            JobTopic::CheckDeposit => {
                let checked = self.direct.deposits.check(DepositId(job.subject)).await;
                Ok(checked.unwrap())
            }
            JobTopic::SyncCatalog => self.direct.sync.sync(ProviderId(job.subject)).await,
        };
        done.unwrap();
    }
}

/// The real time: the panel does not know how far we are ahead.
#[expect(
    clippy::disallowed_methods,
    reason = "the panel places late orders by the clock on the wall"
)]
pub fn unix_millis() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

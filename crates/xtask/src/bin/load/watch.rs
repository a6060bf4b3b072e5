//! Many streams of events are open while orders are placed one by one: when is the last of them told?

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::plan::{Plan, Requests};
use crate::run::{Times, announce};
use crate::stream::{Counts, Stream};
use crate::tally::quantile;

/// How long it may take until all streams are open, and until all are told of an order.
const PATIENCE: Duration = Duration::from_secs(60);
/// Orders a second unless it is said.
const BETWEEN: Duration = Duration::from_millis(200);
/// Events taken from the kernel at once.
const TAKEN: usize = 256;
/// Names the connection that orders, among the streams.
const ORDERING: u64 = u64::MAX;

/// Who watches.
#[derive(Deserialize)]
pub struct Watchers {
    path: String,
    /// One for each user; streams take them in turn.
    cookies: Vec<String>,
    streams: usize,
    /// Seconds in which nothing happens.
    quiet: f64,
}

impl Watchers {
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} says not who watches", file.display()))
    }
}

/// What was measured. Times are in microseconds.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Orders that were placed while it was measured.
    orders: usize,
    /// From the answer, before which the order is committed, to the last of the streams.
    last_p50: f64,
    last_p99: f64,
    last_slowest: f64,
    /// From the request to the last of the streams.
    whole_p50: f64,
    whole_p99: f64,
    /// What a stream was told last: of an order and of a wallet.
    sample: [String; 2],
}

/// When something became of an order.
struct Placed {
    sent: Instant,
    answered: Option<Instant>,
    /// Streams that were told.
    told: usize,
    last: Option<Instant>,
}

struct Watch<'a> {
    plan: &'a Plan,
    requests: Requests,
    streams: Vec<Stream>,
    ordering: Option<Connection>,
    epoll: OwnedFd,
    taken: Vec<epoll::Event>,
    /// Orders that were placed since the streams are open.
    orders: u64,
    placed: Option<Placed>,
    /// From the answer and from the request to the last stream, of each order.
    times: Vec<(Duration, Duration)>,
}

/// Opens the streams, waits, and places orders.
pub fn run(plan: &Plan, watchers: &Watchers, address: SocketAddr, times: &Times) -> anyhow::Result<Told> {
    let mut watch = Watch::open(plan, watchers, address)?;
    let opened = Instant::now();
    while watch.streams.iter().any(|stream| stream.counts.ready == 0) {
        ensure!(opened.elapsed() < PATIENCE, "some streams do not open");
        watch.receive(PATIENCE.saturating_sub(opened.elapsed()))?;
    }
    announce("open")?;
    let quiet_until = Instant::now() + Duration::from_secs_f64(watchers.quiet);
    while let Some(left) = quiet_until.checked_duration_since(Instant::now()) {
        watch.receive(left)?;
    }
    announce("was quiet")?;
    // Not before: a server closes a connection that asks for nothing.
    watch.connect(address)?;
    let between = times.between.unwrap_or(BETWEEN);
    let warm = Instant::now();
    // The orders that are measured keep the distance to those before.
    let due = watch.order_until(warm, warm + times.warm_up, between)?;
    watch.times.clear();
    announce("measuring")?;
    watch.order_until(due, due + times.measured, between)?;
    announce("measured")?;
    watch.told()
}

impl<'a> Watch<'a> {
    fn open(plan: &'a Plan, watchers: &Watchers, address: SocketAddr) -> anyhow::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut streams = Vec::with_capacity(watchers.streams);
        for (at, cookie) in (0..watchers.streams).zip(watchers.cookies.iter().cycle()) {
            let stream = Stream::open(address, &watchers.path, cookie)?;
            epoll::add(
                &epoll,
                &stream.socket,
                epoll::EventData::new_u64(u64::try_from(at)?),
                epoll::EventFlags::IN,
            )?;
            streams.push(stream);
        }
        ensure!(!streams.is_empty(), "nobody watches");
        Ok(Self {
            plan,
            requests: plan.requests()?,
            streams,
            ordering: None,
            epoll,
            taken: Vec::with_capacity(TAKEN),
            orders: 0,
            placed: None,
            times: Vec::new(),
        })
    }

    fn connect(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let ordering = Connection::open(address)?;
        let name = epoll::EventData::new_u64(ORDERING);
        epoll::add(&self.epoll, &ordering.stream, name, epoll::EventFlags::IN)?;
        self.ordering = Some(ordering);
        Ok(())
    }

    /// Places orders from `due` on, one every `between`; the next one when all streams were told of the last. When the first
    /// one after `end` would be due.
    fn order_until(&mut self, mut due: Instant, end: Instant, between: Duration) -> anyhow::Result<Instant> {
        while due < end {
            while let Some(left) = due.checked_duration_since(Instant::now()) {
                self.receive(left)?;
            }
            self.order()?;
            due = (due + between).max(Instant::now());
        }
        Ok(due)
    }

    fn order(&mut self) -> anyhow::Result<()> {
        let sent = Instant::now();
        let ordering = self.ordering.as_mut().context("nobody orders yet")?;
        ordering.send(self.requests.next(), sent)?;
        self.orders += 1;
        self.placed = Some(Placed {
            sent,
            answered: None,
            told: 0,
            last: None,
        });
        loop {
            if let Some(placed) = &self.placed
                && let (Some(answered), Some(last)) = (placed.answered, placed.last)
            {
                // A stream may be told before the answer is there.
                let times = (last.saturating_duration_since(answered), last - placed.sent);
                self.times.push(times);
                self.placed = None;
                return Ok(());
            }
            let told = self.placed.as_ref().map_or(0, |placed| placed.told);
            let left = PATIENCE.checked_sub(sent.elapsed());
            let Some(left) = left else {
                bail!("only {told} streams were told of an order")
            };
            self.receive(left)?;
        }
    }

    /// Takes what came within `wait`.
    fn receive(&mut self, wait: Duration) -> anyhow::Result<()> {
        let wait = Timespec {
            tv_sec: i64::try_from(wait.as_secs())?,
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let mut taken = std::mem::take(&mut self.taken);
        match epoll::wait(&self.epoll, spare_capacity(&mut taken), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in taken.drain(..) {
            match event.data.u64() {
                ORDERING => self.answered()?,
                at => self.read(usize::try_from(at)?)?,
            }
        }
        self.taken = taken;
        Ok(())
    }

    fn answered(&mut self) -> anyhow::Result<()> {
        let Some(ordering) = &mut self.ordering else {
            return Ok(());
        };
        let Some(answer) = ordering.receive()? else {
            return Ok(());
        };
        ensure!(
            answer.status == self.plan.status,
            "an order was answered by {}",
            ordering.text()
        );
        if let Some(placed) = &mut self.placed {
            placed.answered = Some(Instant::now());
        }
        Ok(())
    }

    fn read(&mut self, at: usize) -> anyhow::Result<()> {
        let all = self.streams.len();
        let Some(stream) = self.streams.get_mut(at) else {
            return Ok(());
        };
        let before = is_told(stream.counts, self.orders);
        stream.receive()?;
        let Counts { orders, wallets, .. } = stream.counts;
        ensure!(
            orders <= self.orders && wallets <= self.orders,
            "a stream was told of {orders} orders and {wallets} payments, there were {}",
            self.orders
        );
        if let Some(placed) = &mut self.placed
            && !before
            && is_told(stream.counts, self.orders)
        {
            placed.told += 1;
            if placed.told == all {
                placed.last = Some(Instant::now());
            }
        }
        Ok(())
    }

    fn told(mut self) -> anyhow::Result<Told> {
        ensure!(!self.times.is_empty(), "no order was placed");
        let sorted = |of: fn(&(Duration, Duration)) -> Duration| {
            let mut times: Vec<_> = self.times.iter().map(of).collect();
            times.sort_unstable();
            times
        };
        let (last, whole) = (sorted(|it| it.0), sorted(|it| it.1));
        let sample = self.streams.pop().context("somebody watched")?;
        Ok(Told {
            orders: last.len(),
            last_p50: quantile(&last, 500),
            last_p99: quantile(&last, 990),
            last_slowest: quantile(&last, 1_000),
            whole_p50: quantile(&whole, 500),
            whole_p99: quantile(&whole, 990),
            sample: sample.last().map(str::to_owned),
        })
    }
}

/// Whether a stream knows everything about so many orders.
const fn is_told(counts: Counts, orders: u64) -> bool {
    counts.orders == orders && counts.wallets == orders
}

//! The loop.

use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::ensure;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::connection::Connection;
use crate::plan::{Plan, Requests};
use crate::tally::Tally;

/// How long the last answers may take.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(40);

pub struct Times {
    pub warm_up: Duration,
    pub measured: Duration,
    /// Between two requests of an open loop.
    pub between: Option<Duration>,
}

struct Run<'a> {
    plan: &'a Plan,
    requests: Requests,
    connections: Vec<Connection>,
    /// Connections without a request on its way. The one that has rested longest is next: servers close those that never ask.
    idle: VecDeque<usize>,
    /// When the next request of an open loop is due.
    next_due: Instant,
    between: Option<Duration>,
    measures: bool,
    tally: Tally,
}

pub fn run(plan: &Plan, address: SocketAddr, connections: usize, times: &Times) -> anyhow::Result<Tally> {
    ensure!(connections > 0, "there must be a connection");
    let connections = (0..connections)
        .map(|_| Connection::open(address))
        .collect::<Result<Vec<_>, _>>()?;
    let mut run = Run {
        plan,
        requests: plan.requests()?,
        idle: (0..connections.len()).collect(),
        connections,
        next_due: Instant::now(),
        between: times.between,
        measures: false,
        tally: Tally::default(),
    };
    run.until(Instant::now() + times.warm_up)?;
    announce("measuring")?;
    run.measures = true;
    let began = Instant::now();
    run.until(began + times.measured)?;
    run.measures = false;
    let took = began.elapsed().as_secs_f64();
    announce("measured")?;
    run.tally.unanswered = run.waiting();
    run.drain()?;
    run.tally.finish(took);
    Ok(run.tally)
}

/// Tells whoever started this that a phase begins.
pub fn announce(phase: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{phase}")?;
    Ok(out.flush()?)
}

impl Run<'_> {
    fn until(&mut self, end: Instant) -> anyhow::Result<()> {
        loop {
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            self.send_due(now)?;
            let wake = match self.between {
                Some(_) if !self.idle.is_empty() => end.min(self.next_due),
                _ => end,
            };
            self.receive(wake.saturating_duration_since(Instant::now()))?;
        }
    }

    fn drain(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + DRAIN_TIME_MAX;
        while self.idle.len() < self.connections.len() {
            ensure!(Instant::now() < end, "requests are not answered");
            self.receive(end.saturating_duration_since(Instant::now()))?;
        }
        Ok(())
    }

    /// Requests on their way, and those of an open loop that wait for a connection.
    fn waiting(&self) -> u64 {
        let on_their_way = self.connections.len() - self.idle.len();
        let late = self.between.map_or(0.0, |between| {
            Instant::now()
                .saturating_duration_since(self.next_due)
                .div_duration_f64(between)
        });
        let late = Duration::from_secs_f64(late.max(0.0)).as_secs();
        u64::try_from(on_their_way).unwrap_or_default() + late
    }

    fn send_due(&mut self, now: Instant) -> anyhow::Result<()> {
        while self.between.is_none() || self.next_due <= now {
            let Some(free) = self.idle.pop_front() else { break };
            let due = match self.between {
                None => Instant::now(),
                Some(between) => {
                    let due = self.next_due;
                    self.next_due += between;
                    due
                }
            };
            if let Some(connection) = self.connections.get_mut(free) {
                connection.send(self.requests.next(), due)?;
            }
        }
        Ok(())
    }

    fn receive(&mut self, wait: Duration) -> anyhow::Result<()> {
        let wait = Timespec {
            tv_sec: i64::try_from(wait.as_secs())?,
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let mut polled: Vec<PollFd<'_>> = self
            .connections
            .iter()
            .map(|connection| PollFd::new(&connection.stream, PollFlags::IN))
            .collect();
        match poll(&mut polled, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<usize> = polled
            .iter()
            .enumerate()
            .filter(|(_, polled)| !polled.revents().is_empty())
            .map(|(at, _)| at)
            .collect();
        ready.into_iter().try_for_each(|at| self.read(at))
    }

    fn read(&mut self, at: usize) -> anyhow::Result<()> {
        let Some(connection) = self.connections.get_mut(at) else {
            return Ok(());
        };
        let Some(answer) = connection.receive()? else {
            return Ok(());
        };
        let now = Instant::now();
        let Some(due) = connection.due.take() else {
            return Ok(());
        };
        let good = answer.status == self.plan.status;
        *self.tally.statuses.entry(answer.status).or_default() += 1;
        if good && self.tally.sample.is_empty() {
            self.tally.sample = connection.text();
        } else if !good && self.tally.bad_sample.is_empty() {
            self.tally.bad_sample = connection.text();
        }
        if self.measures {
            self.tally.answered(now - due, good, answer.size);
        }
        // A closed loop asks again at once, while the answer is warm.
        if self.between.is_none() && self.measures {
            connection.send(self.requests.next(), now)?;
        } else {
            self.idle.push_back(at);
        }
        Ok(())
    }
}

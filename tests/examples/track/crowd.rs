//! The orders: those that are open at first, and those that come.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use domain::orders::POLL_GROUP_MAX;
use domain::{OrderId, ProviderId, Timestamp};
use indicatif::ProgressBar;
use persistence::testing::{CopySchedule, GroupRow, OrderCopy};
use testkit::crowd::{Member, Population, model_polls};

use crate::ground::Ground;

/// Orders of one statement.
const CHUNK: usize = 2_000;

pub struct Crowd {
    population: Population,
    providers: Vec<ProviderId>,
    template: OrderId,
    since: Timestamp,
    open: u64,
    /// When each of those that came later did.
    arrivals: Mutex<Vec<Timestamp>>,
}

impl Crowd {
    /// Fills the database as if the orders had been polled for months.
    pub async fn gather(ground: &Ground, open: u64, bar: &ProgressBar) -> anyhow::Result<Self> {
        let crowd = Self {
            population: Population {
                providers: ground.providers.len(),
                seed: 7,
            },
            providers: ground.providers.clone(),
            template: ground.template,
            since: ground.now(),
            open,
            arrivals: Mutex::default(),
        };
        let mut groups = 0;
        // Provider by provider, so that they are never in memory all at once.
        for provider in 0..crowd.providers.len() {
            let own = (0..open).skip(provider).step_by(crowd.providers.len());
            let mut members: Vec<Member> = own.map(|n| crowd.population.open(n, crowd.since)).collect();
            members.sort_by_key(|member| (member.every, member.phase));
            crowd.insert(ground, &members, &mut groups, bar).await?;
        }
        if ground.database.is_postgres() {
            ground
                .database
                .execute("ANALYZE orders; ANALYZE poll_groups")
                .await?;
        }
        Ok(crowd)
    }

    async fn insert(
        &self,
        ground: &Ground,
        members: &[Member],
        groups: &mut i64,
        bar: &ProgressBar,
    ) -> anyhow::Result<()> {
        let (mut rows, mut copies) = (Vec::new(), Vec::new());
        for same in members.chunk_by(|a, b| a.every == b.every) {
            for cohort in same.chunks(POLL_GROUP_MAX) {
                let Some(first) = cohort.first() else { continue };
                *groups += 1;
                let row = GroupRow {
                    id: *groups,
                    provider: self.provider(first)?,
                    every: i64::try_from(first.every.as_micros())?,
                    members: cohort.len(),
                    due_at: ground.now().plus(phase(first)),
                };
                rows.push(row);
                for member in cohort {
                    copies.push(self.copy(member, CopySchedule::Group(*groups))?);
                }
                if copies.len() >= CHUNK {
                    bar.inc(u64::try_from(copies.len())?);
                    ground
                        .database
                        .add_poll_groups(&std::mem::take(&mut rows))
                        .await?;
                    ground
                        .database
                        .copy_orders(self.template, &std::mem::take(&mut copies))
                        .await?;
                }
            }
        }
        bar.inc(u64::try_from(copies.len())?);
        ground.database.add_poll_groups(&rows).await?;
        ground.database.copy_orders(self.template, &copies).await?;
        Ok(())
    }

    /// As many orders arrive as end in so much time.
    pub async fn arrive(&self, ground: &Ground, time: Duration, due: &mut f64) -> anyhow::Result<()> {
        let open = f64::from(u32::try_from(self.open)?);
        *due += Population::arrivals(open, time);
        let now = ground.now();
        let mut copies = Vec::new();
        while *due >= 1.0 {
            *due -= 1.0;
            let n = {
                let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                arrivals.push(now);
                self.open + u64::try_from(arrivals.len())?
            };
            let member = self.population.arriving(n, now);
            copies.push(self.copy(&member, CopySchedule::Due(now.plus(Duration::from_mins(1))))?);
        }
        ground.database.copy_orders(self.template, &copies).await?;
        Ok(())
    }

    /// How often all of them should have been asked about between two moments.
    pub fn model(&self, from: Timestamp, until: Timestamp) -> f64 {
        let time = until.since(from);
        let open = (0..self.open).map(|n| model_polls(&self.population.open(n, self.since), from, time));
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let later = (self.open + 1..).zip(arrivals.iter()).map(|(n, at)| {
            let from = from.max(*at);
            model_polls(&self.population.arriving(n, *at), from, until.since(from))
        });
        open.sum::<f64>() + later.sum::<f64>()
    }

    fn provider(&self, member: &Member) -> anyhow::Result<ProviderId> {
        let provider = self.providers.get(member.provider).copied();
        provider.ok_or_else(|| anyhow::anyhow!("an order of nobody's"))
    }

    fn copy(&self, member: &Member, schedule: CopySchedule) -> anyhow::Result<OrderCopy> {
        Ok(OrderCopy {
            provider: self.provider(member)?,
            upstream: member.upstream.clone(),
            submitted_at: member.submitted_at,
            schedule,
        })
    }
}

fn phase(member: &Member) -> Duration {
    member.every * member.phase / 1_000
}

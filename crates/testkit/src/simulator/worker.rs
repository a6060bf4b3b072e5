//! A process that takes jobs and does them, one step at a time.

use std::time::Duration;

use domain::{OrderId, Timestamp};

use super::dice::Dice;
use super::jobs::{Job, Topic};
use super::lookup::LookUp;
use super::submit::Submit;
use super::track::{Cancel, Poll};
use super::world::World;

/// How long a job waits that failed for want of the database. As in `application::jobs`.
pub(super) const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// What a worker is in the middle of.
#[derive(Debug, Clone)]
pub(super) enum Task {
    Submit(Submit),
    LookUp(LookUp),
    Poll(Poll),
    Cancel(Cancel),
}

/// How a step ends.
#[derive(Debug, Clone)]
pub(super) enum Flow {
    /// The next step is this.
    Goes(Task),
    /// The job is done.
    Done,
    /// The job has to be done again after a while.
    Again(Duration),
    /// The process is gone, and nobody settles the job.
    Dies,
}

/// A worker.
#[derive(Debug, Clone, Default)]
pub(super) struct Worker {
    away_until: Duration,
    doing: Option<(Option<Job>, Task)>,
}

impl Worker {
    /// SIGKILL: what is in memory is gone. What it was doing, if anything.
    pub(super) fn kill(&mut self, back_at: Duration) -> Option<String> {
        self.away_until = back_at;
        self.doing
            .take()
            .map(|(_, task)| format!("{task:?}").chars().take(40).collect())
    }

    pub(super) const fn freeze(&mut self, until: Duration) {
        self.away_until = until;
    }

    pub(super) const fn is_idle(&self) -> bool {
        self.doing.is_none()
    }
}

impl World {
    /// One step of a worker: of the job that it does, or of a new one.
    pub(super) fn worker_step(&mut self, index: usize, dice: &mut Dice) {
        let time = self.time;
        let Some(worker) = self
            .workers
            .get_mut(index)
            .filter(|worker| worker.away_until <= time)
        else {
            return;
        };
        let (job, flow) = match worker.doing.take() {
            Some((job, task)) => (job, self.task_step(index, task, dice)),
            None => match self.next_job(dice) {
                Some((job, topic, subject)) => (job, self.begin(index, topic, subject, dice)),
                None => return,
            },
        };
        let now = self.now();
        match flow {
            Flow::Goes(task) => {
                if let Some(worker) = self.workers.get_mut(index) {
                    worker.doing = Some((job, task));
                }
            }
            // A job that could not be settled is done again, which is harmless.
            Flow::Done | Flow::Again(_) if dice.one_in(12) => {}
            Flow::Done => self.settle(job, None),
            Flow::Again(pause) => self.settle(job, Some(now.plus(pause))),
            Flow::Dies => {}
        }
    }

    fn settle(&mut self, job: Option<Job>, again_at: Option<Timestamp>) {
        if let Some(job) = job {
            self.store.jobs.settle(job, again_at);
        }
    }

    /// A job from the queue, or, now and then, one that nobody left there: a job may come at any time, any number of
    /// times, about anything.
    fn next_job(&mut self, dice: &mut Dice) -> Option<(Option<Job>, Topic, i64)> {
        if dice.one_in(15) {
            let topics = [Topic::Submit, Topic::LookUp, Topic::Poll, Topic::Cancel];
            let topic = *dice.pick(&topics)?;
            // Also about one that a restored database has never heard of.
            let latest = self.store.orders.last()?.order.id.0;
            let subject = 1 + i64::try_from(dice.below(latest.unsigned_abs() + 1)).unwrap_or_default();
            return Some((None, topic, subject));
        }
        let now = self.now();
        let job = self.store.jobs.take(dice, now)?;
        Some((Some(job), job.topic, job.subject))
    }

    fn begin(&mut self, index: usize, topic: Topic, subject: i64, dice: &mut Dice) -> Flow {
        self.connect(index);
        match topic {
            Topic::Submit => self.begin_submit(index, OrderId(subject), dice),
            Topic::LookUp => self.begin_look_up(index, OrderId(subject), dice),
            Topic::Cancel => self.begin_cancel(OrderId(subject)),
            Topic::Poll => Flow::Goes(Task::Poll(Poll::Take)),
        }
    }

    fn task_step(&mut self, index: usize, task: Task, dice: &mut Dice) -> Flow {
        match task {
            Task::Submit(step) => self.submit_step(index, step, dice),
            Task::LookUp(step) => self.look_up_step(index, step, dice),
            Task::Poll(step) => self.poll_step(step, dice),
            Task::Cancel(step) => self.cancel_step(&step, dice),
        }
    }
}

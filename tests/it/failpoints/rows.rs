//! What can go wrong: one row for every crash point of the protocol, and for the steps of recovery after it. Every row
//! ends with the death of the process at `dies_at`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::Rate;

use super::doubles::{Silence, silence_the_next_commit};
use super::life::Word;
use super::process::Process;

/// Longer than the lease.
const PAST_THE_LEASE: Duration = Duration::from_secs(100);
/// Past the time in which a worker sends what it claimed, and within its lease.
const STALE: Duration = Duration::from_secs(40);
/// How long after it began to send a process dies whose request travels on.
const ON_THE_WIRE: Duration = Duration::from_millis(150);

/// How many orders somebody places at once.
const MANY: usize = 7;

/// The script of an order that the panel places when its sender may be long dead.
pub const LATE: &str = "accept-late";

/// Something that goes wrong.
#[derive(Clone, Copy)]
pub struct Row {
    pub code: &'static str,
    /// The point at which the process dies.
    pub dies_at: &'static str,
    /// What the panel does with the order of this row.
    pub script: &'static str,
    /// What the panel itself does, and who asks how.
    pub scene: Scene,
    /// How many orders are placed in one request.
    pub orders: usize,
    /// What goes wrong before.
    prepare: fn(&Arc<Process>, &'static str),
}

/// What differs in the world around the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    Usual,
    /// Nobody listens at the panel's address.
    PanelDown,
    /// The order is asked for twice at the same time.
    AskedTwice,
    /// Another order is accepted just before.
    AfterAnother,
}

const fn row(code: &'static str, dies_at: &'static str, script: &'static str) -> Row {
    Row {
        code,
        dies_at,
        script,
        scene: Scene::Usual,
        orders: 1,
        prepare: |_, point| die_at(point),
    }
}

impl Row {
    const fn with(self, prepare: fn(&Arc<Process>, &'static str)) -> Self {
        Self { prepare, ..self }
    }

    const fn scene(self, scene: Scene) -> Self {
        Self { scene, ..self }
    }

    const fn many(self) -> Self {
        Self { orders: MANY, ..self }
    }

    /// From now on it goes wrong in this process.
    pub fn arm(&self, process: &Arc<Process>) {
        (self.prepare)(process, self.dies_at);
    }

    pub fn named(code: &str) -> &'static Self {
        let mut all = CRASHES.iter().chain(&RECOVERY);
        all.find(|row| row.code == code).unwrap()
    }
}

/// C0 to C20 without C17, which is about a database that was restored; those of placing for many orders at once too.
pub static CRASHES: [Row; 23] = [
    row("C0", "placed/before-commit", "complete"),
    row("C1", "placed/after-commit", "complete"),
    row("C2", "placed/after-commit", "partial:30").scene(Scene::AskedTwice),
    row("C0-many", "placed-many/before-commit", "complete").many(),
    row("C1-many", "placed-many/after-commit", "partial:30").many(),
    row("C2-many", "placed-many/after-commit", "complete")
        .many()
        .scene(Scene::AskedTwice),
    row("C3", "relay-after-claim", "complete"),
    row("C4", "claimed/before-commit", "complete"),
    row("C5", "deferred/before-commit", "complete").with(|_, point| {
        once("claimed/before-commit", || {
            silence_the_next_commit(Silence::Recorded)
        });
        die_at(point);
    }),
    row("C6", "claimed/after-commit", "complete"),
    row("C7", "deferred/after-commit", "complete").scene(Scene::PanelDown),
    row("C8", "unknown/before-commit", "accept-reset"),
    row("C9", "send-after-answer", "complete"),
    row("C10", "submitted/after-commit", "complete").with(|_, point| {
        times(3, "submitted/before-commit", || {
            silence_the_next_commit(Silence::Lost)
        });
        die_at(point);
    }),
    row("C11", "deferred/before-commit", "complete").with(|process, point| {
        sleep_past_the_lease(process, "claimed/after-commit");
        die_at(point);
    }),
    row("C12", "submitted/after-commit", "complete").with(|process, point| {
        sleep_past_the_lease(process, "send-after-answer");
        die_at(point);
    }),
    row("C13", "submitted/after-commit", "complete").with(|process, point| {
        process.twins.store(true, Ordering::SeqCst);
        die_at(point);
    }),
    row("C14", "send-before-connect", LATE).with(|_, point| {
        once(point, move || {
            std::thread::spawn(move || {
                std::thread::sleep(ON_THE_WIRE);
                die(point);
            });
        });
    }),
    row("C15", "unknown/after-commit", "duplicate-ids").scene(Scene::AfterAnother),
    row("C16", "submitted/after-commit", "complete").with(|_, point| {
        once("submitted/before-commit", || {
            Word::CutMe.say();
            std::io::stdin().read_line(&mut String::new()).unwrap();
        });
        die_at(point);
    }),
    row("C18", "submitted/after-commit", "stuck").with(|process, point| {
        let customer = Arc::clone(process);
        once("claimed/after-commit", move || {
            wait_for(customer.cancel_what_is_being_sent());
        });
        die_at(point);
    }),
    row("C19", "submitted/before-commit", "complete").with(|process, point| {
        let staff = Arc::clone(process);
        once("relay-after-claim", move || {
            wait_for(staff.raise_the_price(Rate::parse("0.5").unwrap()));
        });
        die_at(point);
    }),
    row("C20", "claimed/after-commit", "complete").with(|process, point| {
        let (first, clock) = (AtomicU32::new(0), Arc::clone(&process.clock));
        act_at(point, move || match first.fetch_add(1, Ordering::SeqCst) {
            0 => clock.pass(STALE),
            _ => die(point),
        });
    }),
];

/// Deaths on the way back.
pub static RECOVERY: [Row; 24] = [
    row("C5-lost", "claimed/after-commit", "complete").with(|_, point| {
        once("claimed/before-commit", || silence_the_next_commit(Silence::Lost));
        die_at(point);
    }),
    row("C5-silent", "deferred/after-commit", "complete").with(|_, point| {
        once("claimed/before-commit", || {
            silence_the_next_commit(Silence::Recorded)
        });
        die_at(point);
    }),
    row("C7-before", "deferred/before-commit", "complete").scene(Scene::PanelDown),
    row("C8-after", "unknown/after-commit", "http500"),
    row("relayed", "relay-after-push", "complete"),
    row("begun", "job-after-begin", "complete"),
    row("done", "job-before-settle", "complete"),
    row("cleared", "send-before-connect", "complete"),
    row("answered", "submitted/before-commit", "partial:30"),
    row("refused", "voided/before-commit", "reject:link"),
    row("refused-after", "voided/after-commit", "reject:link"),
    row("asked", "look-up-after-answer", "accept-http500"),
    row("looked-up", "looked_up/before-commit", "reset"),
    row("looked-up-after", "looked_up/after-commit", "reset"),
    row("absent", "voided/before-commit", "reset"),
    row("absent-after", "voided/after-commit", "html"),
    row("taken", "poll-after-take", "complete"),
    row("polled", "poll-after-answer", "canceled"),
    row("ended", "completed/before-commit", "complete"),
    row("ended-after", "completed/after-commit", "complete"),
    row("in-part", "partial/before-commit", "partial:40"),
    row("wished", "cancel_requested/after-commit", "stuck").with(cancels),
    row("canceling", "cancel-after-answer", "stuck").with(cancels),
    row("canceled", "cancel_sent/before-commit", "stuck").with(cancels),
];

/// The customer cancels while the order is being sent.
fn cancels(process: &Arc<Process>, point: &'static str) {
    let customer = Arc::clone(process);
    once("claimed/after-commit", move || {
        wait_for(customer.cancel_what_is_being_sent());
    });
    die_at(point);
}

/// The process stands still at `point` until its lease has ended and somebody noticed.
fn sleep_past_the_lease(process: &Arc<Process>, point: &'static str) {
    let others = Arc::clone(process);
    once(point, move || {
        others.clock.pass(PAST_THE_LEASE);
        wait_for(others.rescue());
    });
}

/// Whatever it is, it happens while the thread at the point stands still.
fn wait_for<T>(act: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(act))
}

fn once(point: &'static str, act: impl Fn() + Send + Sync + 'static) {
    times(1, point, act);
}

fn times(count: u32, point: &'static str, act: impl Fn() + Send + Sync + 'static) {
    let happened = AtomicU32::new(0);
    act_at(point, move || {
        if happened.fetch_add(1, Ordering::SeqCst) < count {
            act();
        }
    });
}

fn act_at(point: &'static str, act: impl Fn() + Send + Sync + 'static) {
    failpoints::arm(point, act).unwrap();
}

fn die_at(point: &'static str) {
    act_at(point, move || die(point));
}

fn die(point: &str) -> ! {
    Word::Dies(point.to_owned()).say();
    std::process::abort()
}

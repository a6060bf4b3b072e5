//! A circuit breaker as a value: it is told what happened and when, and answers whether to call.

use std::collections::VecDeque;
use std::time::Duration;

/// When a circuit opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitPolicy {
    /// How far back calls count.
    pub window: Duration,
    /// Fewer calls than this in the window prove nothing.
    pub calls_min: usize,
    /// This percentage of failures in the window opens the circuit.
    pub failure_percent: usize,
    /// So many failures to connect in a row open it at once.
    pub connect_failures_max: u32,
    /// So many probes in a row have to fail after the first pause: a provider that answers two calls of three is better used than left
    /// alone. After longer ones one decides, and so does one that reaches nobody.
    pub probes: u32,
    /// How long it stays open at first; doubled each time the probe fails.
    pub pause_min: Duration,
    /// How long it stays open at most.
    pub pause_max: Duration,
}

impl Default for CircuitPolicy {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            calls_min: 20,
            failure_percent: 50,
            connect_failures_max: 5,
            probes: 3,
            pause_min: Duration::from_secs(30),
            pause_max: Duration::from_secs(600),
        }
    }
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Yes. While half open, this call is the probe. Whoever called tells what came of it with this pass.
    Allowed(Pass),
    /// No, and not before this much time has passed.
    Wait(Duration),
}

/// Leave to make one call. What is told with it counts only as long as the circuit is as it was when it was given: a call
/// that was under way when the circuit opened says nothing about the provider that is probed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    period: u64,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallResult {
    /// The provider answered sensibly, a refusal included.
    Answered,
    /// It did not.
    Failed,
    /// It could not even be reached.
    Unreachable,
}

/// What a circuit does at the moment, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitState {
    /// Calls pass.
    Closed,
    /// One probe passes.
    HalfOpen,
    /// Nothing passes.
    Open,
}

/// One provider's circuit for one class of calls. Times are monotonic durations since any fixed moment.
#[derive(Debug, Clone)]
pub struct Circuit {
    policy: CircuitPolicy,
    calls: VecDeque<(Duration, bool)>,
    connect_failures: u32,
    open_until: Option<Duration>,
    pause: Duration,
    probing_since: Option<Duration>,
    /// Probes that failed since the pause was over.
    failed_probes: u32,
    /// Counts openings, closings and probes.
    period: u64,
}

/// Calls remembered at most, so that memory is bounded whatever the call rate.
const CALLS_MAX: usize = 1_000;

impl Circuit {
    /// A closed circuit.
    #[must_use]
    pub fn new(policy: CircuitPolicy) -> Self {
        Self {
            policy,
            calls: VecDeque::new(),
            connect_failures: 0,
            open_until: None,
            pause: policy.pause_min,
            probing_since: None,
            failed_probes: 0,
            period: 0,
        }
    }

    /// Asks to make a call at `now`. Once the pause is over, one probe at a time is allowed; a probe that never reports
    /// back frees its place after another pause.
    pub fn ask(&mut self, now: Duration) -> Permission {
        let Some(until) = self.open_until else {
            return Permission::Allowed(self.pass());
        };
        if now < until {
            return Permission::Wait(until.saturating_sub(now));
        }
        match self.probing_since {
            Some(since) if now < since.saturating_add(self.policy.pause_min) => {
                Permission::Wait(since.saturating_add(self.policy.pause_min).saturating_sub(now))
            }
            _ => {
                self.probing_since = Some(now);
                self.period += 1;
                Permission::Allowed(self.pass())
            }
        }
    }

    /// How long the circuit stays open, if it is.
    #[must_use]
    pub fn pause(&self, now: Duration) -> Option<Duration> {
        self.open_until
            .filter(|until| now < *until)
            .map(|until| until.saturating_sub(now))
    }

    const fn pass(&self) -> Pass {
        Pass { period: self.period }
    }

    /// Gives back leave that was not used. If it was leave to probe, another may.
    pub fn forgo(&mut self, pass: Pass) {
        if pass == self.pass() {
            self.probing_since = None;
        }
    }

    /// Tells what came of a call that ended at `now`.
    pub fn tell(&mut self, now: Duration, pass: Pass, result: CallResult) {
        if pass != self.pass() {
            return;
        }
        self.connect_failures = if result == CallResult::Unreachable {
            self.connect_failures.saturating_add(1)
        } else {
            0
        };
        if self.open_until.is_some() {
            if self.probing_since.is_some() {
                self.conclude_probe(now, result);
            }
            return;
        }
        self.remember(now, result == CallResult::Answered);
        if self.connect_failures >= self.policy.connect_failures_max || self.mostly_failed() {
            self.open(now);
        }
    }

    /// Opens the circuit at once, for instance because the provider rejected our key.
    pub fn trip(&mut self, now: Duration) {
        if self.open_until.is_none_or(|until| until <= now) {
            self.open(now);
        }
    }

    /// What the circuit does at `now`.
    #[must_use]
    pub fn state(&self, now: Duration) -> CircuitState {
        match self.open_until {
            None => CircuitState::Closed,
            Some(until) if now < until => CircuitState::Open,
            Some(_) => CircuitState::HalfOpen,
        }
    }

    fn conclude_probe(&mut self, now: Duration, result: CallResult) {
        if result == CallResult::Answered {
            let period = self.period + 1;
            *self = Self {
                period,
                ..Self::new(self.policy)
            };
            return;
        }
        self.failed_probes += 1;
        let may_have_lied = result == CallResult::Failed && self.pause == self.policy.pause_min;
        if may_have_lied && self.failed_probes < self.policy.probes {
            self.probing_since = None;
            self.period += 1;
        } else {
            self.pause = self.pause.saturating_mul(2).min(self.policy.pause_max);
            self.open(now);
        }
    }

    fn open(&mut self, now: Duration) {
        self.open_until = Some(now.saturating_add(self.pause));
        self.probing_since = None;
        self.failed_probes = 0;
        self.period += 1;
        self.calls.clear();
    }

    fn remember(&mut self, now: Duration, answered: bool) {
        let horizon = now.saturating_sub(self.policy.window);
        while self.calls.front().is_some_and(|(at, _)| *at < horizon) || self.calls.len() >= CALLS_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back((now, answered));
    }

    fn mostly_failed(&self) -> bool {
        let failed = self.calls.iter().filter(|(_, answered)| !answered).count();
        self.calls.len() >= self.policy.calls_min
            && failed.saturating_mul(100) >= self.calls.len().saturating_mul(self.policy.failure_percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn allowed(circuit: &mut Circuit, now: Duration) -> Pass {
        match circuit.ask(now) {
            Permission::Allowed(pass) => pass,
            Permission::Wait(pause) => panic!("not before {pause:?}"),
        }
    }

    /// Makes a call that ends at once.
    fn call(circuit: &mut Circuit, now: Duration, result: CallResult) {
        let pass = allowed(circuit, now);
        circuit.tell(now, pass, result);
    }

    #[test]
    fn five_failed_connections_in_a_row_open_it_and_one_probe_closes_it() {
        let mut circuit = Circuit::new(CircuitPolicy::default());
        for _ in 0..5 {
            call(&mut circuit, at(0), CallResult::Unreachable);
        }
        assert_eq!(circuit.ask(at(1)), Permission::Wait(at(29)));
        let probe = allowed(&mut circuit, at(30));
        assert!(
            matches!(circuit.ask(at(31)), Permission::Wait(_)),
            "only one probe at a time"
        );
        circuit.tell(at(32), probe, CallResult::Answered);
        allowed(&mut circuit, at(32));
        assert_eq!(circuit.state(at(32)), CircuitState::Closed);
    }

    #[test]
    fn each_probe_that_reaches_nobody_doubles_the_pause_up_to_the_limit() {
        let policy = CircuitPolicy::default();
        let mut circuit = Circuit::new(policy);
        circuit.trip(at(0));
        let mut now = at(0);
        for expected in [30, 60, 120, 240, 480, 600, 600] {
            assert_eq!(circuit.pause(now), Some(at(expected)));
            now += at(expected);
            call(&mut circuit, now, CallResult::Unreachable);
        }
    }

    #[test]
    fn three_probes_in_a_row_have_to_fail_until_the_first_pause_doubles() {
        let mut circuit = Circuit::new(CircuitPolicy::default());
        circuit.trip(at(0));
        for _ in 0..2 {
            call(&mut circuit, at(30), CallResult::Failed);
            assert_eq!(circuit.state(at(30)), CircuitState::HalfOpen);
        }
        call(&mut circuit, at(30), CallResult::Failed);
        assert_eq!(circuit.pause(at(30)), Some(at(60)));
        call(&mut circuit, at(90), CallResult::Failed);
        assert_eq!(circuit.pause(at(90)), Some(at(120)));
        // When it was closed they count anew.
        call(&mut circuit, at(210), CallResult::Answered);
        circuit.trip(at(210));
        for _ in 0..2 {
            call(&mut circuit, at(240), CallResult::Failed);
        }
        call(&mut circuit, at(240), CallResult::Answered);
        assert_eq!(circuit.state(at(240)), CircuitState::Closed);
    }

    #[test]
    fn only_one_probe_at_a_time_also_after_one_that_failed() {
        let mut circuit = Circuit::new(CircuitPolicy::default());
        circuit.trip(at(0));
        let first = allowed(&mut circuit, at(30));
        circuit.tell(at(31), first, CallResult::Failed);
        let second = allowed(&mut circuit, at(31));
        assert!(matches!(circuit.ask(at(32)), Permission::Wait(_)));
        // The first one has been told before.
        circuit.tell(at(33), first, CallResult::Answered);
        assert_eq!(circuit.state(at(33)), CircuitState::HalfOpen);
        circuit.tell(at(34), second, CallResult::Answered);
        assert_eq!(circuit.state(at(34)), CircuitState::Closed);
    }

    #[test]
    fn half_of_twenty_calls_failing_opens_it_and_nineteen_prove_nothing() {
        let mut circuit = Circuit::new(CircuitPolicy::default());
        for second in 0..19 {
            call(&mut circuit, at(second), CallResult::Failed);
        }
        call(&mut circuit, at(19), CallResult::Answered);
        assert!(matches!(circuit.ask(at(20)), Permission::Wait(_)));
    }

    #[test]
    fn old_calls_are_forgotten() {
        let mut circuit = Circuit::new(CircuitPolicy::default());
        for _ in 0..19 {
            call(&mut circuit, at(0), CallResult::Failed);
        }
        call(&mut circuit, at(61), CallResult::Failed);
        allowed(&mut circuit, at(61));
    }

    #[test]
    fn a_lost_probe_does_not_keep_it_open_for_ever() {
        let mut circuit = Circuit::new(CircuitPolicy::default());
        circuit.trip(at(0));
        let lost = allowed(&mut circuit, at(30));
        let probe = allowed(&mut circuit, at(60));
        // The first one comes back after all: the second is under way, and decides.
        circuit.forgo(lost);
        circuit.tell(at(61), lost, CallResult::Answered);
        assert!(matches!(circuit.ask(at(61)), Permission::Wait(_)));
        circuit.tell(at(62), probe, CallResult::Answered);
        assert_eq!(circuit.state(at(62)), CircuitState::Closed);
    }

    #[test]
    fn a_call_from_before_it_opened_does_not_conclude_the_probe_of_another() {
        for late in [CallResult::Answered, CallResult::Failed, CallResult::Unreachable] {
            let mut circuit = Circuit::new(CircuitPolicy::default());
            let before = allowed(&mut circuit, at(0));
            circuit.trip(at(1));
            let probe = allowed(&mut circuit, at(31));
            circuit.tell(at(32), before, late);
            assert_eq!(circuit.state(at(32)), CircuitState::HalfOpen, "{late:?}");
            assert!(
                matches!(circuit.ask(at(32)), Permission::Wait(_)),
                "the probe is under way"
            );
            circuit.tell(at(33), probe, CallResult::Answered);
            assert_eq!(circuit.state(at(33)), CircuitState::Closed);
            // Nor does it count for the time after.
            for _ in 0..5 {
                circuit.tell(at(34), before, CallResult::Unreachable);
            }
            assert_eq!(circuit.state(at(34)), CircuitState::Closed);
        }
    }

    #[test]
    fn a_probe_that_was_not_made_leaves_its_place_to_another() {
        let mut circuit = Circuit::new(CircuitPolicy::default());
        circuit.trip(at(0));
        let probe = allowed(&mut circuit, at(30));
        circuit.forgo(probe);
        allowed(&mut circuit, at(30));
    }
}

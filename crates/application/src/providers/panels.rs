//! Calling providers with care: keys are opened for a call only, and rate limits, circuits and places in line are
//! asked first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ProviderId;
use domain::providers::{CallResult, Circuit, CircuitPolicy, CircuitState, Pass, Permission, Provider};
use ports::crypto::{SealError, SecretSealer};
use ports::gateway::PanelTarget;
use ports::limits::{Admission, Limit, RateLimiter};
use ports::providers::ProviderQueries;
use ports::{Clock, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::line::Standing;

/// Sending orders and asking about them fail for different reasons, so they have circuits of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallClass {
    /// `add`.
    Submit,
    /// Everything that may be repeated.
    Read,
}

impl CallClass {
    /// How many calls of the class a process with so many workers makes to one provider at once. A provider that is dead
    /// or slow holds a worker for each, and no more than a quarter of them in both classes together.
    fn places(self, workers: usize) -> usize {
        match self {
            Self::Submit => (workers / 6).clamp(1, 8),
            Self::Read => (workers / 12).clamp(1, 4),
        }
    }
}

/// Why a provider cannot be called at all.
#[derive(Debug, thiserror::Error)]
pub enum PanelsError {
    /// There is no such provider.
    #[error("no such provider")]
    UnknownProvider,
    /// Its key does not open.
    #[error("the provider's key cannot be opened: {0}")]
    Key(#[from] SealError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Leave to make one call. Dropping it gives the place in line back.
#[derive(Debug)]
pub struct Admitted {
    half_open: bool,
    pass: Pass,
    since: Duration,
    _place: OwnedSemaphorePermit,
}

impl Admitted {
    /// Whether the call is the probe of a circuit that was open.
    #[must_use]
    pub const fn half_open(&self) -> bool {
        self.half_open
    }
}

struct Line {
    circuit: Circuit,
    places: Arc<Semaphore>,
    standing: Standing,
}

type Lines = HashMap<(ProviderId, CallClass), Line>;

/// How long to stand back at least when a rate limit says so.
const BREATH: Duration = Duration::from_millis(10);
/// How long to stand back when every place in line is taken.
const CROWDED_PAUSE: Duration = Duration::from_millis(250);
/// Nobody stands back for longer because a circuit is open: it is this process's, and another may be sending already. Whoever comes
/// back to an open one again and again costs a claim each time.
const PAUSED_MAX: Duration = Duration::from_secs(10);
/// Workers of a process of which it is not said how many it has: with them, each class has all the places that it can have.
const WORKERS: usize = 48;
/// Requests that may go out at once, whatever the rate.
const BURST_MAX: u32 = 10;

/// Everything a worker needs to call a provider.
pub struct Panels {
    providers: Arc<dyn ProviderQueries>,
    sealer: Arc<dyn SecretSealer>,
    limiter: Arc<dyn RateLimiter>,
    clock: Arc<dyn Clock>,
    workers: usize,
    lines: Mutex<Lines>,
}

/// What a provider's key is bound to: copied to another row, it does not open.
#[must_use]
pub fn key_context(provider: ProviderId) -> String {
    format!("providers.api_key:{provider}")
}

impl Panels {
    /// Closed circuits for every provider.
    #[must_use]
    pub fn new(
        providers: Arc<dyn ProviderQueries>,
        sealer: Arc<dyn SecretSealer>,
        limiter: Arc<dyn RateLimiter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            providers,
            sealer,
            limiter,
            clock,
            workers: WORKERS,
            lines: Mutex::default(),
        }
    }

    /// The same, for a process that does so many jobs at once.
    #[must_use]
    pub fn for_workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// The provider, and where and as whom it is called. Archived providers too: their orders live on.
    ///
    /// # Errors
    /// [`PanelsError`].
    pub async fn target(&self, id: ProviderId) -> Result<(Provider, PanelTarget), PanelsError> {
        let (provider, key) = self
            .providers
            .find(id)
            .await?
            .ok_or(PanelsError::UnknownProvider)?;
        let api_key = self.sealer.open(&key, &key_context(id))?;
        let target = PanelTarget {
            provider: id,
            api_url: provider.api_url.clone(),
            api_key,
        };
        Ok((provider, target))
    }

    /// Whether it is worth asking for leave to call at all. Costs nothing, so that a long line of jobs for a provider that
    /// takes none is turned away quickly.
    ///
    /// # Errors
    /// How long to stand back.
    pub fn glance(&self, provider: ProviderId, class: CallClass) -> Result<(), Duration> {
        let now = self.clock.monotonic();
        self.with_line(provider, class, |line| match line.circuit.pause(now) {
            Some(pause) => Err(line.standing.turn_away(now, pause.min(PAUSED_MAX))),
            None if line.places.available_permits() == 0 => Err(line.standing.crowded(now, CROWDED_PAUSE)),
            None => Ok(()),
        })
    }

    /// How long a job that cannot be done for `at_least` so long has to stand back.
    pub fn turn_away(&self, provider: &Provider, class: CallClass, at_least: Duration) -> Duration {
        let now = self.clock.monotonic();
        let rate = provider.settings.requests_per_second;
        self.with_line(provider.id, class, |line| {
            line.standing.has_rate(rate);
            line.standing.turn_away(now, at_least)
        })
    }

    /// Asks to make one call now.
    ///
    /// # Errors
    /// How long to stand back.
    pub async fn admit(&self, provider: &Provider, class: CallClass) -> Result<Admitted, Duration> {
        self.glance(provider.id, class)?;
        let per_second = provider.settings.requests_per_second.max(1);
        let limit = Limit {
            count: per_second,
            period: Duration::from_secs(1),
            burst: per_second.min(BURST_MAX),
        };
        match self
            .limiter
            .take(&format!("provider:{}", provider.id), limit)
            .await
        {
            // Last, because it may take the one place that a half-open circuit has.
            Admission::Granted { .. } => self.enter(provider, class),
            Admission::Denied { retry_after } => {
                Err(self.turn_away(provider, class, retry_after.max(BREATH)))
            }
        }
    }

    fn enter(&self, provider: &Provider, class: CallClass) -> Result<Admitted, Duration> {
        let now = self.clock.monotonic();
        self.with_line(provider.id, class, |line| {
            line.standing.has_rate(provider.settings.requests_per_second);
            let Ok(place) = Arc::clone(&line.places).try_acquire_owned() else {
                return Err(line.standing.crowded(now, CROWDED_PAUSE));
            };
            match line.circuit.ask(now) {
                Permission::Allowed(pass) => {
                    line.standing.call_begins(now);
                    Ok(Admitted {
                        half_open: line.circuit.state(now) == CircuitState::HalfOpen,
                        pass,
                        since: now,
                        _place: place,
                    })
                }
                Permission::Wait(pause) => Err(line.standing.turn_away(now, pause.min(PAUSED_MAX))),
            }
        })
    }

    /// Gives leave back that was not used: a probe that was never made must not keep the circuit open.
    pub fn forgo(&self, provider: ProviderId, class: CallClass, admitted: Admitted) {
        self.with_line(provider, class, |line| line.circuit.forgo(admitted.pass));
        drop(admitted);
    }

    /// Tells what came of a call, which gives its place back.
    pub fn tell(&self, provider: ProviderId, class: CallClass, admitted: Admitted, result: CallResult) {
        let now = self.clock.monotonic();
        let took = now.saturating_sub(admitted.since);
        self.with_line(provider, class, |line| {
            line.circuit.tell(now, admitted.pass, result);
            line.standing.call_took(now, took);
        });
        drop(admitted);
    }

    /// Leaves a provider alone for a while, because it rejects our account.
    pub fn trip(&self, provider: ProviderId, class: CallClass) {
        let now = self.clock.monotonic();
        self.with_line(provider, class, |line| line.circuit.trip(now));
    }

    /// The circuits that are not closed, for metrics and staff.
    #[must_use]
    pub fn open_circuits(&self) -> Vec<(ProviderId, CallClass, CircuitState)> {
        let now = self.clock.monotonic();
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .map(|((provider, class), line)| (*provider, *class, line.circuit.state(now)))
            .filter(|(_, _, state)| *state != CircuitState::Closed)
            .collect()
    }

    fn with_line<T>(&self, provider: ProviderId, class: CallClass, act: impl FnOnce(&mut Line) -> T) -> T {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry((provider, class)).or_insert_with(|| {
            let places = class.places(self.workers);
            Line {
                circuit: Circuit::new(CircuitPolicy::default()),
                places: Arc::new(Semaphore::new(places)),
                standing: Standing::new(places),
            }
        });
        act(line)
    }
}

//! A system at work.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::ApiState;
use application::live::{LiveHub, LiveLimits, LivePorts};
use application::submission::SubmissionGuard;
use ports::jobs::Stop;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use worker::Worker;

use crate::system::OpenError;
use crate::{Storage, System, observe, services};

/// How often every process looks whether orders may be sent.
const GUARD_EVERY: Duration = Duration::from_secs(2);

/// The API, the workers, or both, of a [`System`]. They go on until [`Running::stop`] is called.
pub struct Running {
    address: Option<SocketAddr>,
    metrics_address: Option<SocketAddr>,
    stop: Stop,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Where the API listens; `None` if only workers run.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The API's address for people; empty if only workers run.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.address
            .map_or_else(String::new, |address| format!("http://{address}"))
    }

    /// Where workers without the API answer `/health`, `/ready` and `/metrics`; `None` if they do not.
    #[must_use]
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    fn serve(&mut self, server: api::RunningServer) {
        let stop = self.stop.clone();
        self.tasks.push(tokio::spawn(serve_until(server, stop)));
    }

    /// Takes no more work, finishes or hands back what runs, and returns within 30 seconds.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a background task ended badly");
            }
        }
    }
}

impl System {
    /// Starts the API, and on an embedded database the workers too.
    ///
    /// # Errors
    /// [`OpenError`] if the API cannot listen.
    pub fn start(&self) -> Result<Running, OpenError> {
        let listen = self.blueprint.api.listen;
        let state = self.api_state();
        let live = state.live.clone();
        let server = api::serve(state, &self.blueprint.api).map_err(|error| OpenError::Listen {
            address: listen,
            error,
        })?;
        let mut running = self.observed();
        if matches!(self.blueprint.storage, Storage::Embedded { .. }) {
            running.tasks.push(self.spawn_worker(&running.stop));
        }
        running.address = Some(server.address());
        let until = running.stop.clone();
        running
            .tasks
            .push(tokio::spawn(async move { live.run(until).await }));
        running.serve(server);
        Ok(running)
    }

    /// Starts workers without the API, and the pages for operators at [`Blueprint::metrics_address`]. Orders are more
    /// important than pages: if nothing can listen there, workers start all the same and a warning is logged.
    ///
    /// [`Blueprint::metrics_address`]: crate::Blueprint::metrics_address
    #[must_use]
    pub fn start_workers(&self) -> Running {
        let mut running = self.observed();
        running.tasks.push(self.spawn_worker(&running.stop));
        if let Some(listen) = self.blueprint.metrics_address {
            match api::serve_system(self.api_state(), listen) {
                Ok(server) => {
                    running.metrics_address = Some(server.address());
                    running.serve(server);
                }
                Err(error) => tracing::warn!(
                    %listen, %error,
                    "cannot listen for /health, /ready and /metrics; set METRICS_ADDRESS to a free address"
                ),
            }
        }
        running
    }

    /// Nothing but the gauges, which every process reads, and the guard, which every process keeps.
    fn observed(&self) -> Running {
        // Before anything is counted.
        observe::record();
        let (ports, services, stop) = (self.adapters(), self.services(), Stop::new());
        let gauges = observe::run_gauges(ports.clone(), services.providers.panels.clone(), stop.clone());
        let guard = keep_guard(services.submission.clone(), stop.clone());
        Running {
            address: None,
            metrics_address: None,
            stop,
            tasks: vec![tokio::spawn(gauges), tokio::spawn(guard)],
        }
    }

    fn spawn_worker(&self, stop: &Stop) -> JoinHandle<()> {
        let (ports, policy) = (self.adapters(), self.blueprint.policy);
        let name = format!("{}-{}", std::process::id(), ports.ids.text_id());
        let worker = Worker {
            relay: Arc::new(services::relay(ports)),
            schedules: Arc::new(services::schedules(ports, self.services(), policy)),
            consumer: ports.consumer.clone(),
            handler: Arc::new(services::job_runner(ports, self.services(), policy, name)),
            signal: ports.signal.clone(),
            concurrency: self.blueprint.concurrency,
        };
        let until = stop.clone();
        tokio::spawn(async move { worker.run(until).await })
    }

    /// What the HTTP surface drives. Live updates are told while [`LiveHub::run`] is awaited.
    #[must_use]
    pub fn api_state(&self) -> ApiState {
        let (services, ports) = (self.services().clone(), self.adapters());
        ApiState {
            identity: services.identity,
            api_keys: services.api_keys,
            catalog: services.catalog,
            providers: services.providers,
            orders: services.orders,
            wallets: services.wallets,
            funds: services.funds,
            currency: services.currency,
            audit: services.audit,
            figures: services.figures,
            live: Arc::new(LiveHub::new(
                LivePorts {
                    news: ports.live.clone(),
                    bell: ports.bell.clone(),
                    sessions: ports.sessions.clone(),
                    clock: ports.clock.clone(),
                },
                LiveLimits::default(),
            )),
            mails: services.mails,
            submission: services.submission,
            limiter: ports.limiter.clone(),
            clock: ports.clock.clone(),
            signer: ports.signer.clone(),
            health: ports.database.clone(),
            queue: ports.queue.clone(),
            listing: api::Rendered::default(),
            metrics: observe::metrics_page(),
        }
    }
}

/// Serves until `stop` is cancelled, then lets running requests finish.
async fn serve_until(server: api::RunningServer, stop: Stop) {
    let handle = server.handle();
    let served = server.wait();
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = &mut served => ended,
        // The server has to be driven while it is told to stop.
        () = stop.cancelled() => tokio::join!(handle.stop(true), &mut served).1,
    };
    if let Err(error) = ended {
        tracing::error!(%error, "the API has stopped serving");
    }
}

/// Looks at the database until `stop` is cancelled. Whatever it cannot find out keeps orders from being sent.
async fn keep_guard(guard: Arc<SubmissionGuard>, stop: Stop) {
    let mut ticks = tokio::time::interval(GUARD_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match guard.keep().await {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "whether orders may be sent could not be looked at");
                }
                failing = true;
            }
        }
    }
}

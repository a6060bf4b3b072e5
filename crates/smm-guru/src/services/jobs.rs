//! What workers drive.

use std::sync::Arc;

use application::audit::HeadSigner;
use application::funds::CheckDeposit;
use application::jobs::{JobRunner, Relay, Schedules, UseCases};
use application::mail::{DeliverMail, DeliveryPorts};
use application::orders::{CancelUpstream, ReconcileOrder, RescueOrders, SubmitOrder, TrackOrders};
use domain::orders::OrderPolicy;

use super::{Services, currency, funds};
use crate::Adapters;
use crate::mailing::office;
use crate::observe::PollMetrics;

/// The handler that does jobs; `worker` names this process in the attempts it makes.
#[must_use]
pub fn job_runner(ports: &Adapters, services: &Services, policy: OrderPolicy, worker: String) -> JobRunner {
    JobRunner::new(
        use_cases(ports, services, policy, worker),
        ports.outbox.clone(),
        ports.signal.clone(),
        ports.clock.clone(),
    )
}

/// What jobs drive, for programs that drive it themselves.
#[must_use]
pub fn use_cases(ports: &Adapters, services: &Services, policy: OrderPolicy, worker: String) -> UseCases {
    let (panels, submission) = (&services.providers.panels, &services.submission);
    let Adapters {
        store,
        orders,
        gateway,
        clock,
        ..
    } = ports.clone();
    UseCases {
        submit: SubmitOrder::new(
            store.clone(),
            orders.clone(),
            gateway.clone(),
            panels.clone(),
            clock.clone(),
            submission.clone(),
            policy,
            worker,
        ),
        reconcile: ReconcileOrder::new(
            store.clone(),
            orders.clone(),
            gateway.clone(),
            panels.clone(),
            clock.clone(),
            submission.clone(),
            policy,
        ),
        cancel: CancelUpstream::new(
            store.clone(),
            orders,
            gateway.clone(),
            panels.clone(),
            clock.clone(),
        ),
        track: TrackOrders::new(
            store,
            gateway,
            panels.clone(),
            clock.clone(),
            Arc::new(PollMetrics),
            policy,
        ),
        mail: DeliverMail::new(delivery_ports(ports), office(ports)),
        deposits: CheckDeposit::new(funds::ports(ports, &services.currency.rates)),
        sync: super::catalog::sync(ports, &services.providers.connection),
    }
}

fn delivery_ports(ports: &Adapters) -> DeliveryPorts {
    DeliveryPorts {
        store: ports.store.clone(),
        mails: ports.mails.clone(),
        identity: ports.identity.clone(),
        renderer: ports.renderer.clone(),
        mailer: ports.mailer.clone(),
        digester: ports.digester.clone(),
        clock: ports.clock.clone(),
    }
}

/// The relay from the outbox to the queue.
#[must_use]
pub fn relay(ports: &Adapters) -> Relay {
    Relay::new(ports.outbox.clone(), ports.queue.clone(), ports.clock.clone())
}

/// What is looked at again and again.
#[must_use]
pub fn schedules(ports: &Adapters, services: &Services, policy: OrderPolicy) -> Schedules {
    let Adapters {
        store,
        orders,
        mails,
        syncs,
        clock,
        limiter,
        ..
    } = ports.clone();
    let rescue = RescueOrders::new(store.clone(), orders.clone(), clock.clone(), policy);
    let rates = currency::refresh(ports, services.currency.rates.clone());
    Schedules::new(rescue, store, orders, mails, syncs, limiter, clock)
        .with_rates(rates)
        .with_funds(ports.funds.clone(), ports.sealer.clone())
        .with_figures(ports.keeper.clone())
        .signing(HeadSigner::new(ports.signer.clone()))
}

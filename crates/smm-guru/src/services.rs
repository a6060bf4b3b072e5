//! Every use case, wired to its ports.

use std::sync::Arc;

use application::audit::{SearchAudit, VerifyAudit};
use application::catalog::{
    BrowseCatalog, Categories, EditService, ImportServices, Services as CatalogServices,
};
use application::identity::{
    Addresses, AskForMail, CreateUser, CurrentSession, DeleteAccounts, IdentityPorts, ManageRights,
    OwnAccount, Reauthenticate, ResetPassword, SignIn, SignInLimits, SignOut, SignUp, SocialSignIn,
    UserAdmin,
};
use application::jobs::{JobRunner, Relay, Schedules, UseCases};
use application::mail::{BrowseMails, DeliverMail, DeliveryPorts};
use application::orders::{
    BrowseOrders, CancelOrder, CancelUpstream, DecideOrder, PlaceOrder, PlaceOrders, ReconcileOrder,
    RescueOrders, SubmitOrder, TrackOrders,
};
use application::providers::{Panels, ProviderConnection, Providers};
use application::submission::{GuardPorts, SubmissionGuard};
use application::wallets::{BrowseWallet, CreditWallet, SetWalletStatus};
use domain::orders::OrderPolicy;

use crate::Adapters;
use crate::mailing::office;
use crate::observe::PollMetrics;

/// The use cases. Controllers, commands and programs that embed the library call these.
pub struct Services {
    /// Signing up.
    pub sign_up: Arc<SignUp>,
    /// Signing in.
    pub sign_in: Arc<SignIn>,
    /// Signing in with an account elsewhere.
    pub social_sign_in: Arc<SocialSignIn>,
    /// Signing out.
    pub sign_out: Arc<SignOut>,
    /// Who is behind a session token.
    pub current_session: Arc<CurrentSession>,
    /// Creating users by staff or on the command line.
    pub create_user: Arc<CreateUser>,
    /// Users look after their own account.
    pub own_account: Arc<OwnAccount>,
    /// Staff administer users.
    pub user_admin: Arc<UserAdmin>,
    /// Asking for a link by mail.
    pub ask_for_mail: Arc<AskForMail>,
    /// Setting a password by a mailed link.
    pub reset_password: Arc<ResetPassword>,
    /// Proving addresses and changing them.
    pub addresses: Arc<Addresses>,
    /// Deleting the own account.
    pub delete_accounts: Arc<DeleteAccounts>,
    /// Looking at mails.
    pub browse_mails: Arc<BrowseMails>,
    /// Proving once more who one is.
    pub reauthenticate: Arc<Reauthenticate>,
    /// What staff may do.
    pub rights: Arc<ManageRights>,
    /// Searching the audit log.
    pub search_audit: Arc<SearchAudit>,
    /// Checking the audit log.
    pub verify_audit: Arc<VerifyAudit>,
    /// What customers can order.
    pub browse_catalog: Arc<BrowseCatalog>,
    /// Categories.
    pub categories: Arc<Categories>,
    /// Services.
    pub services: Arc<CatalogServices>,
    /// Changing a service.
    pub edit_service: Arc<EditService>,
    /// Taking over a provider's services.
    pub import_services: Arc<ImportServices>,
    /// Providers.
    pub providers: Arc<Providers>,
    /// Asking providers on behalf of staff.
    pub provider_connection: Arc<ProviderConnection>,
    /// Looking at a wallet.
    pub browse_wallet: Arc<BrowseWallet>,
    /// Putting money into a wallet by hand.
    pub credit_wallet: Arc<CreditWallet>,
    /// Freezing and opening a wallet.
    pub set_wallet_status: Arc<SetWalletStatus>,
    /// Placing an order.
    pub place_order: Arc<PlaceOrder>,
    /// Customers place many orders at once.
    pub place_orders: Arc<PlaceOrders>,
    /// Canceling an order.
    pub cancel_order: Arc<CancelOrder>,
    /// Looking at orders.
    pub browse_orders: Arc<BrowseOrders>,
    /// Deciding what only people can decide.
    pub decide_order: Arc<DecideOrder>,
    /// Whether orders are sent.
    pub submission: Arc<SubmissionGuard>,
    /// Circuits, limits and keys of providers.
    pub panels: Arc<Panels>,
}

impl Services {
    /// Wires the use cases of a process that does `workers` jobs at once.
    #[must_use]
    #[expect(
        clippy::too_many_lines,
        reason = "it is a list of wires, one use case after another"
    )]
    pub fn new(ports: &Adapters, policy: OrderPolicy, workers: usize) -> Self {
        let Adapters {
            store,
            clock,
            ids,
            catalog,
            identity,
            hasher,
            wallets,
            gateway,
            ..
        } = ports.clone();
        let submission = Arc::new(SubmissionGuard::new(guard_ports(ports), policy));
        let people = identity_ports(ports);
        let panels = Panels::new(
            ports.providers.clone(),
            ports.sealer.clone(),
            ports.limiter.clone(),
            clock.clone(),
        );
        let panels = Arc::new(panels.for_workers(workers));
        Self {
            sign_up: Arc::new(SignUp::new(people.clone())),
            ask_for_mail: Arc::new(AskForMail::new(people.clone())),
            reset_password: Arc::new(ResetPassword::new(people.clone())),
            addresses: Arc::new(Addresses::new(people.clone())),
            delete_accounts: Arc::new(DeleteAccounts::new(people.clone())),
            browse_mails: Arc::new(BrowseMails::new(ports.mails.clone())),
            sign_in: Arc::new(SignIn::new(people.clone(), SignInLimits::default())),
            social_sign_in: Arc::new(SocialSignIn::new(
                people.clone(),
                ports.social.clone(),
                ports.signer.clone(),
            )),
            sign_out: Arc::new(SignOut::new(people.clone())),
            current_session: Arc::new(CurrentSession::new(people.clone())),
            own_account: Arc::new(OwnAccount::new(people.clone(), SignInLimits::default())),
            user_admin: Arc::new(UserAdmin::new(people.clone())),
            create_user: Arc::new(CreateUser::new(store.clone(), hasher, ids.clone(), clock.clone())),
            reauthenticate: Arc::new(Reauthenticate::new(people.clone(), SignInLimits::default())),
            rights: Arc::new(ManageRights::new(store.clone(), identity.clone(), clock.clone())),
            search_audit: Arc::new(SearchAudit::new(
                store.clone(),
                ports.audit.clone(),
                clock.clone(),
            )),
            verify_audit: Arc::new(VerifyAudit::new(ports.audit.clone())),
            browse_catalog: Arc::new(BrowseCatalog::new(catalog.clone())),
            categories: Arc::new(Categories::new(store.clone(), catalog.clone(), clock.clone())),
            services: Arc::new(CatalogServices::new(
                store.clone(),
                catalog.clone(),
                clock.clone(),
            )),
            edit_service: Arc::new(EditService::new(store.clone(), catalog.clone(), clock.clone())),
            import_services: Arc::new(ImportServices::new(
                store.clone(),
                gateway.clone(),
                panels.clone(),
                clock.clone(),
            )),
            providers: Arc::new(Providers::new(
                store.clone(),
                ports.providers.clone(),
                gateway.clone(),
                ports.sealer.clone(),
                clock.clone(),
            )),
            provider_connection: Arc::new(ProviderConnection::new(
                store.clone(),
                gateway,
                panels.clone(),
                clock.clone(),
            )),
            browse_wallet: Arc::new(BrowseWallet::new(store.clone(), wallets.clone(), clock.clone())),
            credit_wallet: Arc::new(CreditWallet::new(
                store.clone(),
                identity,
                wallets,
                ids,
                clock.clone(),
            )),
            set_wallet_status: Arc::new(SetWalletStatus::new(store.clone(), clock.clone())),
            place_order: Arc::new(PlaceOrder::new(
                store.clone(),
                ports.orders.clone(),
                catalog.clone(),
                clock.clone(),
                policy,
            )),
            place_orders: Arc::new(PlaceOrders::new(
                store.clone(),
                ports.orders.clone(),
                catalog,
                clock.clone(),
                policy,
            )),
            cancel_order: Arc::new(CancelOrder::new(store.clone(), clock.clone(), submission.clone())),
            browse_orders: Arc::new(BrowseOrders::new(ports.orders.clone())),
            decide_order: Arc::new(DecideOrder::new(store, clock, submission.clone(), policy)),
            submission,
            panels,
        }
    }
}

fn identity_ports(ports: &Adapters) -> IdentityPorts {
    IdentityPorts {
        store: ports.store.clone(),
        queries: ports.identity.clone(),
        tokens: ports.tokens.clone(),
        hasher: ports.hasher.clone(),
        digester: ports.digester.clone(),
        limiter: ports.limiter.clone(),
        office: office(ports),
        ids: ports.ids.clone(),
        clock: ports.clock.clone(),
    }
}

fn guard_ports(ports: &Adapters) -> GuardPorts {
    GuardPorts {
        store: ports.store.clone(),
        queries: ports.submission.clone(),
        identity: ports.identity_of_database.clone(),
        memory: ports.memory.clone(),
        limiter: ports.limiter.clone(),
        ids: ports.ids.clone(),
        clock: ports.clock.clone(),
    }
}

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
    let Services {
        panels, submission, ..
    } = services;
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
pub fn schedules(ports: &Adapters, policy: OrderPolicy) -> Schedules {
    let Adapters {
        store,
        orders,
        mails,
        clock,
        limiter,
        ..
    } = ports.clone();
    let rescue = RescueOrders::new(store.clone(), orders.clone(), clock.clone(), policy);
    Schedules::new(rescue, store, orders, mails, limiter, clock)
}

//! What handlers call.

use std::sync::Arc;

use application::audit::SearchAudit;
use application::catalog::{BrowseCatalog, Categories, EditService, ImportServices, Services};
use application::identity::{
    Addresses, AskForMail, CreateUser, CurrentSession, DeleteAccounts, ManageRights, OwnAccount,
    Reauthenticate, ResetPassword, SignIn, SignOut, SignUp, SocialSignIn, UserAdmin,
};
use application::mail::BrowseMails;
use application::orders::{BrowseOrders, CancelOrder, DecideOrder, PlaceOrder, PlaceOrders};
use application::providers::{ProviderConnection, Providers};
use application::submission::SubmissionGuard;
use application::wallets::{BrowseWallet, CreditWallet, SetWalletStatus};
use ports::Clock;
use ports::crypto::CookieSigner;
use ports::health::DatabaseHealth;
use ports::jobs::JobQueue;
use ports::limits::RateLimiter;

/// Renders the metrics page.
pub type MetricsPage = Arc<dyn Fn() -> String + Send + Sync>;

/// The use cases and the few ports that the surface itself needs. Cloning is cheap.
#[derive(Clone)]
pub struct ApiState {
    /// Visitors become customers.
    pub sign_up: Arc<SignUp>,
    /// Users prove who they are.
    pub sign_in: Arc<SignIn>,
    /// Users prove who they are by an account elsewhere.
    pub social_sign_in: Arc<SocialSignIn>,
    /// Sessions end.
    pub sign_out: Arc<SignOut>,
    /// Who is behind a session token.
    pub current_session: Arc<CurrentSession>,
    /// Users look after their own account.
    pub own_account: Arc<OwnAccount>,
    /// Staff create users.
    pub create_user: Arc<CreateUser>,
    /// Staff administer users.
    pub user_admin: Arc<UserAdmin>,
    /// Anybody asks for a link by mail.
    pub ask_for_mail: Arc<AskForMail>,
    /// Links of mails set passwords.
    pub reset_password: Arc<ResetPassword>,
    /// Links of mails prove addresses and change them.
    pub addresses: Arc<Addresses>,
    /// Users delete their account.
    pub delete_accounts: Arc<DeleteAccounts>,
    /// Staff look at mails.
    pub mails: Arc<BrowseMails>,
    /// Users prove once more who they are.
    pub reauthenticate: Arc<Reauthenticate>,
    /// What staff may do.
    pub rights: Arc<ManageRights>,
    /// Staff search the audit log.
    pub search_audit: Arc<SearchAudit>,
    /// What anybody may see.
    pub catalog: Arc<BrowseCatalog>,
    /// Staff arrange categories.
    pub categories: Arc<Categories>,
    /// Staff list, add and archive services.
    pub services: Arc<Services>,
    /// Staff edit services.
    pub edit_service: Arc<EditService>,
    /// Staff import services.
    pub import_services: Arc<ImportServices>,
    /// Staff administer providers.
    pub providers: Arc<Providers>,
    /// Staff ask providers directly.
    pub provider_connection: Arc<ProviderConnection>,
    /// Customers look at their money.
    pub wallet: Arc<BrowseWallet>,
    /// Staff credit wallets.
    pub credit_wallet: Arc<CreditWallet>,
    /// Staff freeze wallets.
    pub wallet_status: Arc<SetWalletStatus>,
    /// Customers place orders.
    pub place_order: Arc<PlaceOrder>,
    /// Customers place many orders at once.
    pub place_orders: Arc<PlaceOrders>,
    /// Customers cancel orders.
    pub cancel_order: Arc<CancelOrder>,
    /// Everybody looks at orders.
    pub browse_orders: Arc<BrowseOrders>,
    /// Staff decide about orders.
    pub decide_order: Arc<DecideOrder>,
    /// Whether orders are sent.
    pub submission: Arc<SubmissionGuard>,
    /// Counts requests.
    pub limiter: Arc<dyn RateLimiter>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Signs what browsers carry.
    pub signer: Arc<dyn CookieSigner>,
    /// Asked by the readiness probe.
    pub health: Arc<dyn DatabaseHealth>,
    /// Asked by the readiness probe.
    pub queue: Arc<dyn JobQueue>,
    /// Asked by the monitoring system.
    pub metrics: MetricsPage,
}

//! The two ways to have a system inside another program.

use crate::{Blueprint, DistributedOptions, EmbeddedOptions, OpenError, System};

/// A system on a SQLite database of its own, in this process. Nothing else has to run. The schema is brought up to
/// date; workers and the API run when [`System::start`] is called.
///
/// Placing an order without HTTP:
///
/// ```
/// use smm_guru::application::caller::{By, Caller};
/// use smm_guru::application::catalog::{CategoryRule, ImportRequest, Selection};
/// use smm_guru::application::identity::{NewUser, Password};
/// use smm_guru::application::orders::OrderPlacement;
/// use smm_guru::application::providers::AddProvider;
/// use smm_guru::application::wallets::Credit;
/// use smm_guru::domain::catalog::Margin;
/// use smm_guru::domain::identity::Role;
/// use smm_guru::domain::orders::OrderState;
/// use smm_guru::domain::providers::ProviderSettings;
/// use smm_guru::domain::text::{Email, Link, Name};
/// use smm_guru::domain::{Money, Secret};
/// use smm_guru::{AddressPolicy, EmbeddedOptions};
///
/// # type Failure = Box<dyn std::error::Error>;
/// # async fn example() -> Result<(), Failure> {
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let options = EmbeddedOptions { addresses: AddressPolicy::AllowPrivate, ..EmbeddedOptions::in_folder(folder) };
/// let system = smm_guru::embedded(options).await?;
/// let services = system.services();
/// let user = async |name: &str, role| -> Result<Caller, Failure> {
///     let email = Email::parse(&format!("{name}@example.com"))?;
///     let password = Password::parse("correct horse battery staple")?;
///     let new = NewUser { name: Name::parse(name)?, email, password, role };
///     Ok(Caller::new(services.identity.create_user.create(&By::Operator, new).await?))
/// };
/// let staff = user("sam", Role::Admin).await?;
/// let ann = user("ann", Role::User).await?;
///
/// // A provider: here the simulated one. Its services are sold with 30 % profit.
/// let panel = sandbox::Panel::start(sandbox::PanelConfig::default()).await?;
/// let provider = AddProvider {
///     name: Name::parse("Panel")?,
///     api_url: panel.url(),
///     api_key: Secret::new(panel.key()),
///     settings: ProviderSettings::default(),
/// };
/// let provider = services.providers.admin.add(&staff.with()?, &provider).await?;
/// let import = ImportRequest {
///     provider,
///     selection: Selection::All,
///     profit: Some(Margin::share(3_000)),
///     category: CategoryRule::AsProvider,
/// };
/// services.catalog.import.import(&staff.with()?, &import).await?;
///
/// // A customer with money, and an order.
/// let ten = Money::parse("10")?;
/// let credit = Credit { user: ann.user().id.clone(), amount: ten, reason: "a gift".to_owned(), key: None };
/// services.wallets.credit.credit(&staff.with()?, &credit).await?;
/// let listing = services.catalog.browse.listing().await?;
/// let service = listing.iter().flat_map(|category| &category.services).next().ok_or("nothing to order")?;
/// let wanted = OrderPlacement {
///     service: service.id,
///     link: Link::parse("https://instagram.com/p/x")?,
///     input: service.quantity.min().into(),
///     key: None,
///     max_rate: None,
/// };
/// let placed = services.orders.place.place(&ann, wanted).await?;
///
/// // The price is held until the provider has answered; workers would send the order now.
/// let wallet = services.wallets.browse.balance(&ann).await?;
/// assert_eq!(placed.order.state, OrderState::Held);
/// assert_eq!(wallet.held, placed.order.price);
/// assert_eq!(wallet.available.checked_add(wallet.held), Some(ten));
/// # system.close().await;
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
///
/// # Errors
/// [`OpenError`] if the folder or the database cannot be used.
pub async fn embedded(options: EmbeddedOptions) -> Result<System, OpenError> {
    open(options.blueprint()?).await
}

/// A system on PostgreSQL and Redis: one of any number of processes that share them. The schema is brought up to date;
/// workers and the API run when they are started.
///
/// # Errors
/// [`OpenError`] if one of the two cannot be used.
pub async fn distributed(options: DistributedOptions) -> Result<System, OpenError> {
    open(options.blueprint()).await
}

async fn open(blueprint: Blueprint) -> Result<System, OpenError> {
    // A large future, which would make those of the callers large.
    let system = Box::pin(System::open(blueprint)).await?;
    system.migrate().await?;
    Ok(system)
}

//! A shop with one service, opened through the library.

use application::caller::{By, Caller};
use application::identity::{NewUser, Password};
use application::providers::AddProvider;
use application::wallets::Credit;
use domain::catalog::{QuantityRange, ServiceType};
use domain::identity::{Role, User};
use domain::providers::ProviderSettings;
use domain::text::{Email, Name};
use domain::{Money, Rate, Secret, ServiceId};
use ports::gateway::PanelService;
use smm_guru::System;

use super::client::PANEL_KEY;

/// What every user signs in with.
pub const PASSWORD: &str = "Correct-Horse-7";

/// Who is there and what is sold.
pub struct Shop {
    pub staff: Caller,
    pub customer: Caller,
    pub service: ServiceId,
}

impl Shop {
    /// Sells 1 to 1000 of the panel's service 1101, without profit, at `rate` for 1000.
    pub async fn open(system: &System, api_url: &str, rate: &str) -> Self {
        let services = system.services();
        let staff = Caller::new(enlist(system, "staff", Role::Admin).await);
        let customer = Caller::new(enlist(system, "buyer", Role::User).await);
        let provider = AddProvider {
            name: Name::parse("Panel of the shop").expect("a name"),
            api_url: api_url.to_owned(),
            api_key: Secret::new(PANEL_KEY),
            settings: ProviderSettings::default(),
        };
        let provider = services
            .providers
            .admin
            .add(
                &staff.with().expect("an administrator has every right"),
                &provider,
            )
            .await
            .expect("a provider");
        let offer = PanelService {
            upstream_id: "1101".to_owned(),
            name: "Likes".to_owned(),
            service_type: ServiceType::Default,
            category: "Any".to_owned(),
            rate: Rate::parse(rate).expect("a rate"),
            quantity: QuantityRange::new(1, 1_000).expect("a range"),
            dripfeed: false,
            refill: false,
            cancel: false,
            description: None,
        };
        let service = services
            .catalog
            .services
            .add(
                &staff.with().expect("an administrator has every right"),
                provider,
                &offer,
            )
            .await
            .expect("a service");
        Self {
            staff,
            customer,
            service,
        }
    }

    /// Puts money into the customer's wallet.
    pub async fn fund(&self, system: &System, amount: Money) {
        let credit = Credit {
            user: self.customer.user().id.clone(),
            amount,
            reason: "A bank transfer".to_owned(),
            key: None,
        };
        let credited = system
            .services()
            .wallets
            .credit
            .credit(
                &self.staff.with().expect("an administrator has every right"),
                &credit,
            )
            .await;
        credited.expect("a credit");
    }
}

/// Creates a user who signs in as `NAME@example.com`.
pub async fn enlist(system: &System, name: &str, role: Role) -> User {
    let user = NewUser {
        name: Name::parse(name).expect("it is a name"),
        email: Email::parse(&format!("{name}@example.com")).expect("it is an address"),
        password: Password::parse(PASSWORD).expect("it is a password"),
        role,
    };
    let created = system
        .services()
        .identity
        .create_user
        .create(&By::Operator, user)
        .await;
    created.expect("the user is new")
}

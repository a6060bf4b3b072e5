//! A server for one test, with a database of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use api::{ApiConfig, ApiState, serve};
use application::caller::By;
use application::identity::{NewUser, Password};
use domain::identity::Role;
use domain::text::{Email, Name};
use serde_json::{Value, json};
use smm_guru::{AddressPolicy, EmbeddedOptions, FundsSetup, System};
use tempfile::TempDir;

use crate::client::{Answer, Request};

pub const PASSWORD: &str = "Correct-Horse-1";

pub struct TestServer {
    pub address: SocketAddr,
    pub system: System,
    _folder: TempDir,
}

/// A server that is reached directly.
pub async fn start() -> TestServer {
    start_as(direct(), |state| state).await
}

pub fn direct() -> ApiConfig {
    ApiConfig::direct(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

/// A server with its own configuration, some parts of which may be replaced.
pub async fn start_as(config: ApiConfig, replace: impl FnOnce(ApiState) -> ApiState) -> TestServer {
    start_with(config, FundsSetup::none(), replace).await
}

/// The same, that asks others about money.
pub async fn start_with(
    config: ApiConfig,
    funds: FundsSetup,
    replace: impl FnOnce(ApiState) -> ApiState,
) -> TestServer {
    let folder = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions {
        addresses: AddressPolicy::AllowPrivate,
        funds,
        ..EmbeddedOptions::in_folder(folder.path())
    };
    let system = smm_guru::embedded(options).await.unwrap();
    let server = serve(replace(state(&system)), &config).unwrap();
    let address = server.address();
    tokio::spawn(server.wait());
    TestServer {
        address,
        system,
        _folder: folder,
    }
}

pub fn state(system: &System) -> ApiState {
    ApiState {
        metrics: Arc::new(|| "up 1\n".to_owned()),
        ..system.api_state()
    }
}

impl TestServer {
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.request("GET", path).cookie(cookie).send().await
    }

    pub async fn send(&self, method: &str, path: &str, cookie: &str, body: &Value) -> Answer {
        self.request(method, path).cookie(cookie).json(body).send().await
    }

    /// A new user's id and the cookies of a session of theirs.
    pub async fn user(&self, name: &str, role: Role) -> (String, String) {
        let email = format!("{name}@example.com");
        let new = NewUser {
            name: Name::parse(name).unwrap(),
            email: Email::parse(&email).unwrap(),
            password: Password::parse(PASSWORD).unwrap(),
            role,
        };
        let user = self
            .system
            .services()
            .identity
            .create_user
            .create(&By::Operator, new)
            .await
            .unwrap();
        let form = json!({ "email": email, "password": PASSWORD });
        let answer = self
            .request("POST", "/api/auth/sign-in/email")
            .json(&form)
            .send()
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        (user.id.to_string(), answer.cookies())
    }

    pub async fn customer(&self) -> (String, String) {
        self.user("ann", Role::User).await
    }

    pub async fn staff(&self) -> String {
        self.user("sam", Role::Admin).await.1
    }
}

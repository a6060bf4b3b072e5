//! Staff where a second factor is required.

use domain::identity::Role;
use persistence::testing::TestDatabase;
use serde_json::json;
use settings::{Environment, Overrides, Settings};
use smm_guru::{Blueprint, Running, System};
use tempfile::TempDir;

use super::device::{App, Device, begin};
use crate::support::{Servers, Way, enlist, scenarios};

scenarios!(on both ways:
    staff_act_when_their_app_has_shown_a_code_and_not_before,
    a_factor_that_is_removed_is_missing_from_the_next_request_on,
);

const ORDERS: &str = "/api/v1/admin/orders";

/// A site where staff need a second factor.
pub struct Strict {
    pub system: System,
    running: Running,
    database: String,
    _folder: TempDir,
    _servers: Option<Servers>,
}

impl Strict {
    pub async fn open(way: Way) -> Option<Self> {
        let servers = match way {
            Way::Embedded => None,
            _ => Some(Servers::fresh("staff with a second factor").await?),
        };
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let data = folder.path().join("data");
        let mut variables = vec![("STAFF_TWO_FACTOR", "required".to_owned())];
        let mut database = format!("sqlite://{}", data.join("smm-guru.db").display());
        if let Some(servers) = &servers {
            servers.database.url().clone_into(&mut database);
            variables.extend([
                ("DATABASE_URL", database.clone()),
                ("REDIS_URL", servers.redis.url.clone()),
                (
                    "BETTER_AUTH_SECRET",
                    "4f1c9a7e2b6d8035e1f7a9c3b5d70264".to_owned(),
                ),
                ("AES_SECRET_KEY", "b5d702644f1c9a7e2b6d8035e1f7a9c3".to_owned()),
            ]);
        }
        let environment = Environment::of(variables.iter().map(|(name, value)| (*name, value.as_str())));
        let overrides = Overrides {
            data_dir: Some(data),
            port: Some(0),
            ..Overrides::default()
        };
        let settings = Settings::load_from(&environment, &overrides).expect("good settings");
        let system = System::open(Blueprint::of(&settings))
            .await
            .expect("a system opens");
        system.migrate().await.expect("it migrates");
        let running = system.start().expect("the API listens");
        Some(Self {
            system,
            running,
            database,
            _folder: folder,
            _servers: servers,
        })
    }

    /// A new user's device, signed in.
    pub async fn join(&self, name: &str, role: Role) -> (domain::identity::User, Device) {
        let user = enlist(&self.system, name, role).await;
        let mut device = Device::new(&[self.running.base_url()]);
        let answer = device.sign_in(&user).await;
        assert!(answer.json()["token"].is_string(), "{}", answer.text);
        (user, device)
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.running.base_url()
    }

    /// Turns it on.
    pub async fn turn_on(&self, device: &mut Device) -> App {
        let database = TestDatabase::existing(&self.database).await;
        let database = database.expect("the database is there");
        let (mut app, _) = begin(device, Some(database)).await;
        let shown = device.show(&app.code(&self.system).await).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        app
    }

    pub async fn close(self) {
        self.running.stop().await;
        self.system.close().await;
    }
}

/// Staff are told what to do.
async fn is_refused(device: &mut Device) {
    let refused = device.get(ORDERS).await.failure(403, "TWO_FACTOR_REQUIRED");
    assert!(
        refused["message"]
            .as_str()
            .is_some_and(|it| it.contains("two-factor"))
    );
    let credit = device
        .post(
            "/api/v1/admin/users/nobody/wallet/credit",
            json!({ "amount": "1", "reason": "a gift" }),
        )
        .await;
    credit.failure(403, "TWO_FACTOR_REQUIRED");
    let list = device.get("/api/v1/auth/admin/list-users").await;
    list.auth_failure(403, "TWO_FACTOR_REQUIRED");
    let ban = json!({ "userId": "nobody" });
    let ban = device.post("/api/auth/admin/ban-user", ban).await;
    ban.auth_failure(403, "TWO_FACTOR_REQUIRED");
}

async fn staff_act_when_their_app_has_shown_a_code_and_not_before(way: Way) {
    let Some(site) = Strict::open(way).await else {
        return;
    };
    let (_, mut boss) = site.join("boss", Role::Admin).await;
    is_refused(&mut boss).await;
    // Their own account is theirs, and a mailbox is no second factor for staff.
    boss.get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    begin(&mut boss, None).await;
    is_refused(&mut boss).await;
    let mailed = boss.post("/api/auth/two-factor/send-otp", json!({})).await;
    assert_eq!(mailed.auth_failure(400, "OTP_NOT_ENABLED"), "OTP not enabled");
    site.turn_on(&mut boss).await;
    boss.get(ORDERS).await.success(200, "ORDERS_FETCHED");
    let list = boss.get("/api/v1/auth/admin/list-users").await;
    assert_eq!(list.status, 200, "{}", list.text);

    // Whoever lacks the right is told that first; customers need nothing.
    let (_, mut moderator) = site.join("mo", Role::Moderator).await;
    moderator.get(ORDERS).await.failure(403, "FORBIDDEN");
    let (_, mut customer) = site.join("ann", Role::User).await;
    customer
        .get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    site.close().await;
}

async fn a_factor_that_is_removed_is_missing_from_the_next_request_on(way: Way) {
    let Some(site) = Strict::open(way).await else {
        return;
    };
    let (_, mut boss) = site.join("boss", Role::Admin).await;
    let (other, mut deputy) = site.join("deputy", Role::Admin).await;
    site.turn_on(&mut boss).await;
    site.turn_on(&mut deputy).await;
    deputy.get(ORDERS).await.success(200, "ORDERS_FETCHED");
    let removed = boss
        .delete(&format!("/api/v1/admin/users/{}/two-factor", other.id))
        .await;
    removed.success(200, "TWO_FACTOR_REMOVED");
    deputy.get(ORDERS).await.failure(401, "Validation Error");
    assert!(deputy.sign_in(&other).await.json()["token"].is_string());
    is_refused(&mut deputy).await;
    // Turning it off oneself is the same.
    let off = boss.with_password("disable").await;
    assert_eq!(off.status, 200, "{}", off.text);
    is_refused(&mut boss).await;
    site.close().await;
}

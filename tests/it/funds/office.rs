//! A shop with a Paytm that lies, stalls and dies.

use std::sync::Arc;
use std::time::Duration;

use application::caller::Caller;
use application::funds::{CheckDeposit, ClaimDeposit, ClaimError, Credited, FundsPorts, ManualClaim};
use application::jobs::Verdict;
use chrono::{FixedOffset, Utc};
use domain::currency::{Currency, RatePolicy};
use domain::funds::{FundsPolicy, TransactionFee};
use domain::{DepositId, Money, Secret};
use sandbox::{PaytmOrder, PaytmServer};
use serde_json::{Value, json};
use smm_guru::{FundsSetup, PaytmSetup};

use crate::failpoints::doubles::NoLimits;
use crate::support::{Browser, Scene, Way, World};

pub const MERCHANT: &str = "INTEGR7769XXXXXX9383";
pub const KEY: &str = "canary-merchkey1";
pub const PAYTM: &str = "/api/v1/dashboard/fund/add/paytm-qr";
pub const DEPOSITS: &str = "/api/v1/dashboard/deposits";
pub const WITHDRAWALS: &str = "/api/v1/dashboard/withdrawals";
pub const STAFF_DEPOSITS: &str = "/api/v1/admin/deposits";
pub const STAFF_WITHDRAWALS: &str = "/api/v1/admin/withdrawals";

/// The shop.
pub struct Office {
    pub world: World,
    pub paytm: PaytmServer,
}

/// Fees that every test reckons with: 2.5 % and 10 cents.
pub fn policy() -> FundsPolicy {
    FundsPolicy {
        fee: TransactionFee {
            basis_points: 250,
            fixed: Money::from_micros(100_000),
        },
        second_approver_from: Money::from_units(500).expect("it fits"),
        deposit_max: Money::from_units(10_000).expect("it fits"),
        ..FundsPolicy::default()
    }
}

impl Office {
    /// Signed, if so; with a rate of 80 rupees for a dollar.
    pub async fn open(way: Way, signed: bool) -> Option<Self> {
        let office = Self::without_a_rate(way, signed).await?;
        office.rate("80").await;
        Some(office)
    }

    pub async fn without_a_rate(way: Way, signed: bool) -> Option<Self> {
        let paytm = PaytmServer::start(MERCHANT, Box::new(signature))
            .await
            .expect("it listens");
        let funds = FundsSetup {
            paytm: Some(PaytmSetup {
                url: paytm.url(),
                merchant: MERCHANT.to_owned(),
                key: signed.then(|| Secret::new(KEY)),
                timeout: Duration::from_secs(2),
            }),
            rates: RatePolicy::default(),
            policy: policy(),
            ..FundsSetup::none()
        };
        let world = way.world_on(Scene::default(), funds).await?;
        Some(Self { world, paytm })
    }

    /// Sets the rate of rupees by hand.
    pub async fn rate(&self, rate: &str) {
        let form = json!({ "rate": rate, "reason": "a test" });
        let answer = self.world.admin.post("/api/v1/admin/rates/INR", form).await;
        answer.success(200, "RATE_SET");
        self.world.system().services().currency.rates.forget();
    }

    /// Somebody paid an order a moment ago.
    pub fn paid(&self, id: &str, amount: &str) {
        self.paytm.order(id, order(amount));
    }

    /// What moving money needs. Limits are not what most tests are about, and jobs know none.
    pub fn ports(&self) -> FundsPorts {
        let ports = self.world.system().adapters();
        FundsPorts {
            store: ports.store.clone(),
            queries: ports.funds.clone(),
            users: ports.identity.clone(),
            limiter: Arc::new(NoLimits),
            sealer: ports.sealer.clone(),
            ids: ports.ids.clone(),
            clock: ports.clock.clone(),
            paytm: ports.paytm.clone(),
            rates: self.world.system().services().currency.rates.clone(),
            policy: ports.funds_policy.clone(),
        }
    }

    /// What the job about open claims would do now.
    pub async fn check(&self, id: i64) -> Verdict {
        let check = CheckDeposit::new(self.ports());
        check.check(DepositId(id)).await.expect("the database works")
    }

    /// Somebody claims a payment once more, past every limit.
    pub async fn retry(&self, caller: &Caller, id: &str) -> Result<Credited, ClaimError> {
        ClaimDeposit::new(self.ports()).paytm(caller, id, "80.00").await
    }

    /// The customer tells staff about a payment, past every limit.
    pub async fn manual(&self, form: &Value) -> i64 {
        let word = |field: &str| form[field].as_str().expect("a text").to_owned();
        let claim = ManualClaim {
            method: word("method"),
            reference: word("reference"),
            amount: word("amount"),
            currency: Currency::ledger(),
        };
        let caller = Caller::new(self.world.user.clone());
        let claimed = ClaimDeposit::new(self.ports()).manual(&caller, &claim).await;
        claimed.expect("it is taken").id.0
    }

    /// The deposits that staff see.
    pub async fn deposits(&self) -> Vec<Value> {
        let answer = self.world.admin.get(STAFF_DEPOSITS).await;
        let result = answer.success(200, "DEPOSITS_FETCHED");
        result["deposits"].as_array().expect("deposits").clone()
    }

    /// The deposit with a reference.
    pub async fn deposit(&self, reference: &str) -> Value {
        let all = self.deposits().await;
        let found = all.iter().find(|it| it["deposit"]["reference"] == reference);
        found
            .unwrap_or_else(|| panic!("no deposit {reference}: {all:#?}"))
            .clone()
    }

    pub async fn close(self) {
        self.world.close().await;
    }
}

/// An order that was paid a moment ago.
pub fn order(amount: &str) -> PaytmOrder {
    PaytmOrder {
        status: "TXN_SUCCESS".to_owned(),
        amount: amount.to_owned(),
        refunded: "0.00".to_owned(),
        paid_at: india(Duration::from_secs(60)),
        currency: Some("INR".to_owned()),
    }
}

/// So long ago, as a clock in India shows it.
#[expect(clippy::disallowed_methods, reason = "Paytm has a clock of its own")]
pub fn india(ago: Duration) -> String {
    let east = FixedOffset::east_opt(19_800).expect("a zone");
    let at = Utc::now().with_timezone(&east) - ago;
    at.format("%Y-%m-%d %H:%M:%S.0").to_string()
}

/// Claims a payment.
pub async fn claim(browser: &Browser, id: &str, amount: &str) -> crate::support::Answer {
    browser
        .post(PAYTM, json!({ "transactionId": id, "amount": amount }))
        .await
}

/// Signs as Paytm does; written once more, from the description of `paytmchecksum`.
fn signature(text: &str) -> String {
    use base64::Engine as _;
    use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
    use sha2::Digest as _;
    let salt = "s4L+";
    let digest = sha2::Sha256::digest(format!("{text}|{salt}"));
    let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let plain = format!("{hexadecimal}{salt}");
    let (key, vector) = (KEY.as_bytes(), b"@@@@&&&&####$$$$");
    let cipher = cbc::Encryptor::<aes::Aes128>::new_from_slices(key, vector).expect("16 bytes each");
    let sealed = cipher.encrypt_padded_vec::<cbc::cipher::block_padding::Pkcs7>(plain.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(sealed)
}

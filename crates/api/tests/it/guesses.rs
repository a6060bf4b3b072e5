//! Whoever guesses the ids of other people's payments, behind a proxy that tells where they are.

use std::time::Duration;

use domain::identity::Role;
use sandbox::PaytmServer;
use serde_json::json;
use smm_guru::{FundsSetup, PaytmSetup};

use crate::client::Answer;
use crate::server::{TestServer, direct, start_with};

const MERCHANT: &str = "MERCHANT";

async fn shop() -> (TestServer, PaytmServer) {
    let paytm = PaytmServer::start(MERCHANT, Box::new(|_| String::new()))
        .await
        .unwrap();
    let funds = FundsSetup {
        paytm: Some(PaytmSetup {
            url: paytm.url(),
            merchant: MERCHANT.to_owned(),
            key: None,
            timeout: Duration::from_secs(10),
        }),
        ..FundsSetup::none()
    };
    let mut config = direct();
    config.trusted_hops = 1;
    (start_with(config, funds, |state| state).await, paytm)
}

async fn guess(server: &TestServer, cookie: &str, from: &str, id: &str) -> Answer {
    let request = server.request("POST", "/api/v1/dashboard/fund/add/paytm-qr");
    let request = request.cookie(cookie).header("X-Forwarded-For", from);
    let form = json!({ "transactionId": id, "amount": "80.00" });
    request.json(&form).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_one_network_guess_together_and_those_of_another_do_not() {
    let (server, paytm) = shop().await;
    let mut asked = 0;
    for user in 0..5 {
        let (_, cookie) = server.user(&format!("guesser{user}"), Role::User).await;
        for n in 0..8 {
            // What a client says about itself stands left of what the proxy saw.
            let from = format!("198.51.100.{n}, 192.0.2.77");
            let answer = guess(&server, &cookie, &from, &format!("N{user}-{n}")).await;
            match answer.error() {
                (404, word) => {
                    assert_eq!(word, "TRANSACTION_NOT_FOUND");
                    asked += 1;
                }
                (status, word) => {
                    assert_eq!((status, word.as_str()), (429, "TOO_MANY_REQUESTS"));
                    assert!(answer.header("retry-after").is_some());
                }
            }
        }
    }
    // Thirty at once, and one a minute; five users would have eight each.
    assert!((30..36).contains(&asked), "{asked} guesses from one network");
    assert_eq!(paytm.asked(), asked, "nobody was asked about the others");
    let (_, cookie) = server.user("elsewhere", Role::User).await;
    let answer = guess(&server, &cookie, "198.51.100.7", "ELSEWHERE").await;
    assert_eq!(answer.error(), (404, "TRANSACTION_NOT_FOUND".to_owned()));
}

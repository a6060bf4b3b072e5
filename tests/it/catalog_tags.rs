//! The tag of the public list names a currency and its rate, too: who has seen the list in one is never told that nothing
//! has changed in another.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::currency_http::Bureau;
use crate::support::{Answer, Browser, Way, scenarios};
use crate::sync_http::service;

scenarios!(on both ways:
    a_tag_of_one_currency_or_of_an_older_rate_is_never_good_for_another,
    whoever_takes_gzip_gets_the_same_list_in_fewer_bytes_under_a_tag_of_its_own,
);

/// The last one has no rate at first.
const CURRENCIES: [&str; 4] = ["USD", "INR", "EUR", "JPY"];

async fn list(browser: &Browser, currency: &str, tag: Option<&str>) -> Answer {
    let path = format!("/api/v1/services?currency={currency}");
    let complete = |request: reqwest::RequestBuilder| match tag {
        Some(tag) => request.header(IF_NONE_MATCH, tag),
        None => request,
    };
    browser.send(Method::GET, &path, complete).await
}

/// A list as somebody has seen it.
#[derive(Debug, PartialEq)]
struct Seen {
    tag: String,
    text: String,
    currency: Value,
}

async fn see(browser: &Browser, currency: &str) -> Seen {
    let answer = list(browser, currency, None).await;
    let currency = answer.success(200, "SERVICES_FETCHED")["currency"].clone();
    let tag = answer.header("etag").expect("it has a tag").to_owned();
    Seen {
        tag,
        text: answer.text,
        currency,
    }
}

async fn see_all(browser: &Browser) -> Vec<Seen> {
    let mut all = Vec::new();
    for currency in CURRENCIES {
        all.push(see(browser, currency).await);
    }
    all
}

/// Every tag at every currency: "nothing has changed" is said exactly where the list is what was seen.
async fn tags_tell_the_truth(browser: &Browser, seen: &[Seen]) {
    for currency in CURRENCIES {
        let now = list(browser, currency, None).await;
        for Seen { tag, text, .. } in seen {
            let answer = list(browser, currency, Some(tag)).await;
            let expected = if *text == now.text {
                (304, "")
            } else {
                (200, now.text.as_str())
            };
            assert_eq!(
                (answer.status, answer.text.as_str()),
                expected,
                "{currency} {tag}"
            );
            assert_eq!(answer.header("etag"), now.header("etag"), "{currency} {tag}");
        }
    }
}

async fn a_tag_of_one_currency_or_of_an_older_rate_is_never_good_for_another(way: Way) {
    let Some(bureau) = Bureau::open(way, &[("INR", "80"), ("EUR", "0.9")], &[]).await else {
        return;
    };
    let nobody = Browser::anonymous(&bureau.world.addresses());
    bureau.refresh().await;
    bureau.has("INR", "currencyapi", "80").await;
    let mut seen = see_all(&nobody).await;
    let shown: Vec<_> = seen.iter().map(|it| it.currency.clone()).collect();
    assert_eq!(json!(shown), json!(["USD", "INR", "EUR", "USD"]));
    for (number, one) in seen.iter().enumerate().take(3) {
        let others = seen.iter().take(number);
        let tells_apart = |other: &Seen| other.tag != one.tag && other.text != one.text;
        assert!(others.into_iter().all(tells_apart), "{one:?}");
    }
    assert_eq!(seen[3], seen[0], "without a rate these are dollars, and say so");
    assert_eq!(see(&nobody, "inr").await, seen[1], "however it is written");
    tags_tell_the_truth(&nobody, &seen).await;

    // Another rate, and a first one: what was seen before is good for neither, and for the rest as before.
    bureau.first.quote("INR", "82");
    bureau.first.quote("JPY", "150");
    bureau.refresh().await;
    bureau.has("INR", "currencyapi", "82").await;
    bureau.has("JPY", "currencyapi", "150").await;
    let later = see_all(&nobody).await;
    assert_eq!((&later[0], &later[2]), (&seen[0], &seen[2]));
    assert!(later[1].tag != seen[1].tag && later[3].tag != seen[3].tag);
    seen.extend(later);
    tags_tell_the_truth(&nobody, &seen).await;

    // Another price: nothing that was ever seen is good any more.
    let row = service(&bureau.world, "1012").await;
    let form = json!({ "name": row["name"], "profit": 0.7, "category": row["category"] });
    let path = format!("/api/v1/admin/services/{}", row["id"]);
    let changed = bureau.world.admin.patch(&path, form).await;
    changed.success(201, "SERVICE_ADDED");
    for (currency, Seen { tag, .. }) in CURRENCIES.iter().zip(&seen[4..]) {
        assert_eq!(list(&nobody, currency, Some(tag)).await.status, 200, "{currency}");
    }
    seen.extend(see_all(&nobody).await);
    tags_tell_the_truth(&nobody, &seen).await;
    bureau.world.close().await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "this client calls the product alone, and sees the bytes as they are sent"
)]
async fn whoever_takes_gzip_gets_the_same_list_in_fewer_bytes_under_a_tag_of_its_own(way: Way) {
    let Some(world) = way.world().await else { return };
    let address = format!("{}/api/v1/services", world.addresses()[0]);
    let client = reqwest::Client::builder().build().expect("a client");
    let ask = async |accepted: &str, tag: &str| {
        let request = client.get(&address).header(ACCEPT_ENCODING, accepted);
        let answer = request
            .header(IF_NONE_MATCH, tag)
            .send()
            .await
            .expect("an answer");
        let header = |name| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        assert_eq!(header("vary").as_deref(), Some("Accept-Encoding"));
        let (status, coding, tag) = (
            answer.status().as_u16(),
            header("content-encoding"),
            header("etag"),
        );
        let bytes = answer.bytes().await.expect("a body");
        (status, coding, tag.expect("a tag"), bytes)
    };
    let (status, coding, plain_tag, plain) = ask("identity", "").await;
    assert_eq!((status, coding), (200, None));
    let (status, coding, packed_tag, packed) = ask("deflate, gzip;q=0.8", "").await;
    assert_eq!((status, coding.as_deref()), (200, Some("gzip")));
    assert_ne!(packed_tag, plain_tag);
    assert!(
        packed.len() < plain.len() / 2,
        "{} of {}",
        packed.len(),
        plain.len()
    );
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed)
        .read_to_end(&mut unpacked)
        .expect("it is gzip");
    assert_eq!(unpacked, plain);
    for refusing in ["gzip;q=0", "br", "identity;q=1, gzip;q=0.1"] {
        let (status, coding, tag, bytes) = ask(refusing, "").await;
        assert_eq!(
            (status, coding, tag, bytes),
            (200, None, plain_tag.clone(), plain.clone()),
            "{refusing}"
        );
    }
    // Whichever was seen, nothing has changed.
    for (accepted, own) in [("gzip", &packed_tag), ("identity", &plain_tag)] {
        for seen in [&plain_tag, &packed_tag] {
            let (status, coding, tag, bytes) = ask(accepted, seen).await;
            assert_eq!(
                (status, coding, &tag, bytes.len()),
                (304, None, own, 0),
                "{accepted} {seen}"
            );
        }
    }
    world.close().await;
}

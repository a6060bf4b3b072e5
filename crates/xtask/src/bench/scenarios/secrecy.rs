//! Whether the time of an answer tells who has an account: signing in, signing up, and asking for another password, for
//! addresses that somebody has and that nobody has, one after the other.

use std::time::Instant;

use anyhow::ensure;
use serde_json::json;

use crate::bench::http::Client;
use crate::bench::lab::{Lab, SMALL};
use crate::bench::record::Bound::AtMost;
use crate::bench::record::Scenario;
use crate::bench::stats::quantile;
use crate::bench::world::World;

/// Tries of each kind for one pair, so that the usual nine are more than a thousand.
const TRIES: usize = 120;
/// Before anything counts.
const WARM_UP: usize = 20;
/// How far medians may be apart, in percent.
const MOST: f64 = 5.0;
const COPY: &str = "bench_secrecy";
const PASSWORD: &str = "correct horse battery staple";

/// What is asked, with the statuses for an address that nobody has and one that somebody has.
struct Question {
    what: &'static str,
    path: &'static str,
    statuses: [u16; 2],
}

const QUESTIONS: [Question; 3] = [
    Question {
        what: "signing in",
        path: "/api/auth/sign-in/email",
        statuses: [401, 401],
    },
    Question {
        what: "asking for another password",
        path: "/api/auth/forget-password",
        statuses: [200, 200],
    },
    // The web application is told that the address is taken; the time does not tell it once more.
    Question {
        what: "signing up",
        path: "/api/auth/sign-up/email",
        statuses: [200, 422],
    },
];

pub fn measure(lab: &Lab, _: &World) -> anyhow::Result<Scenario> {
    lab.copy(SMALL, COPY)?;
    let (_serve, address) = lab.serve(&lab.on_postgres(COPY))?;
    let client = Client::anonymous(&address);
    let mut scenario = Scenario::named("secrecy", Vec::new());
    // Of each question, for an address that nobody has and one that somebody has.
    let mut times = QUESTIONS.map(|_| [Vec::new(), Vec::new()]);
    for number in 0..WARM_UP + TRIES * lab.pairs {
        let known = format!("known-{number}@example.com");
        let joined = json!({ "name": "Known", "email": known, "password": PASSWORD });
        client.post("/api/auth/sign-up/email", &joined)?.expect(200)?;
        for (question, times) in QUESTIONS.iter().zip(&mut times) {
            let nobody = format!("nobody-{number}@example.com");
            let mut order = [(0, nobody.as_str()), (1, known.as_str())];
            if number % 2 == 1 {
                order.reverse();
            }
            for (which, email) in order {
                let took = ask(&client, question, which, email)?;
                if number >= WARM_UP
                    && let Some(times) = times.get_mut(which)
                {
                    times.push(took);
                }
            }
        }
    }
    for (Question { what, .. }, [nobody, known]) in QUESTIONS.iter().zip(&times) {
        let (nobody, known) = (quantile(nobody, 0.5), quantile(known, 0.5));
        let difference = (known / nobody - 1.0).abs() * 100.0;
        println!("{what}: {nobody:.3} ms for an address of nobody, {known:.3} ms for one of somebody");
        let what = format!("{what}: how far the medians for known and unknown addresses are apart");
        scenario.value("S-03", &what, AtMost(MOST), vec![difference], " %");
    }
    Ok(scenario)
}

/// Milliseconds until the answer.
fn ask(client: &Client, question: &Question, which: usize, email: &str) -> anyhow::Result<f64> {
    // A name makes it a form of signing up; the others do not look at it.
    let form = json!({ "name": "Somebody", "email": email, "password": "wrong horse battery staple" });
    let began = Instant::now();
    let answer = client.post(question.path, &form)?;
    let took = began.elapsed().as_secs_f64() * 1e3;
    let expected = question.statuses.get(which).copied().unwrap_or_default();
    ensure!(answer.status == expected, "{}: {answer:?}", question.what);
    Ok(took)
}

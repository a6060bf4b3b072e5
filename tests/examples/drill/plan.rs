//! What will happen, from the seed alone: who orders what when and how, and what is broken when.

use std::time::Duration;

use sandbox::{Fault, FaultRule, Faults};

use crate::chance::Chance;

const PURPOSE_WISHES: u64 = 1;
const PURPOSE_STORM: u64 = 2;

/// How many of a hundred orders meet a provider that does something else than deliver in full and say so.
const FAULTY_PERCENT: u64 = 33;
/// One of so many wishes is too expensive for its customer.
const EXPENSIVE_EVERY: u64 = 40;
/// The panel without any look-up: people decide there.
pub const BLIND_PANEL: usize = 0;
/// What is sold, by the panel's numbers. The first can be canceled.
pub const SERVICES: [&str; 3] = ["1012", "1102", "1017"];
/// So much of the first service is more than a wallet holds.
const TOO_MUCH: u64 = 100_000;

/// How a customer sends an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Once, and again until there is an answer.
    Plain,
    /// Twice at the same time.
    Twins,
    /// Once more after it was answered.
    Again,
    /// Goes away before the answer, and comes back.
    Impatient,
    /// Once more after it was answered, but for another quantity.
    Changed,
    /// For more than the wallet holds.
    Expensive,
}

/// An order that a customer will place.
#[derive(Debug, Clone)]
pub struct Wish {
    pub customer: usize,
    pub panel: usize,
    pub service: usize,
    pub quantity: u64,
    pub link: String,
    pub key: String,
    /// What the provider will do, if it is not to deliver in full and say so.
    pub fate: Option<String>,
    pub manner: Manner,
    /// Whether the customer looks at the order afterwards.
    pub looks: bool,
    /// How long after the answer the customer cancels.
    pub cancels_after: Option<Duration>,
    pub at: Duration,
}

/// Everything that customers will want.
pub fn wishes(seed: u64, orders: u64, customers: usize, storm: Duration) -> Vec<Wish> {
    let mut chance = Chance::of(seed, PURPOSE_WISHES);
    let fates = fates();
    let expensive = orders / EXPENSIVE_EVERY;
    (0..orders + expensive)
        .map(|number| {
            let panel = usize::try_from(chance.below(3)).unwrap_or_default();
            let fate = chance
                .percent(FAULTY_PERCENT)
                .then(|| draw(&fates, &mut chance, panel));
            let link = format!("https://example.com/drill/{seed}/{number}");
            let is_expensive = number >= orders;
            let manner = if is_expensive {
                Manner::Expensive
            } else {
                manner(&mut chance)
            };
            let count = u64::try_from(customers).unwrap_or(1);
            Wish {
                customer: usize::try_from(chance.below(count)).unwrap_or_default(),
                panel,
                service: if is_expensive {
                    0
                } else {
                    usize::try_from(chance.below(3)).unwrap_or_default()
                },
                quantity: if is_expensive {
                    TOO_MUCH
                } else {
                    50 + chance.below(400)
                },
                link: fate
                    .as_ref()
                    .map_or_else(|| link.clone(), |fate| format!("{link}?sandbox={fate}")),
                key: format!("drill-{seed}-{number}"),
                fate,
                manner,
                looks: chance.percent(30),
                cancels_after: chance.percent(10).then(|| chance.millis(0, 3_000)),
                at: chance.moment(storm, 0, 97),
            }
        })
        .collect()
}

fn manner(chance: &mut Chance) -> Manner {
    match chance.below(100) {
        0..45 => Manner::Plain,
        45..65 => Manner::Twins,
        65..80 => Manner::Again,
        80..97 => Manner::Impatient,
        _ => Manner::Changed,
    }
}

/// Every way in which one order can go wrong, and how often relative to the others. A refusal of our account makes a
/// worker leave the provider alone for half a minute, so it is rare.
fn fates() -> Vec<(String, u64)> {
    let mut fates = Vec::new();
    for (name, _) in Fault::all() {
        match name.as_str() {
            // Faults of the whole panel, of refills, and the placeholder for what is spelled out below.
            "close" | "down" | "refill-rejected" | "accept-NAME" => {}
            "rejected" => {
                let about_order = ["link", "service", "disabled", "min", "max", "active"];
                fates.extend(about_order.map(|why| (format!("rejected:{why}"), 4)));
                fates.extend(["funds", "key"].map(|why| (format!("rejected:{why}"), 1)));
            }
            "partial" => fates.extend([7, 30, 99].map(|rest| (format!("partial:{rest}"), 10))),
            "429" | "403" | "huge" | "gzip-bomb" => fates.push((name, 1)),
            _ => {
                let accepting = format!("accept-{name}");
                if accepting.parse::<Fault>().is_ok() {
                    fates.push((accepting, 8));
                }
                fates.push((name, 8));
            }
        }
    }
    fates
}

/// A list that leaves orders out for good is the one lie that nobody can see through: such orders are placed only where
/// there is no list, and people ask.
fn draw(fates: &[(String, u64)], chance: &mut Chance, panel: usize) -> String {
    let sum: u64 = fates.iter().map(|(_, weight)| weight).sum();
    loop {
        let mut left = chance.below(sum);
        let drawn = fates.iter().find(|(_, weight)| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        match drawn {
            Some((fate, _)) if panel != BLIND_PANEL && matches!(fate.as_str(), "review" | "unlisted") => {}
            Some((fate, _)) => return fate.clone(),
            None => {}
        }
    }
}

/// What goes wrong with questions, which may be repeated: about a third of them.
pub fn faults_of_questions() -> Faults {
    let mut rules: Vec<FaultRule> = Vec::new();
    for (name, _) in Fault::all() {
        let share = match name.as_str() {
            // See `draw`.
            "unlisted" | "refill-rejected" => continue,
            // They keep a place at the provider for as long as a question may take.
            "hang" | "huge" | "gzip-bomb" | "429" | "403" => "0.003",
            "missing-in-batch" => "0.05",
            _ => "0.025",
        };
        for action in ["status", "orders", "cancel"] {
            rules.extend(format!("{action}:{name}={share}").parse::<FaultRule>());
        }
    }
    rules.extend("close=0.01".parse::<FaultRule>());
    rules.into_iter().collect()
}

/// What happens to what the orders live on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blow {
    /// SIGKILL for a process.
    Kill(usize),
    /// A process stands still.
    Pause(usize, Duration),
    /// PostgreSQL is shut down in the mode `immediate` and started again.
    RestartPostgres,
    /// Every process of PostgreSQL stands still.
    FreezePostgres(Duration),
    /// Redis is killed, forgets everything, and is away for a while.
    RestartRedis(Duration),
    /// Redis forgets everything.
    FlushRedis,
    /// Redis stands still.
    FreezeRedis(Duration),
    /// A panel is not there.
    PanelDown(usize, Duration),
}

/// A blow and when it falls.
#[derive(Debug, Clone)]
pub struct Strike {
    pub at: Duration,
    pub blow: Blow,
}

/// What a storm is made of.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    pub seed: u64,
    pub kills: u64,
    pub storm: Duration,
    /// Processes of the product; the first `nodes` serve HTTP.
    pub processes: u64,
    /// Whether there are PostgreSQL and Redis.
    pub servers: bool,
}

/// The storm. Its last blow is a kill.
pub fn storm(weather: Weather) -> Vec<Strike> {
    let Weather {
        seed,
        kills,
        storm,
        processes,
        servers,
    } = weather;
    let mut chance = Chance::of(seed, PURPOSE_STORM);
    let mut strikes = Vec::new();
    let member = |chance: &mut Chance| usize::try_from(chance.below(processes)).unwrap_or_default();
    let slot = storm / u32::try_from(kills.max(1)).unwrap_or(u32::MAX);
    for number in 1..=kills {
        let end = slot * u32::try_from(number).unwrap_or(u32::MAX);
        let early = if number == kills {
            Duration::ZERO
        } else {
            chance.moment(slot, 0, 95)
        };
        strikes.push(Strike {
            at: end.saturating_sub(early),
            blow: Blow::Kill(member(&mut chance)),
        });
    }
    let mut add = |count: u64, (from, to): (u32, u32), blow: &mut dyn FnMut(&mut Chance) -> Blow| {
        for _ in 0..count {
            let at = chance.moment(storm, from, to);
            let blow = blow(&mut chance);
            strikes.push(Strike { at, blow });
        }
    };
    let one_in = |share: u64| (kills / share).max(1);
    add(one_in(15), (5, 90), &mut |chance| {
        Blow::Pause(member(chance), chance.millis(1_000, 6_000))
    });
    add(one_in(20), (5, 70), &mut |chance| {
        Blow::PanelDown(
            usize::try_from(chance.below(3)).unwrap_or_default(),
            chance.millis(1_000, 4_000),
        )
    });
    if servers {
        add(one_in(12), (5, 90), &mut |_| Blow::RestartPostgres);
        add(one_in(20), (5, 85), &mut |chance| {
            Blow::FreezePostgres(chance.millis(2_000, 12_000))
        });
        add(one_in(30), (5, 85), &mut |chance| {
            Blow::FreezeRedis(chance.millis(1_000, 5_000))
        });
        add(one_in(12), (3, 85), &mut |_| Blow::FlushRedis);
        add(one_in(30), (3, 85), &mut |chance| {
            Blow::RestartRedis(chance.millis(500, 4_000))
        });
    }
    strikes.sort_by_key(|strike| strike.at);
    strikes
}

//! One round of the drill on one shape: open, storm, drain, prove.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::books::Books;
use crate::chance::Chance;
use crate::customers::{self, Journal};
use crate::fleet::{Fleet, read_logs};
use crate::ground::Ground;
use crate::http::Request;
use crate::plan::{self, Weather};
use crate::report::{self, Story};
use crate::shop::{self, PANEL_KEY, PASSWORD, STAFF, Shop};
use crate::staff::Office;
use crate::{Options, Shape, oracle};

const CUSTOMERS: usize = 20;
/// How often this limit orders get to end before the drill gives up on them.
const DRAIN_LIMITS_MAX: u32 = 4;
/// Without a terminal there is a line so often.
const WORD_EVERY: Duration = Duration::from_secs(15);

/// Runs one round; whether everything was right.
pub async fn run(options: &Options, shape: Shape, program: &Path) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let folder = tempfile::Builder::new().prefix("smm-guru-drill-").tempdir()?;
    // PostgreSQL may run as somebody else, who has to get through.
    open_to_all(folder.path())?;
    let books = Arc::new(Books::default());
    let ground = Arc::new(Ground::prepare(shape, folder.path().to_owned(), program).await?);
    let round = Round {
        options,
        shape,
        books: Arc::clone(&books),
        ground: Arc::clone(&ground),
    };
    let outcome = round.play().await;
    ground.close().await;
    let (shop, drained) = match outcome {
        Ok(played) => played,
        Err(error) => {
            println!("data and logs are kept in {}", folder.keep().display());
            return Err(error);
        }
    };
    read_logs(&ground.folder.join("logs"), &[PANEL_KEY, PASSWORD], &books)?;
    let right = books.findings().is_empty();
    let kept: Option<PathBuf> = (!right || options.keep).then(|| folder.keep());
    let story = Story {
        options,
        shape,
        took: begun.elapsed(),
        drained,
        kept,
    };
    report::print(&story, &shop, &books);
    Ok(right)
}

#[cfg(unix)]
fn open_to_all(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .context("the folder of the drill")
}

struct Round<'a> {
    options: &'a Options,
    shape: Shape,
    books: Arc<Books>,
    ground: Arc<Ground>,
}

impl Round<'_> {
    async fn play(&self) -> anyhow::Result<(Arc<Shop>, Option<Duration>)> {
        let Self {
            options,
            books,
            ground,
            ..
        } = self;
        let seed = options.seed;
        for email in STAFF {
            ground.enlist(email).await?;
        }
        let recipes = ground.recipes();
        let processes = u64::try_from(recipes.len())?;
        let fleet = Arc::new(Fleet::start(recipes, seed, books));
        for node in ground.nodes.iter() {
            shop::answers(node, books).await?;
        }
        let panels = shop::panels(seed).await?;
        let shop = shop::open(
            panels,
            Arc::clone(&ground.nodes),
            CUSTOMERS,
            seed,
            Arc::clone(books),
        )
        .await?;
        let shop = Arc::new(shop);

        let storm = options.storm()?;
        let wishes = plan::wishes(seed, options.orders, CUSTOMERS, storm);
        let servers = self.shape == Shape::Distributed;
        let strikes = plan::storm(Weather {
            seed,
            kills: options.kills,
            storm,
            processes,
            servers,
        });
        let (calm, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let office = tokio::spawn(Office::new(&shop).work(Arc::clone(&calm), Arc::clone(&over)));
        let watch = tokio::spawn(Arc::clone(ground).watch_the_books(Arc::clone(books)));
        let progress = tokio::spawn(tell(Arc::clone(books), options.orders, self.shape));

        let journal = Journal::default();
        let count = wishes.len();
        let more_money = self.fund_again(&shop, storm);
        let ordering = customers::order(&shop, wishes, &journal);
        let last_kill = async {
            ground.storm(strikes, &fleet, &shop).await;
            watch.abort();
            calm.store(true, Ordering::SeqCst);
            Instant::now()
        };
        let (last_kill, (), ()) = tokio::join!(last_kill, ordering, more_money);
        let drained = self.drain(&shop, last_kill).await?;
        over.store(true, Ordering::SeqCst);
        office.await?;
        progress.abort();
        let journal = journal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        oracle::prove(ground, &shop, &journal, count).await?;
        Arc::into_inner(fleet).context("the storm is over")?.stop().await;
        Ok((shop, drained))
    }

    /// In the middle of the storm every customer gets more money.
    async fn fund_again(&self, shop: &Shop, storm: Duration) {
        let mut chance = Chance::of(self.options.seed, 11);
        let mut moments: Vec<(Duration, usize)> = (0..CUSTOMERS)
            .map(|customer| (chance.moment(storm, 10, 90), customer))
            .collect();
        moments.sort();
        let begun = Instant::now();
        for (at, customer) in moments {
            tokio::time::sleep(at.saturating_sub(begun.elapsed())).await;
            if let Err(error) = shop.fund(customer, 1).await {
                self.books.wrong(format!("a credit: {error:#}"));
            }
        }
    }

    /// Waits until every order has ended; how long after the last kill that was.
    async fn drain(&self, shop: &Shop, last_kill: Instant) -> anyhow::Result<Option<Duration>> {
        let limit = Duration::from_secs(self.options.drain);
        let boss = shop.staff.first().context("staff")?;
        loop {
            let overview = Request::get("/api/v1/admin/orders/overview");
            let answer = boss.insist(&overview, Chance::of(self.options.seed, 12)).await?;
            let overview = answer.result(200)?;
            let open = overview
                .get("states")
                .and_then(Value::as_array)
                .context("states")?;
            let in_review = overview
                .get("inReview")
                .and_then(Value::as_u64)
                .context("inReview")?;
            let waited = last_kill.elapsed();
            if open.is_empty() && in_review == 0 {
                if waited > limit {
                    self.books
                        .wrong(format!("the last order ended {waited:?} after the last kill"));
                }
                return Ok(Some(waited));
            }
            if waited > limit * DRAIN_LIMITS_MAX {
                self.books.wrong(format!("orders do not end: {overview}"));
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

/// Shows how far it is: a bar on a terminal, a line now and then elsewhere.
async fn tell(books: Arc<Books>, orders: u64, shape: Shape) {
    let bar = ProgressBar::new(orders);
    if let Ok(style) = ProgressStyle::with_template("{elapsed} {bar:30} {pos}/{len} orders answered, {msg}") {
        bar.set_style(style);
    }
    let begun = Instant::now();
    let mut spoken = Duration::ZERO;
    loop {
        let answered = books.counted("wishes answered").min(orders);
        let kills: u64 = books.beginning("killed: ").iter().map(|(_, count)| count).sum();
        let findings = books.counted("findings");
        let words = format!("{kills} kills, {findings} findings");
        bar.set_position(answered);
        bar.set_message(words.clone());
        if bar.is_hidden() && begun.elapsed() > spoken + WORD_EVERY {
            spoken = begun.elapsed();
            println!(
                "{shape:?}, {:.0} s: {answered}/{orders} orders answered, {words}",
                spoken.as_secs_f64()
            );
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

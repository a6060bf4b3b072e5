//! Several providers in this process: they count, and one of them may fall silent.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use domain::providers::{AddAnswer, AddBody, UpstreamCount, UpstreamOrder};
use domain::{ProviderId, ProviderOrderId};
use ports::gateway::{
    ListedOrder, PanelBalance, PanelCatalogue, PanelError, PanelGateway, PanelOrder, PanelTarget,
    StatusAnswer,
};
use ports::jobs::Stop;

/// What a call takes.
const CALL: Duration = Duration::from_millis(5);
/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(25);

/// The providers, and what they know of each order by its link.
#[derive(Default)]
pub struct Providers {
    books: Mutex<Books>,
    /// Whoever waits for a silent provider need not wait any longer.
    spoken: Stop,
}

#[derive(Default)]
struct Books {
    /// Who falls silent, and after how many orders.
    silent: Option<(ProviderId, usize)>,
    shelves: HashMap<ProviderId, Shelf>,
    /// How often each link was ordered, and how many orders there were when it first was.
    asked: HashMap<String, (u32, usize)>,
    taken: usize,
}

#[derive(Default)]
struct Shelf {
    taken: usize,
    calls: usize,
    most_calls: usize,
}

impl Providers {
    /// Providers of which this one answers nothing any more when it has so many orders.
    pub fn with_silent(provider: ProviderId, after: usize) -> Self {
        let providers = Self::default();
        providers.books().silent = Some((provider, after));
        providers
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nobody panics here")
    }

    /// How many orders all of them have.
    pub fn taken(&self) -> usize {
        self.books().taken
    }

    /// How many orders one of them has.
    pub fn taken_by(&self, provider: ProviderId) -> usize {
        self.books().shelves.get(&provider).map_or(0, |shelf| shelf.taken)
    }

    /// How many calls to one of them were under way at once at most.
    pub fn most_calls(&self, provider: ProviderId) -> usize {
        self.books()
            .shelves
            .get(&provider)
            .map_or(0, |shelf| shelf.most_calls)
    }

    /// How many orders there were when this link was first ordered.
    pub fn asked_after(&self, link: &str) -> Option<usize> {
        self.books().asked.get(link).map(|(_, before)| *before)
    }

    /// The most often that any link was ordered.
    pub fn most_asked(&self) -> u32 {
        let books = self.books();
        books
            .asked
            .values()
            .map(|(times, _)| *times)
            .max()
            .unwrap_or_default()
    }

    /// Whoever waits for a silent provider is told that the connection broke.
    pub fn break_off(&self) {
        self.spoken.cancel();
    }

    /// One call: counted for as long as it lasts. `false` if the provider says nothing.
    async fn call(&self, provider: ProviderId) -> bool {
        let is_silent = {
            let mut books = self.books();
            let silent = books.silent;
            let shelf = books.shelves.entry(provider).or_default();
            shelf.calls += 1;
            shelf.most_calls = shelf.most_calls.max(shelf.calls);
            silent.is_some_and(|(who, after)| who == provider && shelf.taken >= after)
        };
        if is_silent {
            tokio::select! {
                () = self.spoken.cancelled() => {}
                () = tokio::time::sleep(PATIENCE) => {}
            }
        } else {
            tokio::time::sleep(CALL).await;
        }
        if let Some(shelf) = self.books().shelves.get_mut(&provider) {
            shelf.calls -= 1;
        }
        !is_silent
    }
}

fn in_progress() -> StatusAnswer {
    StatusAnswer::Reported(UpstreamOrder {
        status: "In progress".to_owned(),
        start_count: UpstreamCount::Absent,
        remains: UpstreamCount::Absent,
        charge: None,
    })
}

#[async_trait]
impl PanelGateway for Providers {
    async fn add(&self, target: &PanelTarget, order: &PanelOrder) -> AddAnswer {
        {
            let mut books = self.books();
            let taken = books.taken;
            books.asked.entry(order.link.clone()).or_insert((0, taken)).0 += 1;
        }
        if !self.call(target.provider).await {
            return AddAnswer::Broken {
                why: "the connection broke".to_owned(),
            };
        }
        let mut books = self.books();
        books.taken += 1;
        let id = books.taken.to_string();
        books.shelves.entry(target.provider).or_default().taken += 1;
        AddAnswer::Answered {
            status: 200,
            body: AddBody::Object {
                order: Some(id),
                error: None,
            },
            excerpt: String::new(),
        }
    }

    async fn statuses(
        &self,
        target: &PanelTarget,
        ids: &[ProviderOrderId],
    ) -> Result<HashMap<ProviderOrderId, StatusAnswer>, PanelError> {
        if !self.call(target.provider).await {
            return Err(PanelError::Broken("the connection broke".to_owned()));
        }
        Ok(ids.iter().map(|id| (id.clone(), in_progress())).collect())
    }

    async fn recent_orders(
        &self,
        _: &PanelTarget,
        _: Option<String>,
    ) -> Result<Vec<ListedOrder>, PanelError> {
        Err(PanelError::Refused("there is no list".to_owned()))
    }

    async fn cancel(&self, _: &PanelTarget, _: &ProviderOrderId) -> Result<(), PanelError> {
        panic!("nobody cancels here")
    }

    async fn refill(&self, _: &PanelTarget, _: &ProviderOrderId) -> Result<String, PanelError> {
        panic!("nobody refills here")
    }

    async fn refill_status(&self, _: &PanelTarget, _: &str) -> Result<String, PanelError> {
        panic!("nobody refills here")
    }

    async fn services(&self, _: &PanelTarget) -> Result<PanelCatalogue, PanelError> {
        panic!("nobody asks for services here")
    }

    async fn balance(&self, _: &PanelTarget) -> Result<PanelBalance, PanelError> {
        panic!("nobody asks for the balance here")
    }

    fn check_address(&self, _: &str) -> Result<(), PanelError> {
        Ok(())
    }
}

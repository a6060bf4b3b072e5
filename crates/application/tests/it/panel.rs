//! A provider that answers what a test wrote down, in that order, and remembers what it was asked.

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use domain::ProviderOrderId;
use domain::providers::{AddAnswer, AddBody, UpstreamCount, UpstreamOrder};
use futures::future::BoxFuture;
use ports::gateway::{
    ListedOrder, PanelBalance, PanelCatalogue, PanelError, PanelGateway, PanelOrder, PanelTarget,
    StatusAnswer,
};

pub type Statuses = Result<HashMap<ProviderOrderId, StatusAnswer>, PanelError>;
pub type Listed = Result<Vec<ListedOrder>, PanelError>;

type Act<A> = Box<dyn FnOnce() -> BoxFuture<'static, A> + Send>;

/// Answers in the order in which they are given. Being asked more often than that fails the test.
struct Script<A> {
    what: &'static str,
    acts: Mutex<VecDeque<Act<A>>>,
}

impl<A: Send + 'static> Script<A> {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            acts: Mutex::default(),
        }
    }

    fn then<F, T>(&self, act: F)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = A> + Send + 'static,
    {
        self.acts
            .lock()
            .unwrap()
            .push_back(Box::new(move || Box::pin(act())));
    }

    async fn play(&self) -> A {
        let act = self.acts.lock().unwrap().pop_front();
        match act {
            Some(act) => act().await,
            None => panic!("the provider was not to be asked: {}", self.what),
        }
    }

    fn is_played(&self) -> bool {
        self.acts.lock().unwrap().is_empty()
    }
}

/// Which questions about statuses are refused as a whole.
type Refuses = Box<dyn Fn(&[ProviderOrderId]) -> bool + Send + Sync>;

/// The provider.
pub struct Panel {
    adds: Script<AddAnswer>,
    statuses: Script<Statuses>,
    lists: Script<Listed>,
    cancels: Script<Result<(), PanelError>>,
    otherwise: OnceLock<Arc<dyn PanelGateway>>,
    at_will: OnceLock<(StatusAnswer, Refuses)>,
    received: Mutex<Vec<PanelOrder>>,
    asked_about: Mutex<Vec<Vec<String>>>,
    left_out: Mutex<HashSet<String>>,
    asked_alone: Mutex<Vec<String>>,
    alone: Mutex<HashMap<String, StatusAnswer>>,
    references: Mutex<Vec<Option<String>>>,
    offered: Mutex<Option<PanelCatalogue>>,
    bills_in: Mutex<Option<String>>,
    balances: AtomicUsize,
}

impl Default for Panel {
    fn default() -> Self {
        Self {
            adds: Script::new("add"),
            statuses: Script::new("status"),
            lists: Script::new("recent orders"),
            cancels: Script::new("cancel"),
            otherwise: OnceLock::new(),
            at_will: OnceLock::new(),
            received: Mutex::default(),
            asked_about: Mutex::default(),
            left_out: Mutex::default(),
            asked_alone: Mutex::default(),
            alone: Mutex::default(),
            references: Mutex::default(),
            offered: Mutex::default(),
            bills_in: Mutex::default(),
            balances: AtomicUsize::new(0),
        }
    }
}

impl Panel {
    /// From now on somebody else answers.
    pub fn is_played_by(&self, other: Arc<dyn PanelGateway>) {
        assert!(self.otherwise.set(other).is_ok(), "somebody else answers already");
    }

    /// From now on these are its services.
    pub fn offers(&self, offered: PanelCatalogue) {
        *self.offered.lock().unwrap() = Some(offered);
    }

    /// From now on its balance is in this.
    pub fn bills_in(&self, currency: &str) {
        *self.bills_in.lock().unwrap() = Some(currency.to_owned());
    }

    /// How often it was asked for the balance.
    pub fn balances(&self) -> usize {
        self.balances.load(Ordering::SeqCst)
    }

    /// The next order that is sent is answered so.
    pub fn answers(&self, answer: AddAnswer) {
        self.adds.then(|| async { answer });
    }

    /// What was written down about sending and was not asked for is forgotten.
    pub fn forgets(&self) {
        self.adds.acts.lock().unwrap().clear();
    }

    /// While the next order is on its way, this happens.
    pub fn meanwhile<F, T>(&self, act: F)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = AddAnswer> + Send + 'static,
    {
        self.adds.then(act);
    }

    /// The next question about statuses is answered so.
    pub fn reports(&self, answer: Statuses) {
        self.statuses.then(|| async { answer });
    }

    /// While the next question about statuses is on its way, this happens.
    pub fn while_asked<F, T>(&self, act: F)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = Statuses> + Send + 'static,
    {
        self.statuses.then(act);
    }

    /// From now on it says this about every order, and does not know one of them if it refuses the question.
    pub fn says_of_all<F>(&self, answer: StatusAnswer, refuses: F)
    where
        F: Fn(&[ProviderOrderId]) -> bool + Send + Sync + 'static,
    {
        let refuses: Refuses = Box::new(refuses);
        let is_set = self.at_will.set((answer, refuses)).is_ok();
        assert!(is_set, "it answers at will already");
    }

    /// The next list of recent orders.
    pub fn lists(&self, answer: Listed) {
        self.lists.then(|| async { answer });
    }

    /// While the next list is made, this happens.
    pub fn while_listing<F, T>(&self, act: F)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = Listed> + Send + 'static,
    {
        self.lists.then(act);
    }

    /// The next cancellation is answered so.
    pub fn cancels(&self, answer: Result<(), PanelError>) {
        self.cancels.then(|| async { answer });
    }

    /// Orders that were sent.
    pub fn received(&self) -> Vec<PanelOrder> {
        self.received.lock().unwrap().clone()
    }

    /// How many orders were sent.
    pub fn sent(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// Asked about this order alone, after an answer that left it out, the provider says this.
    pub fn answers_alone(&self, id: &str, answer: StatusAnswer) {
        self.alone.lock().unwrap().insert(id.to_owned(), answer);
    }

    /// The ids that were asked about alone after an answer had left them out.
    pub fn asked_alone(&self) -> Vec<String> {
        self.asked_alone.lock().unwrap().clone()
    }

    /// What it says about an order that it has left out.
    fn alone(&self, id: &ProviderOrderId) -> Statuses {
        self.asked_alone.lock().unwrap().push(id.to_string());
        let answer = self.alone.lock().unwrap().get(id.as_str()).cloned();
        Ok(answer.map(|answer| (id.clone(), answer)).into_iter().collect())
    }

    /// The ids of each question about statuses.
    pub fn asked_about(&self) -> Vec<Vec<String>> {
        self.asked_about.lock().unwrap().clone()
    }

    /// The references of each question for recent orders.
    pub fn references(&self) -> Vec<Option<String>> {
        self.references.lock().unwrap().clone()
    }

    /// Whether everything that was written down was asked for.
    pub fn is_played(&self) -> bool {
        self.adds.is_played()
            && self.statuses.is_played()
            && self.lists.is_played()
            && self.cancels.is_played()
    }
}

#[async_trait]
impl PanelGateway for Panel {
    async fn add(&self, target: &PanelTarget, order: &PanelOrder) -> AddAnswer {
        if let Some(other) = self.otherwise.get() {
            return other.add(target, order).await;
        }
        self.received.lock().unwrap().push(order.clone());
        self.adds.play().await
    }

    async fn statuses(&self, target: &PanelTarget, ids: &[ProviderOrderId]) -> Statuses {
        if let Some(other) = self.otherwise.get() {
            return other.statuses(target, ids).await;
        }
        if let Some((answer, refuses)) = self.at_will.get() {
            let asked = ids.iter().map(ToString::to_string).collect();
            self.asked_about.lock().unwrap().push(asked);
            if refuses(ids) {
                return Err(PanelError::Refused("Incorrect order ID".to_owned()));
            }
            return Ok(ids.iter().map(|id| (id.clone(), answer.clone())).collect());
        }
        if let [id] = ids
            && self.left_out.lock().unwrap().remove(id.as_str())
            && self.statuses.is_played()
        {
            return self.alone(id);
        }
        let asked = ids.iter().map(ToString::to_string).collect();
        self.asked_about.lock().unwrap().push(asked);
        let answers = self.statuses.play().await;
        if let (Ok(answers), true) = (&answers, ids.len() > 1) {
            let left_out = ids.iter().filter(|id| !answers.contains_key(id));
            *self.left_out.lock().unwrap() = left_out.map(ToString::to_string).collect();
        }
        answers
    }

    async fn recent_orders(&self, target: &PanelTarget, reference: Option<String>) -> Listed {
        if let Some(other) = self.otherwise.get() {
            return other.recent_orders(target, reference).await;
        }
        self.references.lock().unwrap().push(reference);
        self.lists.play().await
    }

    async fn cancel(&self, target: &PanelTarget, id: &ProviderOrderId) -> Result<(), PanelError> {
        if let Some(other) = self.otherwise.get() {
            return other.cancel(target, id).await;
        }
        self.cancels.play().await
    }

    async fn refill(&self, _: &PanelTarget, _: &ProviderOrderId) -> Result<String, PanelError> {
        panic!("nobody refills here")
    }

    async fn refill_status(&self, _: &PanelTarget, _: &str) -> Result<String, PanelError> {
        panic!("nobody refills here")
    }

    async fn services(&self, _: &PanelTarget) -> Result<PanelCatalogue, PanelError> {
        let offered = self.offered.lock().unwrap().clone();
        offered.map_or_else(|| panic!("nobody asks for services here"), Ok)
    }

    async fn balance(&self, _: &PanelTarget) -> Result<PanelBalance, PanelError> {
        self.balances.fetch_add(1, Ordering::SeqCst);
        let currency = self.bills_in.lock().unwrap().clone();
        let currency = currency.ok_or_else(|| PanelError::Refused("there is no balance".to_owned()))?;
        Ok(PanelBalance {
            amount: "100".to_owned(),
            currency,
        })
    }

    fn check_address(&self, _: &str) -> Result<(), PanelError> {
        Ok(())
    }
}

/// The provider took the order and calls it `id`.
pub fn accepted(id: &str) -> AddAnswer {
    answered(200, Some(id), None)
}

/// The provider says no.
pub fn refused(error: &str) -> AddAnswer {
    answered(200, None, Some(error))
}

/// A complete answer.
pub fn answered(status: u16, order: Option<&str>, error: Option<&str>) -> AddAnswer {
    AddAnswer::Answered {
        status,
        body: AddBody::Object {
            order: order.map(str::to_owned),
            error: error.map(str::to_owned),
        },
        excerpt: String::new(),
    }
}

/// The connection broke after the request began.
pub fn lost() -> AddAnswer {
    AddAnswer::Broken {
        why: "connection reset".to_owned(),
    }
}

/// Nobody listened.
pub fn not_sent() -> AddAnswer {
    AddAnswer::NotSent {
        why: "connection refused".to_owned(),
    }
}

/// A status report.
pub fn report(status: &str, remains: UpstreamCount) -> StatusAnswer {
    StatusAnswer::Reported(UpstreamOrder {
        status: status.to_owned(),
        start_count: UpstreamCount::Known(12),
        remains,
        charge: None,
    })
}

/// A status report that says how much is left.
pub fn says(status: &str, remains: u64) -> StatusAnswer {
    report(status, UpstreamCount::Known(remains))
}

/// Answers by id.
pub fn about<'a>(answers: impl IntoIterator<Item = (&'a str, StatusAnswer)>) -> Statuses {
    Ok(answers
        .into_iter()
        .map(|(id, answer)| (ProviderOrderId::new(id), answer))
        .collect())
}

//! Our service follows the provider's, as far as the rules let it.

use super::margin::{round_up, share_of};
use super::{
    Availability, Finding, FindingKind, ImportNew, QuantityRange, Service, ServiceType, Stopped, SyncRules,
};
use crate::text::Name;
use crate::{Rate, Timestamp};

/// A provider's service as its list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The provider's id of it.
    pub upstream_id: String,
    /// The provider's name of it.
    pub name: Name,
    /// What kind of order it takes.
    pub service_type: ServiceType,
    /// The provider's price.
    pub rate: Rate,
    /// How much one order may ask for.
    pub quantity: QuantityRange,
    /// Whether deliveries can be spread.
    pub dripfeed: bool,
    /// Whether drops are refilled.
    pub refill: bool,
    /// Whether orders can be canceled.
    pub cancel: bool,
}

/// The service as it is to be, if anything of it changes, and what was found.
#[must_use]
pub fn follow(
    service: &Service,
    offered: &Offered,
    rules: &SyncRules,
    now: Timestamp,
) -> (Option<Service>, Vec<Finding>) {
    let mut following = Following {
        before: service,
        after: service.clone(),
        findings: Vec::new(),
    };
    following.price(offered, rules);
    following.terms(offered);
    following.name(&offered.name);
    following.sale(rules);
    following.ended(now)
}

/// A service that was just added by the rules, as it is to be: at the price that they give. One that costs nothing, or
/// whose price does not fit, is not sold before staff have looked at it.
#[must_use]
pub fn import(service: &Service, offered: &Offered, rules: &SyncRules, now: Timestamp) -> (Service, Finding) {
    let (followed, findings) = follow(service, offered, rules, now);
    let mut after = followed.unwrap_or_else(|| service.clone());
    let has_no_price = findings.iter().any(|it| it.kind == FindingKind::TooLarge);
    if rules.importing() != ImportNew::Active || has_no_price || offered.rate == Rate::ZERO {
        after.availability = Availability::Disabled;
    }
    let finding = Finding {
        kind: FindingKind::Imported,
        service: Some(service.id),
        upstream_id: service.upstream_id.clone(),
        was: String::new(),
        became: after.name.to_string(),
    };
    (after, finding)
}

/// The service as it is to be when its provider does not list it any more, if that changes anything.
#[must_use]
pub fn vanish(service: &Service, rules: &SyncRules, now: Timestamp) -> (Option<Service>, Vec<Finding>) {
    if service.availability != Availability::Active {
        return (None, Vec::new());
    }
    let mut following = Following {
        before: service,
        after: service.clone(),
        findings: Vec::new(),
    };
    following.found(FindingKind::Vanished, &"listed", &"not listed");
    if rules.stop_vanished {
        following.stop(Stopped::Vanished);
    }
    following.ended(now)
}

/// Why a list is not believed to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// There is nothing in it.
    #[error("the list is empty")]
    Empty,
    /// Some of it could not be read.
    #[error("{0} rows of the list could not be read")]
    Unreadable(usize),
    /// Too many of our services are not in it.
    #[error("{vanished} of {ours} services are not in the list any more")]
    Shrunk {
        /// So many are not in it.
        vanished: usize,
        /// So many of ours should be.
        ours: usize,
    },
}

/// Whether a list is believed to be whole: `listed` rows of it were read and `unreadable` were not, and `vanished` of `ours`
/// are not in it.
#[must_use]
pub fn distrust(
    listed: usize,
    unreadable: usize,
    vanished: usize,
    ours: usize,
    rules: &SyncRules,
) -> Option<Distrust> {
    let share = ours.saturating_mul(usize::from(rules.shrink_percent));
    match () {
        () if listed == 0 => Some(Distrust::Empty),
        () if unreadable > 0 => Some(Distrust::Unreadable(unreadable)),
        () if vanished.saturating_mul(100) > share => Some(Distrust::Shrunk { vanished, ours }),
        () => None,
    }
}

struct Following<'a> {
    before: &'a Service,
    after: Service,
    findings: Vec<Finding>,
}

impl Following<'_> {
    fn found(&mut self, kind: FindingKind, was: &dyn ToString, became: &dyn ToString) {
        self.findings.push(Finding {
            kind,
            service: Some(self.before.id),
            upstream_id: self.before.upstream_id.clone(),
            was: was.to_string(),
            became: became.to_string(),
        });
    }

    /// Either the provider's price and ours with it, or neither.
    fn price(&mut self, offered: &Offered, rules: &SyncRules) {
        let cost = self.before.rate;
        if is_absurd(cost, offered.rate, rules) {
            return self.found(FindingKind::Suspicious, &cost, &offered.rate);
        }
        if self.before.fixed_price.is_none() {
            let Some(profit) = profit(self.before.profit, offered.rate, rules) else {
                return self.found(FindingKind::TooLarge, &cost, &offered.rate);
            };
            self.after.profit = profit;
        }
        self.after.rate = offered.rate;
        if cost != offered.rate {
            self.found(FindingKind::Cost, &cost, &offered.rate);
        }
        let (was, is) = (self.before.selling_rate(), self.after.selling_rate());
        if was != is {
            let text = |price: Option<Rate>| price.map(|price| price.to_string()).unwrap_or_default();
            self.found(FindingKind::Price, &text(was), &text(is));
        }
    }

    fn terms(&mut self, offered: &Offered) {
        let range = |range: QuantityRange| format!("{} to {}", range.min(), range.max());
        if self.after.quantity != offered.quantity {
            self.found(
                FindingKind::Limits,
                &range(self.before.quantity),
                &range(offered.quantity),
            );
            self.after.quantity = offered.quantity;
        }
        let flags =
            |dripfeed, refill, cancel| format!("dripfeed {dripfeed}, refill {refill}, cancel {cancel}");
        let was = flags(self.before.dripfeed, self.before.refill, self.before.cancel);
        let is = flags(offered.dripfeed, offered.refill, offered.cancel);
        if was != is {
            self.found(FindingKind::Terms, &was, &is);
            self.after.dripfeed = offered.dripfeed;
            self.after.refill = offered.refill;
            self.after.cancel = offered.cancel;
        }
        if self.after.service_type != offered.service_type {
            let (was, is) = (self.before.service_type.as_str(), offered.service_type.as_str());
            self.found(FindingKind::Type, &was, &is);
            self.after.service_type = offered.service_type.clone();
        }
    }

    /// A name that staff chose stays; one that was the provider's follows.
    fn name(&mut self, offered: &Name) {
        let known = self.before.upstream_name.as_deref();
        if known == Some(offered.as_str()) {
            return;
        }
        if let Some(known) = known {
            self.found(FindingKind::Renamed, &known, offered);
            if self.before.name.as_str() == known {
                self.after.name = offered.clone();
            }
        }
        self.after.upstream_name = Some(offered.as_str().to_owned());
    }

    /// What staff disabled stays so. What was stopped here is sold again when the reason has gone.
    fn sale(&mut self, rules: &SyncRules) {
        let loses = rules.stop_at_loss && self.after.loses();
        match (self.before.availability, self.before.stopped) {
            (Availability::Active, _) if loses => {
                let price = self.after.selling_rate().unwrap_or_default();
                let cost = self.after.rate;
                self.found(FindingKind::Loss, &cost, &price);
                self.stop(Stopped::Loss);
            }
            (Availability::Disabled, Some(Stopped::Vanished)) if loses => self.stop(Stopped::Loss),
            (Availability::Disabled, Some(Stopped::Vanished)) => {
                self.found(FindingKind::Returned, &"not listed", &"listed");
                self.resume();
            }
            (Availability::Disabled, Some(Stopped::Loss)) if !loses => {
                self.found(FindingKind::Resumed, &"stopped", &"sold");
                self.resume();
            }
            _ => {}
        }
    }

    const fn stop(&mut self, why: Stopped) {
        self.after.availability = Availability::Disabled;
        self.after.stopped = Some(why);
    }

    const fn resume(&mut self) {
        self.after.availability = Availability::Active;
        self.after.stopped = None;
    }

    fn ended(mut self, now: Timestamp) -> (Option<Service>, Vec<Finding>) {
        if self.after == *self.before {
            return (None, self.findings);
        }
        self.after.updated_at = now;
        (Some(self.after), self.findings)
    }
}

/// A price may rise as far as it likes: then we sell for more, or not at all. One that falls too far is more likely a
/// mistake of the list, and believing it would sell below the true cost.
fn is_absurd(cost: Rate, offered: Rate, rules: &SyncRules) -> bool {
    let kept = i128::from(100_u8.saturating_sub(rules.drop_percent));
    i128::from(offered.nanos()) * 100 < i128::from(cost.nanos()) * kept
}

/// The profit under the rules; `None` if it or the price do not fit.
fn profit(today: Option<Rate>, cost: Rate, rules: &SyncRules) -> Option<Option<Rate>> {
    let (wanted, rounding) = match rules.margin {
        Some(margin) => (Some(margin.profit(cost)?), margin.rounding),
        None => (today, Rate::ZERO),
    };
    let price = cost.checked_add(wanted.unwrap_or_default())?;
    let floor = cost.checked_add(share_of(cost, rules.floor_points)?)?;
    if price >= floor {
        return Some(wanted);
    }
    Some(Some(round_up(floor, rounding)?.checked_sub(cost)?))
}

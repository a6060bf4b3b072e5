//! The live display: a line per order on a terminal, a line per event anywhere else.

use std::collections::HashMap;

use domain::OrderId;
use domain::orders::{EventKind, OrderState};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use ports::orders::EventView;

/// Steps from placed to ended, for the bar.
const STEPS: u64 = 4;

/// Shows what happens.
pub struct Stage {
    bars: MultiProgress,
    lines: HashMap<OrderId, Line>,
}

struct Line {
    number: usize,
    bar: ProgressBar,
    shown: usize,
}

impl Stage {
    /// An empty stage.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bars: MultiProgress::new(),
            lines: HashMap::new(),
        }
    }

    /// Prints a line above the bars.
    pub fn say(&self, line: &str) {
        if self.bars.is_hidden() {
            crate::print_line(line);
        } else {
            // A line that cannot be shown is no reason to stop the show.
            let _ = self.bars.println(line);
        }
    }

    /// Adds an order.
    pub fn enter(&mut self, id: OrderId, number: usize, title: &str) {
        let bar = self.bars.add(ProgressBar::new(STEPS));
        if let Ok(style) = ProgressStyle::with_template("  {prefix:40} {bar:16.green/dim} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(format!("#{number} {title}"));
        self.lines.insert(
            id,
            Line {
                number,
                bar,
                shown: 0,
            },
        );
    }

    /// Shows how far an order is, and the events that were not shown yet.
    pub fn show(&mut self, id: OrderId, state: OrderState, events: &[EventView]) {
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        let mut was_unknown = false;
        let mut sentences = Vec::new();
        for event in events {
            sentences.push(format!("     #{} {}", line.number, sentence(event, was_unknown)));
            was_unknown |= event.kind == EventKind::Unknown;
        }
        let news: Vec<String> = sentences.into_iter().skip(line.shown).collect();
        line.shown = events.len();
        line.bar.set_position(step(state));
        line.bar.set_message(state.as_str());
        if state.is_terminal() {
            line.bar.abandon();
        }
        for sentence in news {
            self.say(&sentence);
        }
    }
}

const fn step(state: OrderState) -> u64 {
    match state {
        OrderState::Held => 0,
        OrderState::Submitting | OrderState::Unknown => 1,
        OrderState::Submitted => 2,
        OrderState::InProgress => 3,
        OrderState::Completed | OrderState::Partial | OrderState::Canceled | OrderState::Voided => STEPS,
    }
}

fn sentence(event: &EventView, was_unknown: bool) -> String {
    let details: Vec<String> = event
        .details
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(" ({})", details.join(", "))
    };
    format!("{:14} by {}{details}", word(event.kind, was_unknown), event.actor)
}

const fn word(kind: EventKind, was_unknown: bool) -> &'static str {
    match kind {
        EventKind::Submitted if was_unknown => "reconciled",
        EventKind::Placed => "paid for",
        EventKind::Claimed => "being sent",
        EventKind::LookedUp => "looked up",
        EventKind::Observed => "status report",
        EventKind::Unknown => "fate unknown",
        _ => kind.as_str(),
    }
}

//! What the demo orders, and what must come of it.

use domain::orders::OrderState;

/// One order of the demo.
pub struct Scene {
    /// What to show.
    pub title: &'static str,
    /// The script that the simulated panel reads in the link.
    pub panel_script: &'static str,
    /// How much is ordered.
    pub quantity: u64,
    /// How it must end.
    pub ends: OrderState,
}

/// The orders, placed one after another.
pub const SCENES: [Scene; 5] = [
    Scene {
        title: "delivered in full",
        panel_script: "complete",
        quantity: 1_000,
        ends: OrderState::Completed,
    },
    Scene {
        title: "delivered in part",
        panel_script: "partial:30",
        quantity: 2_000,
        ends: OrderState::Partial,
    },
    Scene {
        title: "refused",
        panel_script: "reject:link",
        quantity: 500,
        ends: OrderState::Voided,
    },
    Scene {
        title: "canceled upstream",
        panel_script: "cancel",
        quantity: 800,
        ends: OrderState::Canceled,
    },
    Scene {
        title: "accepted, but the answer is lost",
        panel_script: "accept-hang",
        quantity: 1_500,
        ends: OrderState::Completed,
    },
];

impl Scene {
    /// The link that carries the script.
    #[must_use]
    pub fn link(&self, number: usize) -> String {
        format!(
            "https://instagram.com/p/demo-{number}?sandbox={}",
            self.panel_script
        )
    }
}

//! Bounded lists.

/// How many rows a page may hold: at least one, at most [`PageSize::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The largest page that a caller may ask for.
    pub const MAX: u16 = 100;
    /// The page size when nothing is asked for.
    pub const DEFAULT: Self = Self(50);
    /// The whole list, for pages of the web application that cannot page. Still bounded.
    pub const WHOLE: Self = Self(1000);

    /// A page of `rows`; `None` outside `1..=MAX`.
    #[must_use]
    pub fn new(rows: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&rows).then_some(Self(rows))
    }

    /// The number of rows.
    #[must_use]
    pub const fn rows(self) -> u16 {
        self.0
    }
}

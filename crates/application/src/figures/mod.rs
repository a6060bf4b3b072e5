//! Figures: of the whole shop for staff, of their own orders for customers.

mod remake;
mod report;
mod shop;
mod slots;
mod summary;
mod use_cases;

use domain::figures::Measure;
use domain::wallets::TransferKind;

pub use remake::RemakeFigures;
pub use report::{GroupBy, Report, ReportError, ReportLine, ReportQuery, ReportRow, Reports};
pub use shop::{DayFigures, OwnFigures, OwnOverview, ShopFigures, ShopOverview, TopService};
pub use summary::Summary;
pub use use_cases::UseCases;

/// Orders were placed.
const PLACED: Measure = Measure::money(TransferKind::Hold);
/// Money was earned.
const REVENUE: Measure = Measure::money(TransferKind::Recognise);

//! What happens to every request before and after its handler. `app` says in which order.

mod body;
mod cors;
mod csrf;
mod head;
mod headers;
mod limits;
mod measure;
mod session;
mod sound;
mod span;
mod survive;

pub use body::guard_body;
pub use csrf::{is_from_foreign_page, refuse_foreign};
pub use head::guard_head;
pub use headers::secure_headers;
pub use limits::limit;
pub use measure::measure;
pub use session::{
    require_any_session, require_right, require_session, require_staff, require_user, shown, signed_in,
};
pub use span::RequestSpan;
pub use survive::survive;

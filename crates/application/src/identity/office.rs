//! Whether a member of staff still holds a right, asked inside of the transaction that leans on it.

use domain::identity::Right;
use domain::{Timestamp, UserId};
use ports::{StoreError, Tx};

/// Whether `staff` holds one of `rights` and is not banned. Whoever takes it from them at the same time waits, or is seen.
pub(crate) async fn still_holds(
    tx: &mut dyn Tx,
    staff: &UserId,
    rights: &[Right],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let user = tx.identity().lock_user(staff).await?;
    let held = tx.identity().lock_rights(staff).await?;
    let held = held.map(|(role, given)| given.of(role)).unwrap_or_default();
    let holds = rights.iter().any(|right| held.has(*right));
    Ok(holds && user.is_some_and(|found| !found.user.is_banned(now)))
}

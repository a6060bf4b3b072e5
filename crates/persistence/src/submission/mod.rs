//! Whether orders may be sent.

mod file_memory;
mod identity;
mod lineage;
mod rows;

pub use file_memory::FileMemory;
pub use identity::SeaIdentity;
pub(crate) use lineage::Lineage;

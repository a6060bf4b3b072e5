//! Providers and their sealed keys.

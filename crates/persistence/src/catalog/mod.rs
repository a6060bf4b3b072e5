//! Categories and services.

//! The OpenAPI document.

use crate::print_line;

/// Prints the document, without a server.
pub fn run() -> anyhow::Result<()> {
    print_line(&api::openapi().to_pretty_json()?);
    Ok(())
}

//! `cargo xtask openapi`: the generated document of the HTTP surface, kept as a golden file.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::process::{cargo, output};
use crate::report::Report;

pub const EXAMPLES: &str = "\
Examples:
  cargo xtask openapi           after a change of the HTTP surface
  cargo xtask openapi --check   does the committed document say what the code does?";

const DOCUMENT: &str = "openapi/openapi.json";
/// Enough to see which operation or schema a difference is in.
const CONTEXT_LINES: usize = 4;

#[derive(clap::Args)]
pub struct Options {
    /// Compare with the committed document instead of writing it
    #[arg(long)]
    check: bool,
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    if options.check {
        check()?
    } else {
        write()?
    }
    Ok(Report::default())
}

/// Fails with the first difference between the committed document and the code.
pub fn check() -> anyhow::Result<()> {
    let generated = generate()?;
    let committed = fs::read_to_string(DOCUMENT).with_context(|| format!("cannot read {DOCUMENT}"))?;
    match first_difference(&committed, &generated) {
        None => println!("{DOCUMENT} is what the code generates"),
        Some(difference) => bail!("{DOCUMENT} is out of date: run `cargo xtask openapi`\n{difference}"),
    }
    Ok(())
}

fn write() -> anyhow::Result<()> {
    let generated = generate()?;
    let folder = Path::new(DOCUMENT)
        .parent()
        .context("the document is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    fs::write(DOCUMENT, generated).with_context(|| format!("cannot write {DOCUMENT}"))?;
    println!("wrote {DOCUMENT}");
    Ok(())
}

fn generate() -> anyhow::Result<String> {
    let document = output(&mut cargo(&["run", "--quiet", "--", "openapi"]))?;
    Ok(format!("{}\n", document.trim_end()))
}

/// The first line that differs; `None` for a side that ends before it.
#[derive(Debug, PartialEq, Eq)]
struct Difference<'a> {
    /// Counted from one.
    line: usize,
    before: Vec<&'a str>,
    committed: Option<&'a str>,
    generated: Option<&'a str>,
}

fn first_difference<'a>(committed: &'a str, generated: &'a str) -> Option<Difference<'a>> {
    let (mut left, mut right) = (committed.lines(), generated.lines());
    let mut same = Vec::new();
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some(line), other) if other == Some(line) => same.push(line),
            (committed, generated) => {
                let line = same.len() + 1;
                let before = same.split_off(same.len().saturating_sub(CONTEXT_LINES));
                return Some(Difference {
                    line,
                    before,
                    committed,
                    generated,
                });
            }
        }
    }
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "first difference, line {}:", self.line)?;
        for line in &self.before {
            writeln!(out, "      {line}")?;
        }
        writeln!(
            out,
            "    - {}",
            self.committed.unwrap_or("(the committed document ends here)")
        )?;
        write!(
            out,
            "    + {}",
            self.generated.unwrap_or("(the generated document ends here)")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_documents_have_no_difference() {
        assert_eq!(first_difference("{\n}\n", "{\n}\n"), None);
    }

    #[test]
    fn the_first_line_that_differs_is_shown_with_the_lines_before_it() {
        let difference = first_difference("a\nb\nc\nd\ne\nold\nz", "a\nb\nc\nd\ne\nnew\nz").unwrap();
        assert_eq!(
            difference.to_string(),
            "first difference, line 6:\n      b\n      c\n      d\n      e\n    - old\n    + new"
        );
    }

    #[test]
    fn a_document_that_ends_early_differs_where_it_ends() {
        let difference = first_difference("a\nb", "a").unwrap();
        assert_eq!(
            (difference.line, difference.committed, difference.generated),
            (2, Some("b"), None)
        );
    }
}

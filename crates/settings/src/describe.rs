//! The settings as a table for people.

use std::path::Path;

use crate::layers::{Given, Layers, Source};
use crate::names::{NAMES, Name, Shown};
use crate::secrets::{SEALING, SESSION};
use crate::server_url::without_secrets;

/// One setting, fit for a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name in files.
    pub name: &'static str,
    /// Its name in the environment.
    pub variable: &'static str,
    /// Its value; of a secret only whether it is set.
    pub value: String,
    /// Where the value came from.
    pub source: String,
}

/// Describes every setting; `generated` is the file of the generated secrets, if one is in use.
pub(crate) fn describe(layers: &Layers, generated: Option<&Path>) -> Vec<Described> {
    NAMES
        .iter()
        .map(|name| row(name, layers.get(name.key), generated))
        .collect()
}

fn row(name: &Name, given: Option<&Given>, generated: Option<&Path>) -> Described {
    let text = given.map_or("", |it| it.text.as_str());
    let source = given.map_or(&Source::Default, |it| &it.source);
    let from_file = generated.filter(|_| text.is_empty() && [SESSION, SEALING].contains(&name.key));
    let (value, source) = match from_file {
        Some(path) => ("***".to_owned(), path.display().to_string()),
        None => (visible(text, name.shown), source.to_string()),
    };
    Described {
        name: name.key,
        variable: name.variable,
        value,
        source,
    }
}

fn visible(text: &str, shown: Shown) -> String {
    match shown {
        _ if text.is_empty() => "(not set)".to_owned(),
        Shown::Whole => text.to_owned(),
        Shown::Address => without_secrets(text),
        Shown::Nothing => "***".to_owned(),
    }
}

//! The layers, put on top of each other.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::error::SettingsError;
use crate::names::{CONFIG_FILE_VARIABLE, NAMES, by_key};
use crate::overrides::Overrides;

const DEFAULTS: &str = include_str!("../../../config/default.toml");
/// What separates the entries of a list in one line.
pub(crate) const LIST_SEPARATOR: char = ',';

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File(PathBuf),
    Environment(&'static str),
    CommandLine,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value as text, whatever it means.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) text: String,
    pub(crate) source: Source,
}

/// The winning value of every setting.
pub(crate) struct Layers {
    values: BTreeMap<&'static str, Given>,
}

impl Layers {
    pub(crate) fn read(environment: &Environment, overrides: &Overrides) -> Result<Self, SettingsError> {
        let mut layers = Self {
            values: BTreeMap::new(),
        };
        layers.add_toml(DEFAULTS, "config/default.toml", &Source::Default)?;
        let named = environment.get(CONFIG_FILE_VARIABLE).map(PathBuf::from);
        if let Some(path) = overrides.config_file.clone().or(named) {
            layers.add_file(&path)?;
        }
        for name in NAMES {
            if let Some(text) = environment.get(name.variable) {
                layers.add(name.key, text.to_owned(), Source::Environment(name.variable));
            }
        }
        for (key, text) in overrides.values() {
            layers.add(key, text, Source::CommandLine);
        }
        Ok(layers)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Given> {
        self.values.get(key)
    }

    fn add(&mut self, key: &'static str, text: String, source: Source) {
        self.values.insert(key, Given { text, source });
    }

    fn add_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let text = fs::read_to_string(path).map_err(|source| SettingsError::UnreadableFile {
            path: path.to_owned(),
            source,
        })?;
        self.add_toml(&text, &path.display().to_string(), &Source::File(path.to_owned()))
    }

    fn add_toml(&mut self, text: &str, file: &str, source: &Source) -> Result<(), SettingsError> {
        // The whole error would quote the line, which may hold a secret.
        let not_toml = |error: toml::de::Error| SettingsError::NotToml {
            file: file.to_owned(),
            detail: format!("{}{}", error.message(), line_of(text, error.span())),
        };
        let table: toml::Table = text.parse().map_err(not_toml)?;
        for (key, text) in flattened(table) {
            let name = by_key(&key).ok_or_else(|| SettingsError::UnknownKey {
                file: file.to_owned(),
                key: key.clone(),
            })?;
            self.add(name.key, text.trim().to_owned(), source.clone());
        }
        Ok(())
    }
}

fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let before = span.and_then(|it| text.get(..it.start));
    before.map_or_else(String::new, |it| {
        format!(" in line {}", it.matches('\n').count() + 1)
    })
}

/// `[http] port = 1` becomes `("http.port", "1")`.
fn flattened(table: toml::Table) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    for (key, value) in table {
        if let toml::Value::Table(inner) = value {
            flat.extend(
                flattened(inner)
                    .into_iter()
                    .map(|(rest, text)| (format!("{key}.{rest}"), text)),
            );
        } else {
            flat.push((key, text_of(value)));
        }
    }
    flat
}

fn text_of(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Array(entries) => {
            let texts: Vec<String> = entries.into_iter().map(text_of).collect();
            texts.join(&LIST_SEPARATOR.to_string())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_default_file_has_every_setting_and_tells_its_variable() {
        let table: toml::Table = DEFAULTS.parse().unwrap();
        let in_file: BTreeSet<String> = flattened(table).into_iter().map(|(key, _)| key).collect();
        let known: BTreeSet<String> = NAMES.iter().map(|it| it.key.to_owned()).collect();
        assert_eq!(in_file, known);
        for name in NAMES {
            assert!(
                DEFAULTS.contains(&format!(" {}\n", name.variable)),
                "{} is not explained",
                name.variable
            );
        }
    }

    #[test]
    fn no_two_settings_share_a_name() {
        let variables: BTreeSet<&str> = NAMES.iter().map(|it| it.variable).collect();
        assert_eq!(variables.len(), NAMES.len());
    }

    #[test]
    fn later_layers_win_and_empty_variables_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.toml");
        fs::write(
            &file,
            "project_name = \"File\"\n[http]\nport = 1\nbind_address = \"10.0.0.1\"\n",
        )
        .unwrap();
        let environment = Environment::of([
            (CONFIG_FILE_VARIABLE, file.to_str().unwrap()),
            ("PORT", "2"),
            ("PROJECT_NAME", "  "),
            ("BIND_ADDRESS", "10.0.0.2"),
        ]);
        let overrides = Overrides {
            port: Some(3),
            ..Overrides::default()
        };
        let layers = Layers::read(&environment, &overrides).unwrap();
        let value = |key: &str| {
            layers
                .get(key)
                .map(|it| (it.text.clone(), it.source.clone()))
                .unwrap()
        };
        assert_eq!(value("http.port"), ("3".into(), Source::CommandLine));
        assert_eq!(
            value("http.bind_address"),
            ("10.0.0.2".into(), Source::Environment("BIND_ADDRESS"))
        );
        assert_eq!(value("project_name"), ("File".into(), Source::File(file)));
        assert_eq!(value("telemetry.log"), ("info".into(), Source::Default));
    }

    #[test]
    fn a_file_with_a_mistake_is_refused_by_name_and_its_lines_are_not_quoted() {
        let read = |text: &str| {
            let mut layers = Layers {
                values: BTreeMap::new(),
            };
            layers
                .add_toml(text, "mine.toml", &Source::Default)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            read("[http]\nprot = 1"),
            "mine.toml sets `http.prot`, which is not a setting; config/default.toml lists them all"
        );
        let message = read("[secrets]\nsession = \"very-secret\n");
        assert!(message.starts_with("mine.toml is not valid TOML: "), "{message}");
        assert!(
            message.contains("line 2") && !message.contains("very-secret"),
            "{message}"
        );
        let missing = Overrides {
            config_file: Some("no-such-file.toml".into()),
            ..Overrides::default()
        };
        let message = Layers::read(&Environment::default(), &missing)
            .err()
            .unwrap()
            .to_string();
        assert!(
            message.contains("no-such-file.toml") && message.contains("SMM_GURU_CONFIG"),
            "{message}"
        );
    }
}

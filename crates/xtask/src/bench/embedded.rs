//! The product in one process on a SQLite file, and copies of its folder.

use std::path::{Path, PathBuf};

use super::lab::{Lab, copy_folder};
use super::world::World;

/// A furnished installation that copies are made of.
pub struct Template {
    pub folder: PathBuf,
    pub world: World,
}

/// What makes the product use the folder.
pub fn variables(folder: &Path) -> Vec<(&'static str, String)> {
    // One job at a time, so that a measurement of the API is not one of the worker beside it.
    vec![
        ("DATA_DIR", folder.display().to_string()),
        ("WORKERS", "1".to_owned()),
    ]
}

/// Makes one.
pub fn furnished(lab: &Lab) -> anyhow::Result<Template> {
    let folder = lab.path("embedded-template");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir(&folder)?;
    let world = World::furnish(lab, &variables(&folder))?;
    Ok(Template { folder, world })
}

impl Template {
    /// A copy to be used up.
    pub fn copy(&self, lab: &Lab) -> anyhow::Result<PathBuf> {
        let folder = lab.path("embedded");
        copy_folder(&self.folder, &folder)?;
        Ok(folder)
    }
}

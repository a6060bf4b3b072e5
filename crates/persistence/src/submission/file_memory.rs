//! What is remembered about a SQLite database, in a file beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use domain::submission::Memory;
use ports::submission::{MemoryError, SubmissionMemory};

/// What the name of the file ends with, after that of the database.
const SUFFIX: &str = "-guard";
/// As that of the database.
const FILE_MODE: u32 = 0o600;

/// A small file beside the database: which installation, which epoch, and which file it is itself. A copy of it is
/// another file, so that a folder that was restored as a whole is noticed too.
#[derive(Debug, Clone)]
pub struct FileMemory {
    path: PathBuf,
}

impl FileMemory {
    /// The memory of the database in `file`.
    #[must_use]
    pub fn beside(file: &Path) -> Self {
        let mut name = file.as_os_str().to_owned();
        name.push(SUFFIX);
        Self { path: name.into() }
    }

    fn read(&self) -> io::Result<Option<Memory>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut words = text.split_whitespace();
        let (Some(incarnation), Some(epoch), Some(written_as)) = (words.next(), words.next(), words.next())
        else {
            return Err(io::Error::other("it is not what was written"));
        };
        let epoch = epoch.parse().map_err(io::Error::other)?;
        Ok(Some(Memory {
            incarnation: incarnation.to_owned(),
            epoch,
            is_copy: written_as != which(&self.path)?,
        }))
    }

    /// Written aside and put in place as a whole, so that there is a memory at every moment.
    fn write(&self, incarnation: &str, epoch: i64) -> io::Result<()> {
        if let Some(memory) = self.read()?
            && memory.incarnation == incarnation
            && memory.epoch >= epoch
            && !memory.is_copy
        {
            return Ok(());
        }
        let mut aside = self.path.clone().into_os_string();
        aside.push(format!(".{}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(&aside)?;
        writeln!(file, "{incarnation} {epoch} {}", which(Path::new(&aside))?)?;
        file.sync_all()?;
        fs::rename(&aside, &self.path)?;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// What a file keeps when it is renamed, and no copy of it has: its number, and when it was made where that is known.
fn which(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    let made = metadata.created().ok();
    let made = made.and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    let made = made.map_or(0, |since| since.as_nanos());
    Ok(format!("{}-{made}", metadata.ino()))
}

#[async_trait]
impl SubmissionMemory for FileMemory {
    fn lasts(&self) -> bool {
        true
    }

    async fn recall(&self) -> Result<Option<Memory>, MemoryError> {
        let memory = self.clone();
        blocking(&self.path, move || memory.read()).await
    }

    async fn remember(&self, incarnation: &str, epoch: i64) -> Result<(), MemoryError> {
        let (memory, incarnation) = (self.clone(), incarnation.to_owned());
        blocking(&self.path, move || memory.write(&incarnation, epoch)).await
    }
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, MemoryError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)
        .flatten();
    done.map_err(|error| MemoryError(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> (tempfile::TempDir, FileMemory) {
        let folder = tempfile::tempdir().unwrap();
        let memory = FileMemory::beside(&folder.path().join("shop.db"));
        (folder, memory)
    }

    #[tokio::test]
    async fn the_latest_epoch_is_remembered_whatever_the_order_of_telling() {
        let (_folder, memory) = memory();
        assert_eq!(memory.recall().await, Ok(None));
        for epoch in [3, 7, 5] {
            memory.remember("i", epoch).await.unwrap();
        }
        let latest = Memory {
            incarnation: "i".to_owned(),
            epoch: 7,
            is_copy: false,
        };
        assert_eq!(memory.recall().await, Ok(Some(latest)));
        memory.remember("j", 1).await.unwrap();
        let recalled = memory.recall().await.unwrap().unwrap();
        assert_eq!((recalled.incarnation.as_str(), recalled.epoch), ("j", 1));
    }

    #[tokio::test]
    async fn a_copy_is_known_for_one_until_it_is_written_to() {
        let (folder, memory) = memory();
        memory.remember("i", 3).await.unwrap();
        let moved = folder.path().join("copy.db-guard");
        fs::copy(&memory.path, &moved).unwrap();
        let copy = FileMemory { path: moved };
        assert!(copy.recall().await.unwrap().unwrap().is_copy);
        copy.remember("i", 3).await.unwrap();
        assert!(!copy.recall().await.unwrap().unwrap().is_copy);
        let renamed = folder.path().join("renamed");
        fs::rename(&memory.path, &renamed).unwrap();
        let renamed = FileMemory { path: renamed };
        assert!(
            !renamed.recall().await.unwrap().unwrap().is_copy,
            "it is the same file"
        );
    }

    #[tokio::test]
    async fn a_file_that_holds_something_else_is_an_error_and_no_first_start() {
        let (_folder, memory) = memory();
        fs::write(&memory.path, "nonsense").unwrap();
        assert!(memory.recall().await.is_err());
    }
}

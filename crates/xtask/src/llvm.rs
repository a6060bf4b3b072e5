//! LLVM's programs that read coverage profiles, of the same version as the compiler's LLVM.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{host, process};

/// `llvm-cov` and `llvm-profdata`.
pub struct Tools {
    pub cov: PathBuf,
    pub profdata: PathBuf,
}

/// Rust's own, if the component is installed, else those that distributions name after the version.
pub fn tools() -> anyhow::Result<Tools> {
    let rustc = process::output(Command::new("rustc").arg("-vV"))?;
    let major = llvm_major(&rustc).context("rustc -vV does not tell its version of LLVM")?;
    let find = |name: &str| component(name).or_else(|| host::program(&format!("{name}-{major}")));
    match (find("llvm-cov"), find("llvm-profdata")) {
        (Some(cov), Some(profdata)) => Ok(Tools { cov, profdata }),
        _ => bail!(
            "llvm-cov and llvm-profdata of LLVM {major} are missing: \
             `rustup component add llvm-tools`, or `apt-get install llvm-{major}`"
        ),
    }
}

fn component(name: &str) -> Option<PathBuf> {
    let libraries = process::output(Command::new("rustc").args(["--print", "target-libdir"])).ok()?;
    let program = PathBuf::from(libraries.trim()).parent()?.join("bin").join(name);
    program.is_file().then_some(program)
}

fn llvm_major(rustc: &str) -> Option<&str> {
    let version = rustc
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_tells_its_version_of_llvm() {
        assert_eq!(
            llvm_major("rustc 1.95.0\nhost: x\nLLVM version: 22.1.2\n"),
            Some("22")
        );
        assert_eq!(llvm_major("rustc 1.95.0\n"), None);
    }
}

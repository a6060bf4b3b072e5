//! What the kernel knows: processor time, memory, and what else is going on.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::stats::quantile;

/// Clock ticks in a second: the unit of processor times in `/proc`, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;
/// One page of a write-ahead log.
const PAGE: usize = 8 * 1024;

/// The fields of `/proc/<pid>/stat` behind the name, which may hold blanks.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

fn seconds(fields: &[String], which: &[usize]) -> f64 {
    let ticks = which.iter().filter_map(|&at| fields.get(at)?.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS
}

/// Where `/proc/<pid>/stat` counts time, from the process's state on: its own and that of its children who have ended.
const ALL_TIME: [usize; 4] = [11, 12, 13, 14];
const KERNEL_TIME: [usize; 2] = [12, 14];

/// Processor seconds that a process has used, with the children it has, and those that have ended.
pub fn cpu_of_tree(pid: u32) -> f64 {
    seconds_of_tree(pid, &ALL_TIME, &processes())
}

/// What the kernel used of that on their behalf.
pub fn kernel_cpu_of_tree(pid: u32) -> f64 {
    seconds_of_tree(pid, &KERNEL_TIME, &processes())
}

fn seconds_of_tree(pid: u32, which: &[usize], all: &HashMap<u32, u32>) -> f64 {
    let own = stat(pid).map_or(0.0, |fields| seconds(&fields, which));
    let children = all.iter().filter(|(_, parent)| **parent == pid);
    own + children
        .map(|(child, _)| seconds_of_tree(*child, which, all))
        .sum::<f64>()
}

/// Every process and its parent.
fn processes() -> HashMap<u32, u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?.get(1)?.parse().ok()?)))
        .collect()
}

/// Processor seconds of our children that have ended.
pub fn cpu_of_ended_children() -> f64 {
    stat(std::process::id()).map_or(0.0, |fields| seconds(&fields, &[13, 14]))
}

/// Resident memory in kB.
pub fn resident_kb(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Resident memory in kB of a process and its children.
pub fn resident_kb_of_tree(pid: u32) -> u64 {
    let children = processes().into_iter().filter(|(_, parent)| *parent == pid);
    resident_kb(pid) + children.map(|(child, _)| resident_kb(child)).sum::<u64>()
}

/// What went on around a measurement. Shares are percent of all processors.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Conditions {
    /// Processes that wanted a processor, averaged over a minute.
    pub load: f64,
    /// Taken by other virtual machines.
    pub steal: f64,
    /// Used by processes that have nothing to do with the measurement.
    pub foreign: f64,
    /// Pressure stall of the processors over 10 s, if the kernel keeps it.
    pub psi_cpu: Option<f64>,
    /// Pressure stall of the disks over 10 s, if the kernel keeps it.
    pub psi_io: Option<f64>,
}

/// A reading of all processors, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    total: f64,
    busy: f64,
    steal: f64,
}

impl Machine {
    pub fn read() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let fields: Vec<f64> = line
            .split_whitespace()
            .skip(1)
            .map(|field| field.parse().unwrap_or_default())
            .collect();
        // user nice system idle iowait irq softirq steal; guests count as user already
        let of = |which: &[usize]| which.iter().filter_map(|&at| fields.get(at)).sum::<f64>() / TICKS;
        Self {
            total: of(&[0, 1, 2, 3, 4, 5, 6, 7]),
            busy: of(&[0, 1, 2, 5, 6]),
            steal: of(&[7]),
        }
    }

    /// What went on since then, given the processor seconds of ours.
    pub fn conditions_since(self, ours: f64) -> Conditions {
        let now = Self::read();
        let total = (now.total - self.total).max(0.01);
        Conditions {
            load: load(),
            steal: (now.steal - self.steal) / total * 100.0,
            foreign: ((now.busy - self.busy - ours) / total * 100.0).max(0.0),
            psi_cpu: pressure("cpu"),
            psi_io: pressure("io"),
        }
    }
}

fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split(' ').next();
    first.and_then(|load| load.parse().ok()).unwrap_or_default()
}

fn pressure(of: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/pressure/{of}")).ok()?;
    let (_, rest) = text.lines().next()?.split_once("avg10=")?;
    rest.split(' ').next()?.parse().ok()
}

/// How fast a disk keeps pages, in microseconds for one.
pub struct Syncs {
    pub median: f64,
    pub p99: f64,
}

/// Tells the disk under `folder` to keep a page, again and again for as long as `lasting`.
pub fn syncs(folder: &Path, lasting: Duration) -> anyhow::Result<Syncs> {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    let page = [7; PAGE];
    let mut times = Vec::new();
    let began = Instant::now();
    while began.elapsed() < lasting {
        let before = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(before.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(&path)?;
    let at = |share| quantile(&times, share);
    Ok(Syncs {
        median: at(0.5),
        p99: at(0.99),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_uses_the_processor() {
        let me = std::process::id();
        let began = Instant::now();
        while cpu_of_tree(me) < 0.03 && began.elapsed() < Duration::from_secs(20) {
            std::hint::black_box(processes());
        }
        assert!(cpu_of_tree(me) >= 0.03);
        assert!(resident_kb(me) > 100);
    }

    #[test]
    fn a_process_that_is_not_there_uses_nothing() {
        assert_eq!((cpu_of_tree(u32::MAX), resident_kb(u32::MAX)), (0.0, 0));
    }
}

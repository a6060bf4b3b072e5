//! Placing orders while the audit log is sealed: P-8.

use anyhow::ensure;

use crate::bench::arms::{COPY, ordering};
use crate::bench::lab::{Lab, SMALL};
use crate::bench::load::{Pace, drive};
use crate::bench::program::Program;
use crate::bench::record::Bound::{AtLeast, AtMost};
use crate::bench::record::{Sample, Scenario};
use crate::bench::rounds::{self, Arm};
use crate::bench::world::World;

/// Lines that wait to be sealed at the beginning: many hours of a busy site, so that a worker seals all the time.
const WAITING: u64 = 400_000;
/// Between two looks for lines that wait.
const EVERY_SECONDS: f64 = 20.0;
/// Lines of a busy second: everybody signs in at once.
const BUSY: f64 = 100.0;

pub fn measure(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let arms = [
        Arm::new("sealing", |lab| beside_a_worker(lab, world, WAITING)),
        Arm::new("nothing to seal", |lab| beside_a_worker(lab, world, 0)),
    ];
    let rounds = rounds::run(lab, "audit sealing", &arms)?;
    // How long a line waits at most: for the next look, and for what else was written since the last one.
    let lags = rounds.iter().filter_map(|round| {
        let sealed_a_second = round.of("sealing")?.bytes;
        (sealed_a_second > 0.0).then(|| EVERY_SECONDS + EVERY_SECONDS * BUSY / sealed_a_second)
    });
    let lags = lags.collect();
    let mut scenario = Scenario::named("audit sealing", rounds);
    let what = "orders/s beside a worker that seals without a pause, of one with nothing to seal";
    scenario.ratio("P-8", what, AtLeast(0.95), ["sealing", "nothing to seal"], |it| {
        it.per_second
    });
    let what = "seconds until a line is sealed at the latest, with 100 lines a second";
    scenario.value("P-8", what, AtMost(60.0), lags, " s");
    Ok(scenario)
}

/// Orders a second; in the place of the bytes of an answer, the lines that were sealed in a second meanwhile.
fn beside_a_worker(lab: &Lab, world: &World, waiting: u64) -> anyhow::Result<Sample> {
    lab.copy(SMALL, COPY)?;
    let lines = "INSERT INTO audit_log (actor, action, target, details, at) \
        SELECT 'system', 'session.refuse', 'email:bench', '[]', 1 FROM generate_series(1, ";
    let sql = format!(
        "DELETE FROM audit_unsealed; \
         WITH written AS ({lines}{waiting}) RETURNING id) INSERT INTO audit_unsealed SELECT id FROM written"
    );
    lab.sql(COPY, &sql)?;
    let variables = lab.on_postgres(COPY);
    let mut worker = Program::start(&mut lab.product(&["work"], &variables), &lab.path("work.log"))?;
    worker.says("SMM Guru works")?;
    let (serve, address) = lab.serve(&variables)?;
    let sealed = |lab: &Lab| lab.number(COPY, "SELECT count(*) FROM audit_seals");
    let (before, began) = (sealed(lab)?, std::time::Instant::now());
    let plan = ordering(world, &world.customers);
    let mut sample = drive(lab, &serve, &address, &plan, Pace::full(lab))?.sample;
    let links = u32::try_from(sealed(lab)? - before)?;
    let left = lab.number(COPY, "SELECT count(*) FROM audit_unsealed")?;
    ensure!(
        waiting == 0 || left > 0 && links > 0,
        "{links} lines were sealed and {left} are left: nothing was sealed for a part of the time"
    );
    sample.bytes = f64::from(links) / began.elapsed().as_secs_f64();
    Ok(sample)
}

//! Starting, and being idle: P-13.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::bench::embedded;
use crate::bench::http::Client;
use crate::bench::lab::{Lab, SMALL};
use crate::bench::record::Bound::AtMost;
use crate::bench::record::Scenario;
use crate::bench::world::World;

const SETTLES_IN: Duration = Duration::from_secs(2);

pub fn measure(lab: &Lab, _: &World) -> anyhow::Result<Scenario> {
    let template = embedded::furnished(lab)?;
    let on_file = embedded::variables(&template.folder);
    let on_postgres = lab.on_postgres(SMALL);
    let (mut starts, mut file_starts, mut memory, mut file_memory) = (vec![], vec![], vec![], vec![]);
    for number in 0..lab.pairs {
        println!("start {} of {}", number + 1, lab.pairs);
        let settles = number == 0;
        started(lab, &on_postgres, settles, &mut starts, &mut memory)?;
        started(lab, &on_file, settles, &mut file_starts, &mut file_memory)?;
    }
    let mut scenario = Scenario::named("start", Vec::new());
    scenario.value(
        "P-13",
        "start to first 200, PostgreSQL",
        AtMost(300.0),
        starts,
        " ms",
    );
    scenario.value(
        "P-13",
        "start to first 200, SQLite, migrated",
        AtMost(150.0),
        file_starts,
        " ms",
    );
    scenario.value("P-13", "memory of an idle API", AtMost(30.0), memory, " MB");
    scenario.value(
        "P-13",
        "memory of an idle embedded server",
        AtMost(30.0),
        file_memory,
        " MB",
    );
    Ok(scenario)
}

fn started(
    lab: &Lab,
    variables: &[(&str, String)],
    settles: bool,
    starts: &mut Vec<f64>,
    memory: &mut Vec<f64>,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let (program, address) = lab.serve(variables)?;
    let answer = Client::anonymous(&address).get("/health")?;
    starts.push(began.elapsed().as_secs_f64() * 1e3);
    ensure!(
        answer.status == 200,
        "a server that has just started is not healthy"
    );
    if settles {
        std::thread::sleep(SETTLES_IN);
        memory.push(f64::from(u32::try_from(program.resident_kb())?) / 1024.0);
    }
    Ok(())
}

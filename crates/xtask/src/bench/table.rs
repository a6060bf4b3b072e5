//! The table at the end.

use super::record::{Bound, Record, Row};
use super::stats::Verdict;

const HEAD: &str = "| target | what | asked for | median | range | pairs on the right side | by chance | |\n\
                    |---|---|---|---|---|---|---|---|\n";

/// The whole record as Markdown.
pub fn markdown(record: &Record) -> String {
    let mut text = format!("Measured on {}, commit {}.\n\n", record.date, record.commit);
    for line in record.machine.iter().chain(&record.settings) {
        text.push_str(&format!("- {line}\n"));
    }
    text.push('\n');
    text.push_str(HEAD);
    for row in record.scenarios.iter().flat_map(|scenario| &scenario.rows) {
        text.push_str(&line(row));
    }
    text.push('\n');
    for scenario in &record.scenarios {
        text.push_str(&format!("- {}: {}\n", scenario.name, conditions(scenario)));
        for note in &scenario.notes {
            text.push_str(&format!("  - {note}\n"));
        }
    }
    text
}

/// How quiet it was.
fn conditions(scenario: &super::record::Scenario) -> String {
    let samples = || scenario.rounds.iter().flat_map(|round| &round.samples);
    let range = |of: &dyn Fn(&super::record::Sample) -> f64| {
        let values = samples().map(of);
        values.fold((f64::MAX, 0.0_f64), |(least, most), value| {
            (least.min(value), most.max(value))
        })
    };
    if samples().next().is_none() {
        return "no rounds".to_owned();
    }
    let (load, others) = (
        range(&|sample| sample.conditions.load),
        range(&|sample| sample.conditions.foreign + sample.conditions.steal),
    );
    let syncs = scenario.rounds.iter().map(|round| round.syncs);
    let syncs = syncs.fold((f64::MAX, 0.0_f64), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    let repeated: u32 = scenario.rounds.iter().map(|round| round.repeated).sum();
    format!(
        "{} rounds; load {:.1}–{:.1}, others used {:.0}–{:.0} % of the processors, {:.0}–{:.0} fdatasync/s, {} repeated",
        scenario.rounds.len(),
        load.0,
        load.1,
        others.0,
        others.1,
        syncs.0,
        syncs.1,
        repeated
    )
}

fn line(row: &Row) -> String {
    let unit = &row.unit;
    let number = |value: f64| {
        if value.abs() >= 100.0 {
            format!("{value:.0}{unit}")
        } else {
            format!("{value:.2}{unit}")
        }
    };
    let asked = match row.bound {
        Bound::AtLeast(bound) => format!("≥ {}", number(bound)),
        Bound::AtMost(bound) => format!("≤ {}", number(bound)),
        Bound::None => "–".to_owned(),
    };
    let verdict = match row.verdict() {
        Verdict::Met => "met",
        Verdict::Below => "**not met, by less than a tenth or not in 7 of 9 pairs**",
        Verdict::Missed => "**missed**",
        Verdict::Told => "",
        Verdict::Nothing => "**not measured**",
    };
    if row.values.is_empty() {
        return format!(
            "| {} | {} | {asked} | – | – | – | – | {verdict} |\n",
            row.target, row.what
        );
    }
    let (least, most) = row.range();
    let (right, chance) = match row.bound {
        Bound::None => ("–".to_owned(), "–".to_owned()),
        _ => (
            format!("{} of {}", row.right(), row.values.len()),
            format!("{:.3}", row.sign_test()),
        ),
    };
    format!(
        "| {} | {} | {asked} | {} | {}–{} | {right} | {chance} | {verdict} |\n",
        row.target,
        row.what,
        number(row.median()),
        number(least),
        number(most),
    )
}

#[cfg(test)]
mod tests {
    use super::super::record::Scenario;
    use super::*;

    #[test]
    fn a_row_says_what_was_asked_what_came_and_how_sure_that_is() {
        let mut scenario = Scenario::named("orders", Vec::new());
        scenario.value("P-1", "orders", Bound::AtLeast(0.7), vec![0.8; 9], "");
        scenario.value("P-13", "start", Bound::AtMost(300.0), vec![400.0, 420.0], " ms");
        let record = Record {
            scenarios: vec![scenario],
            ..Record::default()
        };
        let text = markdown(&record);
        assert!(
            text.contains("| P-1 | orders | ≥ 0.70 | 0.80 | 0.80–0.80 | 9 of 9 | 0.002 | met |"),
            "{text}"
        );
        assert!(
            text.contains(
                "| P-13 | start | ≤ 300 ms | 410 ms | 400 ms–420 ms | 0 of 2 | 1.000 | **missed** |"
            ),
            "{text}"
        );
    }
}

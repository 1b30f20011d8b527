//! Tables on standard output, raw figures in `results/`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::measure::{Cost, minimum_and_median, ratio};

/// One scenario: a series of costs a client, in the order first seen.
pub struct Row {
    name: &'static str,
    unit: &'static str,
    clients: Vec<&'static str>,
    costs: BTreeMap<&'static str, Vec<Cost>>,
}

impl Row {
    /// An empty scenario; `unit` says what the costs are per.
    pub fn new(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit, clients: Vec::new(), costs: BTreeMap::new() }
    }

    /// Adds one round.
    pub fn add(&mut self, round: &[(&'static str, Cost)]) {
        for (client, cost) in round {
            if !self.clients.contains(client) {
                self.clients.push(client);
            }
            self.costs.entry(client).or_default().push(*cost);
        }
    }

    fn series(&self, client: &str, pick: fn(&Cost) -> f64) -> Vec<f64> {
        self.costs.get(client).map(|costs| costs.iter().map(pick).collect()).unwrap_or_default()
    }

    fn table(&self) -> String {
        let mut text = format!("\n{} (microseconds per {})\n", self.name, self.unit);
        let _ = writeln!(
            text,
            "  {:<20}{:>12}{:>12}{:>12}{:>12}{:>14}{:>14}",
            "", "cpu min", "cpu median", "wall min", "wall median", "ours/its cpu", "ours/its wall"
        );
        let (our_cpu, our_wall) = (self.series(self.clients[0], |c| c.cpu_us), self.series(self.clients[0], |c| c.wall_us));
        for client in &self.clients {
            let (cpu, wall) = (self.series(client, |c| c.cpu_us), self.series(client, |c| c.wall_us));
            let (ratio_cpu, ratio_wall) = (ratio(&our_cpu, &cpu), ratio(&our_wall, &wall));
            let ((cpu_min, cpu_mid), (wall_min, wall_mid)) = (minimum_and_median(cpu), minimum_and_median(wall));
            let _ = writeln!(
                text,
                "  {client:<20}{cpu_min:>12.2}{cpu_mid:>12.2}{wall_min:>12.2}{wall_mid:>12.2}{ratio_cpu:>14.3}{ratio_wall:>14.3}"
            );
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        let clients: serde_json::Map<_, _> = self
            .clients
            .iter()
            .map(|client| {
                let series = |pick| self.series(client, pick);
                let value = serde_json::json!({"cpu_us": series(|c| c.cpu_us), "wall_us": series(|c| c.wall_us)});
                ((*client).to_owned(), value)
            })
            .collect();
        serde_json::json!({"scenario": self.name, "unit": self.unit, "rounds": clients})
    }
}

/// A quotient of CPU times that should not be exceeded.
pub struct Aim {
    pub scenario: &'static str,
    /// The client whose cost ours is divided by.
    pub beside: &'static str,
    pub most: f64,
}

/// All scenarios of one run.
#[derive(Default)]
pub struct Report {
    text: String,
    rows: Vec<Row>,
}

impl Report {
    /// Prints a finished scenario and keeps it.
    pub fn finish(&mut self, row: Row) {
        let table = row.table();
        print!("{table}");
        self.text += &table;
        self.rows.push(row);
    }

    /// Holds the figures against the aims, and writes the raw ones beside the table.
    pub fn print_and_save(&mut self, aims: &[Aim]) -> std::io::Result<()> {
        let table = self.aims(aims);
        print!("{table}");
        self.text += &table;
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/results");
        std::fs::create_dir_all(folder)?;
        std::fs::write(format!("{folder}/rust.txt"), self.text.trim_start())?;
        let mut raw = String::from("[\n");
        for (index, row) in self.rows.iter().enumerate() {
            let comma = if index + 1 == self.rows.len() { "" } else { "," };
            let _ = writeln!(raw, "{}{comma}", row.json());
        }
        raw.push_str("]\n");
        std::fs::write(format!("{folder}/rust.json"), raw)?;
        println!("\nraw figures: benches/results/rust.json");
        Ok(())
    }

    fn aims(&self, aims: &[Aim]) -> String {
        let mut text = "\nours over theirs, CPU a unit (median of the rounds' quotients)\n".to_owned();
        for Aim { scenario, beside, most } in aims {
            let Some(row) = self.rows.iter().find(|row| row.name == *scenario) else { continue };
            let ours = row.series(row.clients[0], |c| c.cpu_us);
            let quotient = ratio(&ours, &row.series(beside, |c| c.cpu_us));
            let met = if quotient <= *most { "yes" } else { "no" };
            let what = format!("{scenario} / {beside}");
            let _ = writeln!(text, "  {what:<76}{quotient:>7.3}   aim {most:>5.3}   met {met}");
        }
        text
    }
}

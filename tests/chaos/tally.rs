//! Random choices that can be repeated, and counts of outcomes.

use std::collections::BTreeMap;

/// What became of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The result is that of an undisturbed run.
    Survived,
    /// A message names the fault, and no number is shown that it could have changed.
    Noticed,
    /// Anything else, with what happened.
    Wrong(String),
}

/// A generator of choices; the constants are those of Knuth's MMIX.
pub struct Dice(u64);

impl Dice {
    /// A generator for one test, shifted by `SPARSEGATE_CHAOS_SEED`.
    pub fn new(test: u64) -> Self {
        let seed: u64 = number("SPARSEGATE_CHAOS_SEED").unwrap_or(0);
        let mut dice = Self(test ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.below(2);
        dice
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// The number of faults that a test makes: `few`, or what `SPARSEGATE_CHAOS` says.
pub fn rounds(few: usize) -> usize {
    number("SPARSEGATE_CHAOS").map_or(few, |number| usize::try_from(number).unwrap())
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Counts of outcomes, by kind of fault.
pub struct Tally {
    test: &'static str,
    rows: BTreeMap<String, [usize; 3]>,
    wrong: Vec<String>,
}

impl Tally {
    pub fn new(test: &'static str) -> Self {
        Self { test, rows: BTreeMap::new(), wrong: Vec::new() }
    }

    pub fn add(&mut self, kind: &str, outcome: Outcome) {
        let row = self.rows.entry(kind.to_owned()).or_default();
        match outcome {
            Outcome::Survived => row[0] += 1,
            Outcome::Noticed => row[1] += 1,
            Outcome::Wrong(what) => {
                row[2] += 1;
                eprintln!("{} {kind}: {what}", self.test);
                self.wrong.push(format!("{kind}: {what}"));
            }
        }
        // The counts of a long run that somebody ends.
        if self.rows.values().flatten().sum::<usize>().is_multiple_of(100) {
            self.print();
        }
    }

    fn print(&self) {
        println!("\n| {} | faults | survived | noticed | wrong |\n|---|---|---|---|---|", self.test);
        let mut all = [0; 3];
        for (kind, row) in &self.rows {
            println!("| {kind} | {} | {} | {} | {} |", row.iter().sum::<usize>(), row[0], row[1], row[2]);
            (0..3).for_each(|column| all[column] += row[column]);
        }
        println!("| all | {} | {} | {} | {} |", all.iter().sum::<usize>(), all[0], all[1], all[2]);
    }

    /// Prints the counts, and fails if an outcome is wrong.
    #[track_caller]
    pub fn end(self) {
        self.print();
        assert!(self.wrong.is_empty(), "{} wrong outcomes, the first: {}", self.wrong.len(), self.wrong[0]);
    }
}

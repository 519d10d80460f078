//! Values that have the right type and still cannot work.

use super::mistake::Mistake;
use super::node::dotted;
use super::presets;
use super::types::{Adam, ModelSpec, Optimizer, RunSpec, Sparsity, TrainSpec};

/// Refuses a run that cannot be trained, with the dotted path of what is wrong.
///
/// # Errors
/// The first such value.
pub fn run(spec: &RunSpec) -> Result<(), Mistake> {
    name("dataset", &spec.dataset)?;
    model(&spec.model)?;
    train(&spec.train)?;
    sparsity(&spec.sparsity)
}

/// Refuses names that cannot be a folder's on every system.
///
/// # Errors
/// A name with other characters than letters, digits, `-`, `_`, `.`, or that begins with `-` or `.`.
pub fn name(key: &str, name: &str) -> Result<(), Mistake> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with(['.', '-']) && name.len() <= 100 {
        return Ok(());
    }
    let help = "use letters, digits, `-`, `_` and `.`; it becomes part of a path";
    Err(Mistake::new(&dotted(key), format!("`{name}` cannot be the name of a folder"), help))
}

fn model(model: &ModelSpec) -> Result<(), Mistake> {
    at_least_one("model.hidden", model.hidden as u64)?;
    check("model.forget_bias", model.forget_bias, f64::is_finite, "a finite number")
}

fn train(train: &TrainSpec) -> Result<(), Mistake> {
    at_least_one("train.epochs", train.epochs.into())?;
    at_least_one("train.batch", train.batch as u64)?;
    at_least_one("train.sequence", train.sequence as u64)?;
    if let Some(steps) = train.max_steps {
        at_least_one("train.max_steps", steps)?;
    }
    if let Some(norm) = train.clip_norm {
        check("train.clip_norm", norm, positive, "above 0 (leave the key out for no rescaling)")?;
    }
    let Optimizer::Adam(Adam { lr, beta1, beta2, epsilon }) = train.optimizer;
    check("train.optimizer.adam.lr", lr, positive, "above 0, such as 2e-3")?;
    check("train.optimizer.adam.beta1", beta1, share, "at least 0 and below 1")?;
    check("train.optimizer.adam.beta2", beta2, share, "at least 0 and below 1")?;
    check("train.optimizer.adam.epsilon", epsilon, positive, "above 0, such as 1e-8")
}

fn sparsity(level: &Sparsity) -> Result<(), Mistake> {
    if level.name.trim().is_empty() || level.name.chars().any(|c| c.is_control() || c == ',' || c == '=') {
        let help = "give the level a short name without `,` and `=`";
        return Err(Mistake::new(&dotted("sparsity.name"), format!("`{}` cannot be a level's name", level.name), help));
    }
    match presets::language_model(&level.name) {
        Some(preset) if preset != *level => {
            let message = format!("`{}` is the name of a preset that says something else", level.name);
            let help = format!("give the level another name, or write `sparsity: {}`", level.name);
            Err(Mistake::new(&dotted("sparsity.name"), message, help))
        }
        _ => Ok(()),
    }
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn share(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

fn at_least_one(key: &str, value: u64) -> Result<(), Mistake> {
    if value >= 1 { Ok(()) } else { Err(Mistake::new(&dotted(key), "0 is too small", "write 1 or more")) }
}

fn check(key: &str, value: f64, holds: fn(f64) -> bool, wanted: &str) -> Result<(), Mistake> {
    if holds(value) {
        return Ok(());
    }
    Err(Mistake::new(&dotted(key), format!("{value} is out of range"), format!("it must be {wanted}")))
}

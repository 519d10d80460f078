//! Checks of a run's values beyond their types.

use sparsegate_core::LOG_ALPHA_LIMIT;

use super::diagnostic::Diagnostic;
use super::node::dotted;
use super::presets;
use super::types::{
    Adam, Decay, Kl, ModelKind, ModelSpec, Optimizer, OutputNoise, RateSchedule, RunSpec, Select, Sparsity, StepDecay,
    TrainSpec, WarmUp,
};

/// Refuses a run that cannot be trained.
///
/// # Errors
/// The first invalid value, with its path.
pub fn run(spec: &RunSpec) -> Result<(), Diagnostic> {
    name("dataset", &spec.dataset)?;
    model(&spec.model)?;
    train(&spec.train)?;
    match spec.model.kind {
        ModelKind::LanguageModel => language_model(spec)?,
        ModelKind::Classification => classification(spec)?,
    }
    sparsity(spec.model.kind, &spec.sparsity)
}

/// Refuses keys that only apply to classifiers, and requires those of a language model.
fn language_model(spec: &RunSpec) -> Result<(), Diagnostic> {
    let kind = "a language model";
    let of_texts = "it applies to labelled texts";
    refuse_if_set("reading", !spec.reading.is_plain(), kind, of_texts, "remove it")?;
    let reads = "it reads symbols without an embedding";
    let no_embedding = "remove it, or write `model.kind: classification`";
    refuse_if_set("model.embedding", spec.model.embedding.is_some(), kind, reads, no_embedding)?;
    let no_inputs = "remove it; `vocabulary` has a factor for each input symbol";
    refuse_if_set("sparsity.inputs", !spec.sparsity.inputs.is_none(), kind, "it has no embedding", no_inputs)?;
    let Some(sequence) = spec.train.sequence else {
        return Err(missing("train", "sequence", "35"));
    };
    at_least_one("train.sequence", sequence as u64)?;
    spec.train.carry_state.map(|_| ()).ok_or_else(|| missing("train", "carry_state", "true"))
}

/// Refuses keys that only apply to language models, and requires those of a classifier.
fn classification(spec: &RunSpec) -> Result<(), Diagnostic> {
    let kind = "a classifier";
    let whole = "it reads whole texts from a zero state";
    refuse_if_set(
        "train.sequence",
        spec.train.sequence.is_some(),
        kind,
        whole,
        "remove it; the manifest limits lengths",
    )?;
    refuse_if_set("train.carry_state", spec.train.carry_state.is_some(), kind, whole, "remove it")?;
    let weights = spec.model.output_noise == Some(OutputNoise::Weights);
    let local = "its output noise is always local-reparameterization";
    refuse_if_set("model.output_noise", weights, kind, local, "remove it")?;
    let Some(embedding) = &spec.model.embedding else {
        return Err(missing("model", "embedding", "{ size: 50, vectors: none }"));
    };
    at_least_one("model.embedding.size", embedding.size as u64)?;
    if let Some(scale) = embedding.vectors_scale {
        check("model.embedding.vectors_scale", scale, positive, "above 0, such as 0.35")?;
    }
    name("model.embedding.vectors", &embedding.vectors)
}

/// Why no run with this kind of model has the key; `None` if one may have it.
pub fn unused(kind: ModelKind, key: &str) -> Option<&'static str> {
    let within = |outer: &str| key.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match kind {
        ModelKind::LanguageModel if within("reading") => Some("only labelled texts are read in several ways"),
        ModelKind::LanguageModel if within("model.embedding") || within("sparsity.inputs") => {
            Some("a language model reads symbols without an embedding")
        }
        ModelKind::Classification if within("train.sequence") || within("train.carry_state") => {
            Some("a classifier reads whole texts from a zero state")
        }
        _ => None,
    }
}

fn refuse_if_set(key: &str, there: bool, kind: &str, why: &str, hint: &str) -> Result<(), Diagnostic> {
    if there {
        Err(Diagnostic::new(&dotted(key), format!("{kind} does not use it: {why}"), hint).on_key())
    } else {
        Ok(())
    }
}

fn missing(within: &str, key: &str, such_as: &str) -> Diagnostic {
    Diagnostic::new(&dotted(within), format!("the key `{key}` is missing"), format!("add `{key}: {such_as}`"))
}

/// Refuses names that are not valid folder names on every operating system.
///
/// # Errors
/// A name with characters other than letters, digits, `-`, `_`, `.`, one that begins with `-` or `.`, is empty, or has
/// more than 100 bytes.
pub fn name(key: &str, name: &str) -> Result<(), Diagnostic> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with(['.', '-']) && name.len() <= 100 {
        return Ok(());
    }
    let help = "use letters, digits, `-`, `_` and `.`; it becomes part of a path";
    Err(Diagnostic::new(&dotted(key), format!("`{name}` cannot be the name of a folder"), help))
}

fn model(model: &ModelSpec) -> Result<(), Diagnostic> {
    at_least_one("model.hidden", model.hidden as u64)?;
    check("model.forget_bias", model.forget_bias, f64::is_finite, "a finite number")
}

fn train(train: &TrainSpec) -> Result<(), Diagnostic> {
    at_least_one("train.epochs", train.epochs.into())?;
    at_least_one("train.batch", train.batch as u64)?;
    if let Some(steps) = train.max_steps {
        at_least_one("train.max_steps", steps)?;
    }
    if let Some(norm) = train.clip_norm {
        check("train.clip_norm", norm, positive, "above 0 (remove the key for no clipping)")?;
    }
    let Optimizer::Adam(Adam { lr, beta1, beta2, epsilon }) = train.optimizer;
    check("train.optimizer.adam.lr", lr, positive, "above 0, such as 2e-3")?;
    check("train.optimizer.adam.beta1", beta1, is_fraction, "at least 0 and below 1")?;
    check("train.optimizer.adam.beta2", beta2, is_fraction, "at least 0 and below 1")?;
    check("train.optimizer.adam.epsilon", epsilon, positive, "above 0, such as 1e-8")?;
    rate_schedule(&train.schedule)?;
    warm_up("train.lr_warm_up", train.lr_warm_up, train)?;
    if let Some(kl) = &train.kl {
        check("train.kl.weight", kl.weight, |weight| weight.is_finite() && weight >= 0.0, "0 or more, such as 0.1")?;
        warm_up("train.kl.warm_up", kl.warm_up, train)?;
        leaves_epochs(kl, train)?;
    }
    if let Some(drop_dead) = train.drop_dead {
        at_least_one("train.drop_dead.after", drop_dead.after.into())?;
        let above_pruning = |margin: f64| margin.is_finite() && margin >= LOG_ALPHA_LIMIT;
        let wanted = "3 or more, such as 5: below 3, the limit of pruning, it would drop what counts as live";
        check("train.drop_dead.margin", drop_dead.margin, above_pruning, wanted)?;
    }
    train.early_stop.map_or(Ok(()), |stop| at_least_one("train.early_stop.patience", stop.patience.into()))
}

fn rate_schedule(schedule: &RateSchedule) -> Result<(), Diagnostic> {
    let to_zero = |value: f64| (0.0..=1.0).contains(&value);
    let fraction = "a fraction of the learning rate, 0 to 1, such as 0.01";
    match schedule {
        RateSchedule::Constant => Ok(()),
        RateSchedule::Linear(Decay { to }) => check("train.schedule.linear.to", *to, to_zero, fraction),
        RateSchedule::Cosine(Decay { to }) => check("train.schedule.cosine.to", *to, to_zero, fraction),
        RateSchedule::Step(StepDecay { period, factor }) => {
            at_least_one("train.schedule.step.period", (*period).into())?;
            let within = |value: f64| value > 0.0 && value <= 1.0;
            check("train.schedule.step.factor", *factor, within, "above 0 and at most 1, such as 0.5")
        }
    }
}

/// Refuses a warm-up that is longer than the training. One in steps is checked against `train.max_steps` here, and
/// against the epochs when the number of batches is known.
fn warm_up(key: &str, length: WarmUp, train: &TrainSpec) -> Result<(), Diagnostic> {
    let (length, limit) = match (length, train.max_steps) {
        (WarmUp::Epochs(epochs), _) if epochs > train.epochs => {
            (format!("{epochs} epochs"), format!("`train.epochs` is {}", train.epochs))
        }
        (WarmUp::Steps(steps), Some(most)) if steps > most => {
            (format!("{steps} steps"), format!("`train.max_steps` is {most}"))
        }
        _ => return Ok(()),
    };
    let message = format!("the warm-up of {length} is longer than the training");
    Err(Diagnostic::new(&dotted(key), message, format!("{limit}: shorten the warm-up or train longer")))
}

/// Requires an epoch after the warm-up of the KL term if epochs are compared: those before do not count.
fn leaves_epochs(kl: &Kl, train: &TrainSpec) -> Result<(), Diagnostic> {
    let comparing = match (train.select, train.early_stop) {
        (Select::Best, _) => "train.select: best",
        (Select::Last, Some(_)) => "train.early_stop",
        (Select::Last, None) => return Ok(()),
    };
    match kl.warm_up {
        WarmUp::Epochs(epochs) if epochs >= train.epochs => {
            let message = format!("no epoch is left for `{comparing}` after a warm-up of {epochs} epochs");
            let help = "epochs during the warm-up are not compared: shorten it or raise `train.epochs`";
            Err(Diagnostic::new(&dotted("train.kl.warm_up"), message, help))
        }
        _ => Ok(()),
    }
}

fn sparsity(kind: ModelKind, level: &Sparsity) -> Result<(), Diagnostic> {
    if level.name.trim().is_empty() || level.name.chars().any(|c| c.is_control() || c == ',' || c == '=') {
        let help = "give the level a short name without `,` and `=`";
        return Err(Diagnostic::new(
            &dotted("sparsity.name"),
            format!("`{}` cannot be a level's name", level.name),
            help,
        ));
    }
    baselines(level)?;
    match presets::level(kind, &level.name) {
        Some(preset) if preset != *level => {
            let message = format!("`{}` is the name of a preset with other values", level.name);
            let help = format!("give the level another name, or write `sparsity: {}`", level.name);
            Err(Diagnostic::new(&dotted("sparsity.name"), message, help))
        }
        _ => Ok(()),
    }
}

/// Checks the baselines: at most one of them, and none together with a log-uniform prior.
fn baselines(level: &Sparsity) -> Result<(), Diagnostic> {
    let variational = level.is_variational();
    for (key, there) in [("magnitude", level.magnitude.is_some()), ("group_lasso", level.group_lasso.is_some())] {
        if there && variational {
            let message = "a baseline cannot be combined with a log-uniform prior";
            return Err(Diagnostic::new(&dotted(&format!("sparsity.{key}")), message, "define two levels"));
        }
    }
    if level.magnitude.is_some() && level.group_lasso.is_some() {
        let message = "a level has one baseline, not `magnitude` and `group_lasso`";
        return Err(Diagnostic::new(&dotted("sparsity"), message, "define two levels"));
    }
    if let Some(magnitude) = &level.magnitude {
        let within = |value: f64| value > 0.0 && is_fraction(value);
        check("sparsity.magnitude.share", magnitude.share, within, "above 0 and below 1, such as 0.9")?;
        check(
            "sparsity.magnitude.begin",
            magnitude.begin,
            is_fraction,
            "a share of the run's steps, at least 0 and below 1",
        )?;
        check("sparsity.magnitude.end", magnitude.end, |end| end > 0.0 && end <= 1.0, "above 0 and at most 1")?;
        at_least_one("sparsity.magnitude.every", magnitude.every)?;
        if magnitude.begin >= magnitude.end {
            let message = format!("pruning begins at {} and ends at {}", magnitude.begin, magnitude.end);
            return Err(Diagnostic::new(&dotted("sparsity.magnitude"), message, "make `end` larger than `begin`"));
        }
    }
    match &level.group_lasso {
        Some(lasso) => check("sparsity.group_lasso.strength", lasso.strength, positive, "above 0, such as 1"),
        None => Ok(()),
    }
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn is_fraction(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

fn at_least_one(key: &str, value: u64) -> Result<(), Diagnostic> {
    if value >= 1 { Ok(()) } else { Err(Diagnostic::new(&dotted(key), "0 is too small", "write 1 or more")) }
}

fn check(key: &str, value: f64, holds: fn(f64) -> bool, wanted: &str) -> Result<(), Diagnostic> {
    if holds(value) {
        return Ok(());
    }
    Err(Diagnostic::new(&dotted(key), format!("{value} is out of range"), format!("it must be {wanted}")))
}

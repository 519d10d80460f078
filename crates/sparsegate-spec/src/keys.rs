//! The keys of a run, for overrides, sweeps and filters.

/// All dotted keys that can be overridden, swept over or filtered by, in the order of the file.
pub const KEYS: &[&str] = &[
    "task",
    "dataset",
    "reading",
    "reading.lose_first_row",
    "reading.shift_ids",
    "model.kind",
    "model.cell",
    "model.hidden",
    "model.embedding",
    "model.embedding.size",
    "model.embedding.vectors",
    "model.embedding.vectors_scale",
    "model.gate_activation",
    "model.init",
    "model.forget_bias",
    "model.output_noise",
    "train.epochs",
    "train.batch",
    "train.sequence",
    "train.carry_state",
    "train.optimizer",
    "train.optimizer.adam.lr",
    "train.optimizer.adam.beta1",
    "train.optimizer.adam.beta2",
    "train.optimizer.adam.epsilon",
    "train.clip_norm",
    "train.max_steps",
    "train.kl",
    "train.kl.weight",
    "train.kl.warm_up",
    "train.schedule",
    "train.schedule.linear.to",
    "train.schedule.cosine.to",
    "train.schedule.step.period",
    "train.schedule.step.factor",
    "train.lr_warm_up",
    "train.select",
    "train.early_stop",
    "train.early_stop.patience",
    "train.drop_dead",
    "train.drop_dead.after",
    "train.drop_dead.margin",
    "train.drop_dead.preactivations",
    "train.start_from",
    "sparsity",
    "sparsity.name",
    "sparsity.weights",
    "sparsity.vocabulary",
    "sparsity.inputs",
    "sparsity.neurons",
    "sparsity.gates",
    "sparsity.output",
    "sparsity.magnitude",
    "sparsity.magnitude.share",
    "sparsity.magnitude.begin",
    "sparsity.magnitude.end",
    "sparsity.magnitude.every",
    "sparsity.group_lasso",
    "sparsity.group_lasso.strength",
    "seed",
    "backend",
];

/// The full name of a key given by its last part, such as `model.hidden` for `hidden`. For a dotted key, how to write
/// it in a file, such as `model: { hidden: ... }`.
pub fn full_name(last: &str) -> Option<String> {
    if let Some((outer, inner)) = last.split_once('.')
        && KEYS.contains(&last)
    {
        return Some(format!("{outer}: {{ {inner}: ... }}"));
    }
    KEYS.iter().find(|key| key.rsplit_once('.').is_some_and(|(_, end)| end == last)).map(|key| (*key).to_owned())
}

/// The keys whose last part is `given`.
pub fn ending_in(given: &str) -> Vec<&'static str> {
    KEYS.iter().copied().filter(|key| key.rsplit('.').next() == Some(given)).collect()
}

/// The full key for `given`: the key of that name, or else the only key with that last part.
pub fn resolve(given: &str) -> Option<&'static str> {
    KEYS.iter().copied().find(|key| *key == given).or_else(|| {
        let mut matching = KEYS.iter().copied().filter(|key| key.rsplit('.').next() == Some(given));
        matching.next().filter(|_| matching.next().is_none())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_resolve_when_unique() {
        assert_eq!(resolve("cell"), Some("model.cell"));
        assert_eq!(resolve("lr"), Some("train.optimizer.adam.lr"));
        assert_eq!(resolve("sparsity"), Some("sparsity"));
        assert_eq!(resolve("hiden"), None);
    }
}

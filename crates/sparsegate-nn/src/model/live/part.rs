//! The words, dimensions or units of a network that are still trained.

use sparsegate_core::trainer::NamedTensor;

/// The parts of one kind that have not been removed, and for how many epochs each has been noise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Name of the kind in checkpoints.
    name: &'static str,
    /// How many the whole network has.
    pub(super) total: usize,
    /// Indices of those not removed, ascending.
    pub(super) kept: Vec<u32>,
    /// For each of them, the epochs in a row after which it was noise.
    noise: Vec<u32>,
}

impl Parts {
    /// All parts of a whole network.
    pub(super) fn all(name: &'static str, total: usize) -> Self {
        Self { name, total, kept: (0..total as u32).collect(), noise: vec![0; total] }
    }

    /// Counts another epoch after which those with `live`, by index, were not noise, and removes the parts that have
    /// been noise for `after` epochs in a row. One part always stays, since a tensor cannot be empty. Returns the
    /// places of the parts that stay, if not all do.
    pub(super) fn judge(&mut self, live: &[bool], after: u32) -> Option<Vec<usize>> {
        for (noise, index) in self.noise.iter_mut().zip(&self.kept) {
            *noise = if live[*index as usize] { 0 } else { (*noise + 1).min(after) };
        }
        let mut stay: Vec<usize> = (0..self.kept.len()).filter(|place| self.noise[*place] < after).collect();
        if stay.is_empty() {
            stay.push(0);
        }
        if stay.len() == self.kept.len() {
            return None;
        }
        self.kept = stay.iter().map(|place| self.kept[*place]).collect();
        self.noise = stay.iter().map(|place| self.noise[*place]).collect();
        Some(stay)
    }

    /// Removes the parts for which `stays` is false of their index, unless these are all. Returns the places of the
    /// parts that stay, if not all do.
    pub(super) fn retain(&mut self, stays: impl Fn(u32) -> bool) -> Option<Vec<usize>> {
        let stay: Vec<usize> = (0..self.kept.len()).filter(|place| stays(self.kept[*place])).collect();
        if stay.is_empty() || stay.len() == self.kept.len() {
            return None;
        }
        self.kept = stay.iter().map(|place| self.kept[*place]).collect();
        self.noise = stay.iter().map(|place| self.noise[*place]).collect();
        Some(stay)
    }

    fn names(&self) -> [String; 2] {
        [format!("drop_dead/{}/kept", self.name), format!("drop_dead/{}/noise_epochs", self.name)]
    }

    /// The form in which checkpoints store it. Whole numbers below 2^24 are exact in single precision.
    pub(super) fn state(&self) -> [NamedTensor; 2] {
        let [kept, noise] = self.names();
        [whole_numbers(kept, &self.kept), whole_numbers(noise, &self.noise)]
    }

    /// The parts that a checkpoint stores, of a network of the same full size.
    ///
    /// # Errors
    /// The name of a tensor that is missing, and what is wrong with one that is not a list of parts.
    pub(super) fn restored(&self, tensors: &[NamedTensor]) -> Result<Self, String> {
        let [kept_name, noise_name] = self.names();
        let kept = read_whole_numbers(tensors, &kept_name)?;
        let ascending = kept.windows(2).all(|pair| pair[0] < pair[1]);
        if kept.is_empty() || !ascending || kept.last().is_some_and(|last| *last as usize >= self.total) {
            return Err(format!("{kept_name} is no ascending list of indices below {}", self.total));
        }
        let noise = read_whole_numbers(tensors, &noise_name)?;
        if noise.len() != kept.len() {
            return Err(format!("{noise_name} has {} values, not the {} of {kept_name}", noise.len(), kept.len()));
        }
        Ok(Self { kept, noise, ..*self })
    }
}

/// A list of whole numbers as a tensor.
pub(super) fn whole_numbers(name: String, values: &[u32]) -> NamedTensor {
    NamedTensor { name, shape: vec![values.len()], values: values.iter().map(|value| *value as f32).collect() }
}

/// The whole numbers of the tensor `name`.
///
/// # Errors
/// The tensor is missing, is no list, or has other values.
pub(super) fn read_whole_numbers(tensors: &[NamedTensor], name: &str) -> Result<Vec<u32>, String> {
    let found = tensors.iter().find(|tensor| tensor.name == name).ok_or_else(|| format!("{name} is missing"))?;
    if found.shape != [found.values.len()] {
        return Err(format!("{name} has shape {:?}, but {} values", found.shape, found.values.len()));
    }
    let whole = |value: &f32| (0.0..16_777_216.0).contains(value) && value.fract() == 0.0;
    match found.values.iter().find(|value| !whole(value)) {
        Some(value) => Err(format!("{name} has a value {value} that is no whole number")),
        None => Ok(found.values.iter().map(|value| *value as u32).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_noise_of_epochs_in_a_row_is_dropped() {
        let mut parts = Parts::all("words", 4);
        assert_eq!(parts.judge(&[true, false, false, true], 2), None);
        // The third was live again in between.
        assert_eq!(parts.judge(&[true, false, true, false], 2), Some(vec![0, 2, 3]));
        assert_eq!(parts.kept, [0, 2, 3]);
        assert_eq!(parts.judge(&[true, true, false, false], 2), Some(vec![0, 1]));
        assert_eq!(parts.judge(&[true, true, false, true], 2), Some(vec![0]));
        assert_eq!(parts.kept, [0]);
    }

    #[test]
    fn one_part_always_stays() {
        let mut parts = Parts::all("units", 3);
        assert_eq!(parts.judge(&[false; 3], 1), Some(vec![0]));
        assert_eq!(parts.judge(&[false; 3], 1), None);
        assert_eq!((parts.kept.as_slice(), parts.total), ([0].as_slice(), 3));
    }

    #[test]
    fn what_is_stored_comes_back_and_damage_is_named() {
        let mut parts = Parts::all("words", 5);
        parts.judge(&[true, false, false, true, true], 2);
        parts.judge(&[true, false, true, true, false], 2);
        let stored = parts.state().to_vec();
        assert_eq!(Parts::all("words", 5).restored(&stored).as_ref(), Ok(&parts));
        let refused = |change: &dyn Fn(&mut Vec<NamedTensor>)| {
            let mut bad = stored.clone();
            change(&mut bad);
            Parts::all("words", 5).restored(&bad).unwrap_err()
        };
        assert_eq!(refused(&|bad| drop(bad.remove(0))), "drop_dead/words/kept is missing");
        let list = "drop_dead/words/kept is no ascending list of indices below 5";
        assert_eq!(refused(&|bad| bad[0].values[3] = 5.0), list);
        assert_eq!(refused(&|bad| bad[0].values.swap(0, 1)), list);
        assert_eq!(refused(&|bad| bad[0] = whole_numbers(bad[0].name.clone(), &[])), list);
        assert_eq!(
            refused(&|bad| bad[0].values[0] = 0.5),
            "drop_dead/words/kept has a value 0.5 that is no whole number"
        );
        assert_eq!(
            refused(&|bad| bad[0].values[0] = f32::NAN),
            "drop_dead/words/kept has a value NaN that is no whole number"
        );
        assert_eq!(refused(&|bad| bad[0].shape[0] = 7), "drop_dead/words/kept has shape [7], but 4 values");
        let short = "drop_dead/words/noise_epochs has 1 values, not the 4 of drop_dead/words/kept";
        assert_eq!(refused(&|bad| bad[1] = whole_numbers(bad[1].name.clone(), &[0])), short);
    }
}

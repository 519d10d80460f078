//! Suggests the nearest known name for a misspelt one.

/// The known name nearest to `name`, if it is near enough to be a likely correction.
///
/// The case-insensitive Damerau-Levenshtein distance must be at most a third of the longer name's length (or at most
/// two, if that is more) and less than that length. The case-sensitive Jaro-Winkler similarity breaks ties.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let length = lower.chars().count();
    // A name of another length is no slip of the finger, and the distance to a very long one takes long.
    let is_alike = |candidate: &&str| {
        let other = candidate.chars().count();
        length.abs_diff(other) <= (length.max(other) / 3).max(2)
    };
    known
        .into_iter()
        .filter(is_alike)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            let longer = length.max(candidate.chars().count());
            *distance <= (longer / 3).max(2) && *distance < longer
        })
        .min_by(|(a, left), (b, right)| {
            let alike = |candidate: &str| strsim::jaro_winkler(name, candidate);
            a.cmp(b).then_with(|| alike(right).total_cmp(&alike(left)))
        })
        .map(|(_, candidate)| candidate)
}

/// A hint such as `` did you mean `x`? known keys: `a`, `b` ``, without the question if no known name is near.
pub fn hint(name: &str, what: &str, known: &[&str]) -> String {
    let list = list(known.iter().copied());
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {what}: {list}"),
        None => format!("{what}: {list}"),
    }
}

/// The names in backticks, separated by commas.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_of_the_finger_and_of_case_but_not_strangers() {
        let known = ["hidden", "cell", "W+G+N", "W+N"];
        assert_eq!(nearest("hiden", known), Some("hidden"));
        assert_eq!(nearest("w+g+n", known), Some("W+G+N"));
        assert_eq!(nearest("W+GN", known), Some("W+G+N"));
        assert_eq!(nearest("optimizer", known), None);
    }
}

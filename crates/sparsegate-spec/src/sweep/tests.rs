use proptest::prelude::*;

use super::*;
use crate::de::from_node;

fn expand(text: &str) -> Result<Vec<String>, String> {
    let node: Node = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let sweep: SweepSpec = from_node(&node).map_err(|diagnostic| diagnostic.message())?;
    let points = sweep.points(&[]).map_err(|diagnostic| diagnostic.message())?;
    let show = |point: SweepPoint| point.iter().map(|a| a.value.label()).collect::<Vec<_>>().join(" ");
    Ok(points.into_iter().map(show).collect())
}

#[test]
fn product_varies_its_first_key_slowest() {
    let points = expand("product: { sparsity: [W, W+N], seed: [0, 1] }");
    assert_eq!(points, Ok(["W 0", "W 1", "W+N 0", "W+N 1"].map(String::from).to_vec()));
}

#[test]
fn zip_goes_in_step_and_joins_with_product() {
    let points = expand("{ zip: { model.hidden: [8, 16], train.batch: [4, 2] }, product: { seed: [0, 1] } }");
    assert_eq!(points, Ok(["0 8 4", "0 16 2", "1 8 4", "1 16 2"].map(String::from).to_vec()));
    let unequal = expand("zip: { seed: [0, 1], train.batch: [4] }");
    assert_eq!(unequal, Err("`zip.train.batch`: 1 values, but `seed` has 2".to_owned()));
}

#[test]
fn concat_keeps_order_and_where_exclude_include_follow() {
    let points = expand(
        "concat: [ { product: { sparsity: [dense], seed: [0] } }, { product: { sparsity: [W, W+N], seed: [0, 1] } } ]\n\
         where: { sparsity: [dense, W] }\nexclude: [ { sparsity: W, seed: 0 } ]\ninclude: [ { sparsity: W+Voc } ]",
    );
    assert_eq!(points, Ok(["dense 0", "W 1", "W+Voc"].map(String::from).to_vec()));
}

#[test]
fn keys_may_be_shortened_also_in_filters() {
    let points = expand("{ product: { cell: [lstm, gru], model.hidden: [4, 8] }, exclude: [ { hidden: 4 } ] }");
    assert_eq!(points, Ok(["lstm 8", "gru 8"].map(String::from).to_vec()));
    let points = expand("{ product: { task: [a, b], dataset: [c] }, where: { task: b } }");
    assert_eq!(points, Ok(vec!["b c".to_owned()]));
}

#[test]
fn refuses_what_cannot_be_meant() {
    let cases = [
        ("{}", "no runs are left in this sweep"),
        ("product: {}", "`product`: nothing to sweep over"),
        ("product: { seed: [] }", "`product.seed`: an empty list of values"),
        ("product: { seed: [1, 1] }", "`product.seed[1]`: `1` is listed twice"),
        ("product: { seeds: [1] }", "`product.seeds`: not a key of a run"),
        ("product: { to: [0.5] }", "`product.to`: not a key of a run"),
        (
            "product: { cell: [lstm], model.cell: [gru] }",
            "`product.model.cell[0]`: `model.cell` and `model.cell` are both assigned in one point",
        ),
        ("product: { seed: 0 }", "`product.seed`: expected a list, found the number 0"),
        (
            "{ product: { seed: [0] }, zip: { seed: [1] } }",
            "`zip.seed[0]`: `seed` and `seed` are both assigned in one point",
        ),
        (
            "product: { sparsity: [W], sparsity.gates: [none] }",
            "`product.sparsity.gates[0]`: `sparsity` and `sparsity.gates` are both assigned in one point",
        ),
        ("{ product: { seed: [0] }, exclude: [ { seed: 3 } ] }", "`exclude[0].seed`: no run of the sweep has `3`"),
        (
            "{ product: { seed: [0] }, where: { backend: flex } }",
            "`where.backend`: not a key that this sweep sweeps over",
        ),
        ("{ product: { seed: [0] }, exclude: [ { seed: 0 } ] }", "no runs are left in this sweep"),
        ("prodct: { seed: [0] }", "unknown key `prodct`"),
    ];
    for (text, message) in cases {
        assert_eq!(expand(text), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn refuses_a_sweep_too_large_to_be_meant() {
    let values = (0..101).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let text = format!("product: {{ seed: [{values}], train.batch: [{values}] }}");
    assert_eq!(expand(&text), Err("`product`: more than 10000 runs".to_owned()));
}

#[test]
fn a_concat_too_large_to_be_meant_is_not_expanded_to_its_end() {
    let values = (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let hundred = format!("{{ product: {{ seed: [{values}] }} }}, ");
    let concat = |count: usize| format!("concat: [ {}{{ product: {{ seeds: [1] }} }} ]", hundred.repeat(count));
    assert_eq!(expand(&concat(100)), Err("`concat[100].product.seeds`: not a key of a run".to_owned()));
    assert_eq!(expand(&concat(101)), Err("`concat`: more than 10000 runs".to_owned()));
}

proptest! {
    #[test]
    fn product_has_the_product_of_the_lengths_and_exclude_drops_exactly_one_row(a in 2_usize..6, b in 1_usize..6) {
        let axis = |n: usize| (0..n).map(|v| v.to_string()).collect::<Vec<_>>().join(", ");
        let product = format!("product: {{ seed: [{}], train.batch: [{}] }}", axis(a), axis(b));
        let all = expand(&product).map_err(TestCaseError::fail)?;
        prop_assert_eq!(all.len(), a * b);
        let fewer = expand(&format!("{product}\nexclude: [ {{ seed: 0 }} ]")).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&fewer[..], &all[b..]);
        let kept = expand(&format!("{product}\nwhere: {{ seed: 0 }}")).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&kept[..], &all[..b]);
    }
}

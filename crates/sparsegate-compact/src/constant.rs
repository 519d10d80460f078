//! Whether a compact model gives the same answer for every text. (The values of constant *gates* are elsewhere:
//! `sparsegate_runtime` computes them from the biases when it packs a model.)

use sparsegate_runtime::Model;
use sparsegate_runtime::model::Task;
use sparsegate_store::format::Collapse;

use super::details::Details;
use super::prediction::classify;
use super::session::Session;

/// A sentence without a full stop that says that the model's answers do not depend on what it reads; `None` if they do,
/// as far as can be told.
///
/// A model without hidden units is recognised by its structure. For others the file holds what was seen in training, if
/// the run ended as collapsed; `details` is the metadata of the file.
#[must_use]
pub fn constant_answer(model: &Model<f32>, details: Option<&Details>) -> Option<String> {
    let collapse = details.and_then(|details| details.run.collapse.as_ref());
    if model.units() == 0 {
        let answer = match model.task {
            Task::LanguageModel => "it gives the same probabilities whatever it reads".to_owned(),
            Task::Classification => {
                let class = classify(&mut Session::reference(model), &[]).ok()?.class;
                let name = details.and_then(|details| details.classes.get(class)).cloned();
                let name = name.unwrap_or_else(|| class.to_string());
                format!("it predicts the class `{name}` whatever it reads")
            }
        };
        return Some(format!("nothing is left of this network, so that {answer}"));
    }
    match collapse? {
        Collapse::NothingLeft => Some("nothing is left of this network, so that it ignores what it reads".to_owned()),
        Collapse::OneClass { class } => Some(format!(
            "this model predicts the class `{class}` whatever it reads: it did so for every validation text in training"
        )),
        Collapse::NotLearning => {
            Some("this model has learned nothing: its validation metric never rose above that of a guess".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use sparsegate_data::manifest::Reader;
    use sparsegate_runtime::model::Sizes;
    use sparsegate_runtime::synthetic::ModelShape;
    use sparsegate_runtime::{Activation, CellKind};
    use sparsegate_spec::types::Reading;

    use super::*;
    use crate::details::{DETAILS_FORMAT, ModelOrigin, WordsOf};

    fn model(task: Task) -> Model<f32> {
        let sizes = Sizes { symbols: 4, dimensions: 2, units: 3, outputs: 1 };
        ModelShape::dense(CellKind::Lstm, Activation::Sigmoid, task, sizes).model(1)
    }

    fn details(collapse: Option<Collapse>) -> Details {
        Details {
            format: DETAILS_FORMAT,
            run: ModelOrigin {
                experiment: "x".into(),
                key: "0123456789abcdef".into(),
                dataset: "d".into(),
                sparsity: "W".into(),
                metric: "accuracy".into(),
                test: 0.5,
                collapse,
            },
            reader: Reader::PtbWords,
            reading: Reading::default(),
            words_of: WordsOf::All,
            words: Vec::new(),
            unknown: None,
            start: None,
            classes: vec!["bad".into(), "good".into()],
        }
    }

    #[test]
    fn the_mark_of_a_run_is_said() {
        let model = model(Task::Classification);
        assert_eq!(constant_answer(&model, None), None);
        assert_eq!(constant_answer(&model, Some(&details(None))), None);
        let one = Collapse::OneClass { class: "bad".into() };
        let said = constant_answer(&model, Some(&details(Some(one)))).unwrap();
        assert!(said.contains("predicts the class `bad` whatever it reads"), "{said}");
        let said = constant_answer(&model, Some(&details(Some(Collapse::NotLearning)))).unwrap();
        assert!(said.contains("has learned nothing"), "{said}");
    }

    #[test]
    fn marks_are_stored_only_for_collapsed_runs() {
        assert!(!serde_json::to_string(&details(None)).unwrap().contains("collapse"));
        let json = serde_json::to_string(&details(Some(Collapse::NotLearning))).unwrap();
        assert_eq!(serde_json::from_str::<Details>(&json).unwrap().run.collapse, Some(Collapse::NotLearning));
    }
}

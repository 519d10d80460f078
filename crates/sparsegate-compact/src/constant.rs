//! Whether a compact model answers the same whatever it reads.

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

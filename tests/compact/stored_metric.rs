//! The compact file that training stores reaches the same metric as the run, over the whole test set,
//! and stays within 0.5 % of it with 8-bit weights, or within 0.5 points of accuracy.
#![cfg(unix)]

use sparsegate_compact::{Details, WordsOf, evaluate};
use sparsegate_data::{Sources, eval_batches};
use sparsegate_runtime::format::File;
use sparsegate_runtime::int8::IntegerProducts;
use sparsegate_runtime::runtime::{Options, Runtime};
use sparsegate_store::{RunDir, runs};
use sparsegate_testing::Project;
use sparsegate_testing::every_cell::{self, RUNS_PER_TASK, TASKS};

/// A project in which every cell is trained for both tasks, and its runs.
pub fn trained() -> (Project, Vec<RunDir>) {
    let project = every_cell::trained();
    let all: Vec<RunDir> = TASKS.iter().flat_map(|task| runs(&project.root, task).unwrap()).collect();
    assert_eq!(all.len(), TASKS.len() * RUNS_PER_TASK);
    (project, all)
}

#[test]
fn a_stored_model_reaches_the_metric_of_its_run() {
    let (project, runs) = trained();
    let root = &project.root;
    for run in runs {
        let record = run.record().unwrap().unwrap();
        let file = File::read(&run.compact().unwrap().expect("a run that is done has a compact file")).unwrap();
        let details: Details = serde_json::from_str(&file.details).unwrap();
        let sources = Sources::load(root, &record.spec.dataset, [&record.spec]).unwrap();
        let corpus = sparsegate_data::load(root, &sources.dataset, record.spec.reading).unwrap();
        let [_, test] = eval_batches(&corpus, &record.spec.train).unwrap();
        let found = corpus.unit.value(&evaluate(
            &Runtime::new(&file.model, &Options::default()).unwrap(),
            corpus.classes().is_some(),
            test.as_ref(),
        ));
        assert!((found - details.run.test).abs() < 1e-5 * found, "{found} {} {:?}", details.run.test, record.spec);
        // 8-bit weights, as they are chosen, and with every product in integers, although these networks are small.
        let all = IntegerProducts { recurrent: true, output: true };
        for int8 in [file.model.to_int8(), file.model.to_int8_with(all)] {
            let runtime = Runtime::new(&int8, &Options::default()).unwrap();
            let rounded = corpus.unit.value(&evaluate(&runtime, corpus.classes().is_some(), test.as_ref()));
            // A perplexity relative to its value; an accuracy in points, of which one text of 333 is 0.3.
            let change = (rounded - found).abs() / if corpus.classes().is_some() { 1.0 } else { found };
            assert!(change <= 0.005, "{rounded} instead of {found}: {change}, {:?}", record.spec);
        }
        assert_eq!(details.classes.len(), corpus.classes().unwrap_or(0));
        let words =
            if details.words_of == WordsOf::All { corpus.vocabulary.len() } else { file.model.symbols.stored.len() };
        assert_eq!(details.words.len(), words);
    }
}

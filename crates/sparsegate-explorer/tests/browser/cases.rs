//! Models with random weights and texts that are hard to split, with what the program makes of them.

use camino::Utf8Path;
use libtest_mimic::Failed;
use serde_json::{Value, json};
use sparsegate_compact::{
    CompactModel, DETAILS_FORMAT, Details, Generation, ModelOrigin, Sampler, Session, WordsOf, classify, explain,
    predict_next,
};
use sparsegate_data::manifest::Reader;
use sparsegate_data::{Draws, START, UNKNOWN};
use sparsegate_explorer::{ExplorerRun, page};
use sparsegate_runtime::format::File;
use sparsegate_runtime::matrix::MatrixData;
use sparsegate_runtime::model::{Sizes, Task};
use sparsegate_runtime::synthetic::{ModelShape, WeightCounts};
use sparsegate_runtime::{Activation, Cell, Matrix, Model, reference};
use sparsegate_spec::types::Reading;

use sparsegate_testing::formulas;

/// Texts of each model.
const TEXTS: usize = 500;
/// Of these, the first are also compared in double precision and explained.
const EXACT: usize = 40;

/// Words of the vocabularies; some are spelled like special symbols.
const WORDS: [&str; 24] = [
    "the",
    "a",
    "captain",
    "film",
    "good",
    "bad",
    "not",
    "it's",
    "it",
    "s",
    "é_1",
    "straße",
    "ὀδυσσεύς",
    "i̇x",
    "1999",
    ".",
    "br",
    "味",
    "道",
    "<pad>",
    "</script>",
    "<b>",
    "x\u{301}",
    "don't",
];
/// What texts have besides words.
const OTHERS: [&str; 22] = [
    "zebra",
    "GOOD",
    "The",
    "É_1",
    "ὈΔΥΣΣΕΎΣ",
    "İx",
    "good,bad",
    "<br />",
    "<unk>",
    "<start>",
    "<eos>",
    "_",
    "(1999)",
    "\u{feff}a",
    "a\u{85}b",
    "\u{1f44d}\u{1f3fd}",
    "味道",
    "n't!?",
    "a\u{a0}film",
    "\r",
    "-",
    "\u{2028}",
];
const BLANKS: [&str; 9] = [" ", " ", " ", " ", "  ", "\t", "\n", "\r\n", " \n"];

fn language_readers() -> Vec<(Value, &'static str)> {
    let planted = json!({ "seed": 1, "train": 1, "valid": 1, "test": 1 });
    vec![
        (json!("ptb-words"), "perplexity"),
        (json!("ptb-characters"), "bits_per_char"),
        (json!({ "plain-text": { "unit": "word", "lower": true, "tokens": { "split": r"[^\w']+" } } }), "perplexity"),
        (json!({ "plain-text": { "unit": "word", "tokens": "keras", "line_ends": false } }), "perplexity"),
        (json!({ "plain-text": { "unit": "character", "lower": true } }), "bits_per_char"),
        (json!({ "planted-words": planted }), "perplexity"),
        (json!({ "planted-characters": planted }), "bits_per_char"),
    ]
}

fn text_readers() -> Vec<Value> {
    let texts = |rules: Value| {
        let mut all = json!({ "from": { "table": { "format": "csv", "text": "text", "label": "class" } } });
        all.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        json!({ "labelled-texts": all })
    };
    vec![
        texts(json!({ "tokens": "keras", "words": 27, "start_symbol": true, "length": 12 })),
        texts(json!({ "tokens": { "split": r"\W+" }, "lower": true })),
        texts(json!({ "tokens": "blanks", "start_symbol": true, "lower": true, "length": 9 })),
        texts(json!({ "tokens": "characters", "lower": true })),
        json!({ "planted-texts": { "seed": 1, "train": 1, "valid": 1, "test": 1 } }),
        texts(json!({ "tokens": { "split": r"(?:[-.,!?()\s]|\d)+" } })),
    ]
}

struct Random(Draws);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        (self.0.unit() * n as f64) as usize
    }

    fn text(&mut self, known: &[String]) -> String {
        (0..self.below(24))
            .map(|_| {
                let word = match self.below(4) {
                    0 => OTHERS[self.below(OTHERS.len())],
                    _ => &known[self.below(known.len())],
                };
                word.to_owned() + if self.below(9) == 0 { "" } else { BLANKS[self.below(BLANKS.len())] }
            })
            .collect()
    }
}

/// The vocabulary: special symbols, then words or characters.
fn vocabulary(reader: &Reader, characters: bool, shift_ids: bool) -> Vec<String> {
    let mut all: Vec<String> = match reader {
        Reader::LabelledTexts(_) if shift_ids => ["<pad>", START, UNKNOWN, "<unused 3>"].map(str::to_owned).to_vec(),
        Reader::LabelledTexts(texts) if texts.start_symbol => [UNKNOWN, START].map(str::to_owned).to_vec(),
        Reader::LabelledTexts(_) | Reader::PlainText(_) => vec![UNKNOWN.to_owned()],
        Reader::PtbWords => ["<eos>", UNKNOWN].map(str::to_owned).to_vec(),
        _ => Vec::new(),
    };
    let symbols: Vec<String> = if characters {
        WORDS.iter().flat_map(|word| word.chars()).chain("\n_ ".chars()).map(String::from).collect()
    } else {
        WORDS.iter().map(ToString::to_string).chain(["<eos>".to_owned()]).collect()
    };
    for symbol in symbols {
        if !all.contains(&symbol) {
            all.push(symbol);
        }
    }
    all
}

fn scale(matrix: &mut Matrix<f32>, factor: f32) {
    let (MatrixData::Dense(values) | MatrixData::Csr { values, .. }) = &mut matrix.storage;
    for value in values {
        *value *= factor;
    }
}

/// A model of this cell; `number` chooses what else there is to choose.
fn model(cell: &Cell, reader: Value, metric: &str, number: usize) -> Result<CompactModel, Failed> {
    let reader: Reader = serde_json::from_value(reader)?;
    let task = if metric == "accuracy" { Task::Classification } else { Task::LanguageModel };
    let characters = metric == "bits_per_char"
        || matches!(&reader, Reader::LabelledTexts(texts) if serde_json::to_value(&texts.tokens)? == "characters");
    let shift_ids = matches!(&reader, Reader::LabelledTexts(texts) if texts.words.is_some());
    let vocabulary = vocabulary(&reader, characters, shift_ids);
    let total = vocabulary.len() as u32;
    let outputs = match task {
        Task::LanguageModel => total,
        Task::Classification => 1 + 2 * (number as u32 % 2),
    };
    let sizes = Sizes { symbols: total, dimensions: 7 * (number as u32 / 2 % 2), units: 12, outputs };
    let activation = [Activation::Sigmoid, Activation::HardSigmoid][number % 2];
    let dense = ModelShape::dense(cell.clone(), activation, task, sizes);
    let dimensions = dense.dimensions.map(|_| 5);
    let shape = ModelShape {
        symbols: total * 2 / 3,
        dimensions,
        units: 10,
        live: match dense.live.len() {
            1 => vec![7],
            kinds => (0..kinds).map(|kind| [10, 6, 3, 0][(kind + number) % 4]).collect(),
        },
        weights: WeightCounts {
            embedding: dimensions.map_or(0, |_| 90),
            input: 150,
            recurrent: 120,
            output: 6 * outputs as usize,
        },
        ..dense
    };
    let mut model: Model<f32> = shape.model(number as u64 + 1);
    // So that the answers depend on what is read.
    scale(&mut model.input, 2.0);
    scale(&mut model.output, 4.0);
    let named = |name: &str| vocabulary.iter().position(|word| word == name).map(|id| id as u32);
    let starts = matches!(&reader, Reader::LabelledTexts(texts) if texts.start_symbol);
    let unknown = named(UNKNOWN);
    let unknown_lives = unknown.is_some_and(|unknown| model.row(unknown).is_some());
    let words_of = if task == Task::LanguageModel || unknown_lives { WordsOf::All } else { WordsOf::Stored };
    let details = Details {
        format: DETAILS_FORMAT,
        run: ModelOrigin {
            experiment: format!("test {number}"),
            key: format!("{number:016x}"),
            dataset: "a <b>data</b> set".to_owned(),
            sparsity: "W+G+N".to_owned(),
            metric: metric.to_owned(),
            test: 0.5,
            collapse: None,
        },
        reader,
        reading: Reading { shift_ids, ..Reading::default() },
        words_of,
        words: match words_of {
            WordsOf::All => vocabulary.clone(),
            WordsOf::Stored => model.symbols.stored.iter().map(|id| vocabulary[*id as usize].clone()).collect(),
        },
        unknown,
        start: named(START).filter(|_| starts),
        classes: if task == Task::LanguageModel {
            Vec::new()
        } else {
            ["bad", "<img src=x onerror=alert(1)>", "good"].map(str::to_owned)[..outputs.max(2) as usize].to_vec()
        },
    };
    let file = File { model, details: serde_json::to_string(&details)? };
    // Through the bytes of a file, as a page has it.
    let file = File::read(&file.write()?)?;
    Ok(CompactModel::new(Utf8Path::new("test"), file)?)
}

/// Every cell, as a language model and as a classifier.
fn models() -> Result<Vec<CompactModel>, Failed> {
    let (languages, texts) = (language_readers(), text_readers());
    let mut all = Vec::new();
    for (index, cell) in formulas::cells().iter().enumerate() {
        let (reader, metric) = &languages[index % languages.len()];
        all.push(model(cell, reader.clone(), metric, 2 * index)?);
        all.push(model(cell, texts[index % texts.len()].clone(), "accuracy", 2 * index + 1)?);
    }
    Ok(all)
}

/// The ids as the page has them.
fn ids(all: &[u32]) -> Vec<i64> {
    all.iter().map(|&id| if id == u32::MAX { -1 } else { i64::from(id) }).collect()
}

/// Probabilities after all symbols, in double precision.
fn exact(model: &Model<f64>, symbols: &[u32]) -> Vec<f64> {
    reference::probabilities(&reference::classify(model, symbols))
}

fn text_case(loaded: &CompactModel, session: &mut Session<'_>, text: &str, exactly: bool) -> Result<Value, Failed> {
    let symbols = loaded.encoder.encode(text);
    let wide = loaded.model.to::<f64>();
    let mut case = json!({ "text": text, "ids": ids(&symbols) });
    let before = loaded.encoder.end().map(|end| loaded.encoder.id(end));
    if loaded.model.task == Task::Classification {
        let answer = classify(session, &symbols)?;
        case["probabilities"] = json!(answer.probabilities);
        case["class"] = json!(answer.class);
        if exactly {
            let all = explain(loaded, session, text, answer.class)?;
            let effects = all.effects.iter().map(|one| json!([one.word, one.times, one.effect]));
            case["effects"] = effects.collect();
        }
    } else {
        let answer = predict_next(loaded, session, &symbols, loaded.model.outputs())?;
        let mut all = vec![0.0; loaded.model.outputs()];
        answer.next.iter().for_each(|(id, probability)| all[*id as usize] = *probability);
        case["probabilities"] = json!(all);
        case["nats"] = json!(answer.nats);
        case["predicted"] = json!(answer.predicted);
    }
    if exactly {
        let read: Vec<u32> = before.into_iter().chain(symbols).collect();
        case["exact"] = json!(exact(&wide, &read));
    }
    Ok(case)
}

/// A text that `generate` writes.
fn written(loaded: &CompactModel, prompt: &str, seed: u64, temperature: f64) -> Result<Value, Failed> {
    let length = 30;
    let mut generation = Generation::new(loaded, Sampler::new(seed, temperature, None));
    let mut text = generation.prompt(prompt);
    for _ in 0..length {
        text += &generation.next_piece()?;
    }
    Ok(json!({ "prompt": prompt, "seed": seed, "temperature": temperature, "length": length, "text": text }))
}

fn write_page(folder: &Utf8Path, models: Vec<CompactModel>, notes: &[String]) -> Result<(), Failed> {
    let runs: Vec<_> = models.into_iter().map(|model| ExplorerRun { model, spec: None, last: None }).collect();
    let page = page("<i>Test</i> & page", Some("What <b>it</b> is"), &runs, notes, u64::MAX)?;
    fs_err::write(folder.join("explore.html"), page.html)?;
    Ok(())
}

/// A page, and in `cases.json` what each of its models makes of its texts.
pub fn numbers(folder: &Utf8Path) -> Result<(), Failed> {
    let models = models()?;
    let mut all = Vec::new();
    for (number, loaded) in models.iter().enumerate() {
        let mut random = Random(Draws::new("texts of the browser test", &[number as u64]));
        let mut session = Session::fast(&loaded.model)?;
        let known: Vec<String> = WORDS.iter().map(ToString::to_string).collect();
        let mut texts = vec![String::new(), " ".to_owned(), "\n".to_owned(), "a".to_owned()];
        texts.resize_with(TEXTS, || random.text(&known));
        let cases = texts.iter().enumerate().map(|(at, text)| text_case(loaded, &mut session, text, at < EXACT));
        let cases = cases.collect::<Result<Vec<_>, _>>()?;
        let mut drawn = Vec::new();
        if loaded.model.task == Task::LanguageModel {
            for (seed, temperature) in [(0, 0.8), (7, 0.0), (4_294_967_301, 1.5)] {
                drawn.push(written(loaded, &texts[4 + drawn.len()], seed, temperature)?);
            }
        }
        let origin = &loaded.details.run;
        all.push(
            json!({ "cell": loaded.model.cell.name(), "metric": origin.metric, "texts": cases, "written": drawn }),
        );
    }
    fs_err::write(folder.join("cases.json"), serde_json::to_vec(&all)?)?;
    write_page(folder, models, &[])
}

/// A page with a language model and a classifier, to be looked at.
pub fn shown(folder: &Utf8Path) -> Result<(), Failed> {
    let (languages, texts) = (language_readers(), text_readers());
    let cells = formulas::cells();
    let models = vec![
        model(&cells[0], languages[0].0.clone(), "perplexity", 2)?,
        model(&cells[1], texts[4].clone(), "accuracy", 1)?,
        // Two runs of one experiment, between which one can switch.
        CompactModel { path: "other".into(), ..model(&cells[0], languages[0].0.clone(), "perplexity", 2)? },
        // A rule that the page does not have.
        model(&cells[3], json!({ "plain-text": { "unit": "word", "tokens": "unicode-words" } }), "perplexity", 4)?,
    ];
    write_page(folder, models, &["a <b>note</b>".to_owned()])
}

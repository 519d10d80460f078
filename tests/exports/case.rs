//! A network with inputs, and the outputs of the reference implementation for them in f64.

use camino::Utf8Path;
use libtest_mimic::Failed;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use sparsegate_export::ExportFormat;
use sparsegate_runtime::format::File;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::reference::{self, State};
use sparsegate_runtime::{Cell, Model};

/// A model and its input sequences.
pub struct Case<'a> {
    pub file: &'a File,
    /// Symbols of each sequence, all of the same length; the id after the last symbol is a step without input.
    pub sequences: Vec<Vec<u32>>,
    /// For a classifier, the length of the text in each sequence.
    pub lengths: Vec<usize>,
    /// Largest deviation, relative to the largest value of an output, if it is not that of rounding.
    pub limit: Option<f64>,
}

/// Tensors of an expected-output file.
#[derive(Default)]
struct Tensors(Vec<(String, Dtype, Vec<usize>, Vec<u8>)>);

impl Tensors {
    fn floats(&mut self, name: impl Into<String>, shape: &[usize], values: &[f64]) {
        self.0.push((
            name.into(),
            Dtype::F64,
            shape.to_vec(),
            values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ));
    }

    fn write(&self, path: &Utf8Path) -> Result<(), Failed> {
        let views = self
            .0
            .iter()
            .map(|(name, dtype, shape, bytes)| Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, Failed>>()?;
        Ok(fs_err::write(path, safetensors::serialize(views, None)?)?)
    }
}

impl Case<'_> {
    /// Writes NAME.onnx and, if PyTorch has the cell and the weights, NAME.safetensors.
    pub fn export(&self, folder: &Utf8Path, name: &str) -> Result<(), Failed> {
        let model = &self.file.model;
        let pytorch = (model.cell.built_in().is_some() && model.int8.is_none()).then_some(ExportFormat::Safetensors);
        for format in [ExportFormat::Onnx].into_iter().chain(pytorch) {
            let path = folder.join(format!("{name}.{}", format.extension()));
            fs_err::write(path, format.write(self.file)?)?;
        }
        Ok(())
    }

    /// Writes NAME.expected.
    pub fn expect(&self, folder: &Utf8Path, name: &str) -> Result<(), Failed> {
        let model = self.file.model.to::<f64>();
        let mut tensors = Tensors::default();
        let (steps, batch) = (self.sequences[0].len(), self.sequences.len());
        let ids = (0..steps).flat_map(|step| self.sequences.iter().map(move |ids| i64::from(ids[step])));
        let ids = ids.flat_map(i64::to_le_bytes).collect();
        tensors.0.push(("ids".into(), Dtype::I64, vec![steps, batch], ids));
        match model.task {
            Task::Classification => self.classified(&model, &mut tensors),
            Task::LanguageModel => self.continued(&model, &mut tensors),
        }
        if let Some(limit) = self.limit {
            tensors.floats("limit", &[1], &[limit]);
        }
        tensors.write(&folder.join(format!("{name}.expected")))
    }

    fn classified(&self, model: &Model<f64>, tensors: &mut Tensors) {
        let (batch, outputs) = (self.sequences.len(), model.outputs());
        let lengths = self.lengths.iter().flat_map(|length| (*length as i32).to_le_bytes()).collect();
        tensors.0.push(("lengths".into(), Dtype::I32, vec![batch], lengths));
        let texts = self.sequences.iter().zip(&self.lengths);
        let logits: Vec<Vec<f64>> = texts.map(|(ids, length)| reference::classify(model, &ids[..*length])).collect();
        let probabilities = logits.iter().flat_map(|logits| reference::probabilities(logits)).collect::<Vec<f64>>();
        let whole = self.sequences.iter().flat_map(|ids| reference::classify(model, ids)).collect::<Vec<f64>>();
        tensors.floats("logits", &[batch, outputs], &logits.concat());
        tensors.floats("probabilities", &[batch, outputs.max(2)], &probabilities);
        tensors.floats("whole.logits", &[batch, outputs], &whole);
    }

    fn continued(&self, model: &Model<f64>, tensors: &mut Tensors) {
        let (steps, batch, outputs) = (self.sequences[0].len(), self.sequences.len(), model.outputs());
        let mut states = vec![State::zero(model); batch];
        let mut logits = || {
            let mut logits = Vec::new();
            for step in 0..steps {
                for (ids, state) in self.sequences.iter().zip(&mut states) {
                    reference::step(model, ids[step], state);
                    logits.extend(reference::outputs(model, state));
                }
            }
            (logits, states.clone())
        };
        let (first, after) = logits();
        tensors.floats("logits", &[steps, batch, outputs], &first);
        let hidden: Vec<f64> = after.iter().flat_map(|state| state.hidden.clone()).collect();
        tensors.floats("h_n", &[1, batch, model.units()], &hidden);
        let further: Vec<String> = match &model.cell {
            Cell::BuiltIn(_) => vec!["c_n".into()],
            Cell::Formula(formula) => formula.states[1..].iter().map(|state| format!("state_{state}_n")).collect(),
        };
        for (state, name) in further.into_iter().enumerate().take(model.cell.states() - 1) {
            let own = |one: &State<f64>| one.cell_state[state * model.units()..][..model.units()].to_vec();
            tensors.floats(name, &[1, batch, model.units()], &after.iter().flat_map(own).collect::<Vec<f64>>());
        }
        tensors.floats("next.logits", &[steps, batch, outputs], &logits().0);
    }
}

//! Reference implementations as contestants; a helper process times them on request.

use std::cell::RefCell;

use super::alternate::Timed;
use crate::exec::TimingHelper;
use sparsegate_store::speed::{Implementation, InputMode};

/// One case of a helper process.
#[derive(Debug)]
pub struct HelperCase<'a, 'p> {
    peer: &'a RefCell<&'p mut TimingHelper>,
    case: String,
    batch: usize,
}

/// The helper processes' names of what they time.
const KINDS: [(Implementation, &str); 6] = [
    (Implementation::PytorchEager, "eager"),
    (Implementation::PytorchCompiled, "compiled"),
    (Implementation::OnnxruntimeDense, "onnx"),
    (Implementation::OnnxruntimeReduced, "reduced"),
    (Implementation::OnnxruntimeInt8, "onnx-int8"),
    (Implementation::OnnxruntimeReducedInt8, "reduced-int8"),
];

impl<'a, 'p> HelperCase<'a, 'p> {
    /// All cases of this mode that `peer` can time, each with the implementation it times.
    pub fn all(peer: &'a RefCell<&'p mut TimingHelper>, mode: InputMode, batch: usize) -> Vec<(Implementation, Self)> {
        let mode = match mode {
            InputMode::Whole => "whole",
            InputMode::Streaming => "streaming",
        };
        let known = |who_and_kind: (Implementation, &str)| {
            let case = format!("{}/{mode}", who_and_kind.1);
            let known = peer.borrow().greeting.cases.contains(&case);
            known.then_some((who_and_kind.0, Self { peer, case, batch }))
        };
        KINDS.into_iter().filter_map(known).collect()
    }
}

impl Timed for HelperCase<'_, '_> {
    fn samples(&mut self, count: usize) -> Result<Vec<f64>, String> {
        self.peer.borrow_mut().time(&self.case, self.batch, count)
    }
}

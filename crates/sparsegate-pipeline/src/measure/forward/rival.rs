//! Reference implementations as contestants; a helper process times them on request.

use std::cell::RefCell;

use super::contest::Contestant;
use crate::exec::Peer;
use sparsegate_store::speed::{Mode, Who};

/// One case of a helper process.
#[derive(Debug)]
pub struct Rival<'a, 'p> {
    peer: &'a RefCell<&'p mut Peer>,
    case: String,
    batch: usize,
}

/// The helper processes' names of what they time.
const KINDS: [(Who, &str); 4] = [
    (Who::PytorchEager, "eager"),
    (Who::PytorchCompiled, "compiled"),
    (Who::OnnxruntimeDense, "onnx"),
    (Who::OnnxruntimeReduced, "reduced"),
];

impl<'a, 'p> Rival<'a, 'p> {
    /// All cases of this mode that `peer` can time, each with the implementation it times.
    pub fn all(peer: &'a RefCell<&'p mut Peer>, mode: Mode, batch: usize) -> Vec<(Who, Self)> {
        let mode = match mode {
            Mode::Whole => "whole",
            Mode::Streaming => "streaming",
        };
        let known = |who_and_kind: (Who, &str)| {
            let case = format!("{}/{mode}", who_and_kind.1);
            let known = peer.borrow().greeting.cases.contains(&case);
            known.then_some((who_and_kind.0, Self { peer, case, batch }))
        };
        KINDS.into_iter().filter_map(known).collect()
    }
}

impl Contestant for Rival<'_, '_> {
    fn samples(&mut self, count: usize) -> Result<Vec<f64>, String> {
        self.peer.borrow_mut().time(&self.case, self.batch, count)
    }
}

//! Cases of another program, which takes its samples when it is told to.

use std::cell::RefCell;

use super::contest::Contestant;
use crate::exec::Peer;
use sparsegate_store::speed::{Mode, Who};

/// A case of a peer.
#[derive(Debug)]
pub struct Rival<'a, 'p> {
    peer: &'a RefCell<&'p mut Peer>,
    case: String,
    batch: usize,
}

/// What peers call what they time.
const KINDS: [(Who, &str); 4] = [
    (Who::PytorchEager, "eager"),
    (Who::PytorchCompiled, "compiled"),
    (Who::OnnxruntimeDense, "onnx"),
    (Who::OnnxruntimeReduced, "reduced"),
];

impl<'a, 'p> Rival<'a, 'p> {
    /// All that `peer` can time of a mode, and what it is.
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

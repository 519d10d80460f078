#!/usr/bin/env python3
"""Compares exported models in ONNX Runtime and in PyTorch to expected outputs.

    scripts/check_exports.py FOLDER

FOLDER has, for each NAME: NAME.onnx, NAME.safetensors if PyTorch has the cell, and NAME.expected. The last is a
safetensors file with the inputs `ids` [steps, batch] and `lengths` [batch], and the outputs in f64. Outputs of a
language model: `logits` and the states (`h_n`, `c_n` or `state_NAME_n`) from zero states, and `next.logits` of the
same ids starting from those states. Outputs of a classifier: `logits` and `probabilities` of the texts, and
`whole.logits` with every text as long as the number of steps. An output may deviate by 1e-5 of the largest value in
its tensor, or by `limit` of it if the file has that. Needs the packages torch, onnxruntime, onnx, safetensors and numpy. The tests in `tests/exports/` write
such a folder.
"""

import pathlib
import sys

import numpy
import onnx
import torch
from safetensors.numpy import load_file

from exported import onnx_session, torch_model

# Of the largest value in a tensor, unless a case has a limit of its own.
LIMIT = 1e-5


class Case:
    """Files of a network, and the largest deviation of its outputs so far."""

    def __init__(self, folder, name):
        self.folder, self.name, self.worst, self.count = folder, name, 0.0, 0
        self.expected = load_file(str(folder / f"{name}.expected"))
        self.limit = float(self.expected.get("limit", [LIMIT])[0])

    def hold(self, where, name, found):
        wanted, found = self.expected[name], numpy.asarray(found, dtype=numpy.float64)
        if found.shape != wanted.shape:
            raise SystemExit(f"{self.name}: {where}: {name} has shape {found.shape}, not {wanted.shape}")
        if not wanted.size:
            return
        off = float(numpy.abs(found - wanted).max() / max(numpy.abs(wanted).max(), 1e-3))
        if not off <= self.limit:
            raise SystemExit(f"{self.name}: {where}: {name} deviates by {off:.1e} of its largest value, above {self.limit}")
        self.worst, self.count = max(self.worst, off), self.count + 1

    def check(self):
        self.onnx()
        # PyTorch has no module for a cell that is described by its formula.
        if (self.folder / f"{self.name}.safetensors").exists():
            with torch.inference_mode():
                self.torch()

    def onnx(self):
        path = self.folder / f"{self.name}.onnx"
        onnx.checker.check_model(str(path), full_check=True)
        session, about = onnx_session(path)
        ids, where = self.expected["ids"], "ONNX Runtime"
        # Both -1 and the id after the last one mean "no input".
        ids = numpy.where((ids == about["symbols"]) & (numpy.arange(len(ids))[:, None] % 2 == 0), -1, ids)

        def run(names, **inputs):
            return dict(zip(names, session.run(names, {"ids": ids, **inputs})))

        if about["task"] == "classification":
            names = ["logits", "probabilities"]
            for name, found in run(names, lengths=self.expected["lengths"]).items():
                self.hold(where, name, found)
            self.hold(where, "whole.logits", run(names)["logits"])
            return
        states = [output.name for output in session.get_outputs() if output.name.endswith("_n")]
        first = run(["logits", *states])
        for name, found in first.items():
            self.hold(where, name, self.without_padding(name, found))
        given = {name[:-1] + "0": first[name] for name in states}
        self.hold(where, "next.logits", run(["logits"], **given)["logits"])

    def torch(self):
        model, about = torch_model(self.folder / f"{self.name}.safetensors")
        ids, where = torch.from_numpy(self.expected["ids"]), "PyTorch"
        if about["task"] == "classification":
            lengths = torch.from_numpy(self.expected["lengths"])
            self.hold(where, "logits", model(ids, lengths=lengths)[0])
            self.hold(where, "whole.logits", model(ids)[0])
            return
        logits, states = model(ids)
        self.hold(where, "logits", logits)
        for name, found in zip(("h_n", "c_n"), states if about["cell"] == "lstm" else [states]):
            self.hold(where, name, self.without_padding(name, found))
        self.hold(where, "next.logits", model(ids, states)[0])

    def without_padding(self, name, found):
        """Removes the padding unit: a network without surviving units is exported with one unit that stays zero."""
        return found[:, :, :self.expected[name].shape[2]]


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        raise SystemExit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    folder = pathlib.Path(sys.argv[1])
    names = sorted(path.stem for path in folder.glob("*.expected"))
    if not names:
        raise SystemExit(f"{folder} has no *.expected")
    torch.set_num_threads(1)
    worst = {}
    outputs = 0
    for name in names:
        case = Case(folder, name)
        case.check()
        outputs += case.count
        worst[case.limit] = max(worst.get(case.limit, (0.0, "none")), (case.worst, name))
    print(f"{len(names)} networks, {outputs} outputs")
    for limit, (off, name) in sorted(worst.items()):
        print(f"largest deviation, of those that may have {limit}: {off:.1e}, in {name}")


if __name__ == "__main__":
    main()

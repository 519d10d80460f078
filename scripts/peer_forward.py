#!/usr/bin/env python3
"""Baselines for the compact model: the forward pass of the dense network in PyTorch or ONNX Runtime.

    scripts/peer_forward.py --task imdb                             every case at batch sizes 1, 32 and 128, all threads
    scripts/peer_forward.py --task word-ptb --threads 1 --reduced word-ptb-1f2e3d4c.onnx
    scripts/peer_forward.py --hidden 512 --symbols 9000 --dimensions 100 --outputs 9000 --steps 50 --language-model
    scripts/peer_forward.py --task imdb --serve                     serve requests of a program that times in turns

Cases are KIND/MODE:

    eager       nn.Embedding, nn.LSTM (or nn.GRU, nn.RNN) and nn.Linear in torch.inference_mode
    compiled    the same with torch.compile
    onnx        the same, exported by PyTorch, run by ONNX Runtime
    reduced     the compact model from `sparsegate export --format onnx` (--reduced FILE), run by ONNX Runtime
    onnx-int8, reduced-int8   with --int8: the dense network quantised by ONNX Runtime's `quantize_dynamic`; and
                the compact model from `sparsegate export --format onnx --int8` (--reduced-int8 FILE)

    whole       one call per batch of whole sequences, from zero states
    streaming   one call per symbol, passing on the states (language models, and eager and onnx of classifiers)

A language model's output layer runs after every symbol, a classifier's after the last. A network without an embedding
reads one-hot vectors, for which nn.LSTM has no efficient implementation. With few symbols the embedding is the identity
instead (char-ptb); with many it is an embedding as wide as the layer (word-ptb). Compiled code needs a C++ compiler;
PyTorch does not compile recurrent layers.

Prints a JSON line per case: microseconds per token, as the median of --samples samples with its 95 % confidence
interval (from order statistics, without assumptions on the distribution). The process is pinned to as many processors
as it has threads. The first calls of a case are not counted. With --serve, each line `time CASE BATCH SAMPLES` on the
standard input is answered by such a line, with all the samples; the first line lists the cases. Needs torch; for onnx
and reduced also onnxruntime and onnx.
"""

import argparse
import io
import itertools
import json
import logging
import math
import os
import pathlib
import statistics
import sys
import tempfile
import time
import warnings

TASKS = {  # sizes of the paper's networks; steps: length of the longest IMDb texts, mean length of AG News texts
    "imdb": dict(symbols=20003, dimensions=300, hidden=128, outputs=1, steps=200, language_model=False),
    "agnews": dict(symbols=20003, dimensions=300, hidden=512, outputs=4, steps=40, language_model=False),
    "char-ptb": dict(symbols=50, dimensions=50, hidden=1000, outputs=50, steps=99, language_model=True),
    "word-ptb": dict(symbols=10000, dimensions=256, hidden=256, outputs=10000, steps=35, language_model=True),
}
LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
# Minimum duration of a sample, reached by repeating the call, so that the clock's resolution does not matter.
SAMPLE_SECONDS = 2e-3
WARM_UP_SECONDS = 0.3
# Pool threads busy-wait for the next call. After this time they sleep and leave the processors to other measurements.
REST_SECONDS = 0.02


def pinned(threads):
    """Pins this process to as many processors as it may use threads; to be called before other threads start."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count()))
    threads = min(threads or len(allowed), len(allowed))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, allowed[:threads])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    return threads, allowed[:threads]


def interval(samples):
    """The median and a confidence interval of at least 95 %: the k-th smallest and k-th largest sample, where k is the
    largest number such that fewer than k of n coin tosses are heads with a probability of at most 2.5 %. For fewer than
    six samples there is no such k, and the smallest and largest sample are used."""
    ordered, n = sorted(samples), len(samples)
    chance, k = 0.0, 0
    while k < n // 2 and (chance := chance + math.comb(n, k) / 2**n) <= 0.025:
        k += 1
    k = max(k, 1)
    return statistics.median(ordered), ordered[k - 1], ordered[n - k]


class Network:
    """The dense network in PyTorch, with random weights, whose values do not affect the time."""

    def __init__(self, a):
        import torch
        self.torch, self.a = torch, a
        torch.manual_seed(0)

        class Module(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = torch.nn.Embedding(a.symbols, a.dimensions)
                self.rnn = getattr(torch.nn, LAYERS[a.cell])(a.dimensions, a.hidden)
                self.output = torch.nn.Linear(a.hidden, a.outputs)

            def forward(self, ids, states=None):
                seen, states = self.rnn(self.embedding(ids), states)
                return self.output(seen if a.language_model else seen[-1]), states

        self.module = Module().eval()
        if a.dimensions == a.symbols:
            torch.nn.init.eye_(self.module.embedding.weight)

    def zeros(self, batch):
        zero = self.torch.zeros(1, batch, self.a.hidden)
        return (zero, zero) if self.a.cell == "lstm" else zero


class Eager:
    """A PyTorch module, by default the network itself."""

    def __init__(self, network, module=None):
        self.network, self.module = network, module or network.module

    def call(self, ids, streaming):
        torch, module = self.network.torch, self.module
        ids = torch.from_numpy(ids)

        def whole():
            with torch.inference_mode():
                return module(ids)[0]

        def stream():
            states = self.network.zeros(ids.shape[1])
            with torch.inference_mode():
                for step in range(len(ids)):
                    logits, states = module(ids[step:step + 1], states)
            return logits

        return stream if streaming else whole


class Onnx:
    """A graph in ONNX Runtime with inputs `ids`, `h_0` and `c_0` and outputs `logits`, `h_n` and `c_n`, or further
    states with the same endings; the states are optional."""

    def __init__(self, model, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        entry = self.session.get_modelmeta().custom_metadata_map.get("sparsegate")
        self.symbols = json.loads(entry)["symbols"] if entry else None
        self.inputs = {value.name: value.shape for value in
                       self.session.get_inputs() + self.session.get_overridable_initializers()}
        self.streams = "h_0" in self.inputs

    def call(self, ids, streaming):
        import numpy
        run = self.session.run
        if self.symbols:
            ids = ids % self.symbols
        given = [name for name in self.inputs if name.endswith("_0")]
        names = [name[:-1] + "n" for name in given]
        zeros = {name: numpy.zeros((1, ids.shape[1], self.inputs[name][2]), numpy.float32) for name in given}

        def whole():
            return run(["logits"], {"ids": ids, **zeros})[0]

        def stream():
            states = zeros
            for step in range(len(ids)):
                logits, *found = run(["logits", *names], {"ids": ids[step:step + 1], **states})
                states = dict(zip(given, found))
            return logits

        return stream if streaming else whole


def exported(network):
    """The dense network exported by PyTorch to ONNX, with its states."""
    torch, a = network.torch, network.a
    names = ["h_0", "c_0"] if a.cell == "lstm" else ["h_0"]

    class Flat(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = network.module

        def forward(self, ids, *states):
            logits, states = self.inner(ids, states if a.cell == "lstm" else states[0])
            return logits, *(states if a.cell == "lstm" else (states,))

    file, ids, zeros = io.BytesIO(), torch.zeros(3, 2, dtype=torch.long), network.zeros(2)
    warnings.simplefilter("ignore")  # It recommends a newer exporter, which needs another package.
    any_size = {"ids": {0: "steps", 1: "batch"}, **{name: {1: "batch"} for name in names}}
    torch.onnx.export(Flat().eval(), (ids, *(zeros if a.cell == "lstm" else (zeros,))), file, input_names=["ids", *names],
                      output_names=["logits", *(name.replace("_0", "_n") for name in names)], dynamic_axes=any_size,
                      opset_version=17, dynamo=False)
    return file.getvalue()


def quantized(model):
    """A network in ONNX with its weights as 8-bit integers and activations quantised when they are computed, which is
    what ONNX Runtime offers for any trained network without data to calibrate it."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    logging.getLogger().setLevel(logging.ERROR)  # It recommends a preprocessing that changes nothing here.
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "int8.onnx")
        quantize_dynamic(onnx.load_from_string(model), str(path), weight_type=QuantType.QInt8)
        return path.read_bytes()


class Peers:
    """The cases that can be timed on this machine."""

    def __init__(self, a):
        import numpy
        self.a, self.numpy, self.missing = a, numpy, {}
        self.kinds, self.calls, self.bytes = {}, {}, {}
        # Symbols of the data set, or random ones.
        self.symbols = (numpy.array(json.loads(pathlib.Path(a.ids).read_text()), numpy.int64) if a.ids
                        else numpy.random.default_rng(0).integers(0, a.symbols, 1 << 16))
        network = self.load("eager", lambda: Network(a))
        if network:
            network.torch.set_num_threads(a.threads)
            self.kinds["eager"] = Eager(network)
            self.load("compiled", lambda: Eager(network, network.torch.compile(network.module)))
            self.load("onnx", lambda: self.same(Onnx(self.file("onnx", exported(network)), a.threads), 1e-4))
            if a.int8:
                # Rounding to 8 bits changes the outputs of random weights by some per cent.
                self.load("onnx-int8", lambda: self.same(
                    Onnx(self.file("onnx-int8", quantized(exported(network))), a.threads), 0.3))
        for kind, path in (("reduced", a.reduced), ("reduced-int8", a.reduced_int8)):
            if path:
                self.load(kind, lambda: Onnx(self.file(kind, pathlib.Path(path).read_bytes()), a.threads))
        self.cases = [f"{kind}/{mode}" for kind, mode in itertools.product(self.kinds, ("whole", "streaming"))
                      if mode == "whole" or self.streams(self.kinds[kind])]
        # PyTorch's network is needed for others, but timed only if it is wanted.
        self.cases = [case for case in self.cases if not a.cases or any(case.startswith(start) for start in a.cases)]

    def load(self, kind, make):
        """Creates a kind of baseline; if that fails, records the reason."""
        if not any(case.startswith(kind) for case in self.a.cases or [kind]) and kind != "eager":
            return None
        try:
            self.kinds[kind] = make()
            return self.kinds[kind]
        except Exception as error:  # Whatever exception a package raises, the other kinds can still be timed.
            self.missing[kind] = f"{type(error).__name__}: {error}".splitlines()[0]
            return None

    def file(self, kind, model):
        self.bytes[kind] = len(model)
        return model

    def same(self, onnx, limit):
        """The exported network, if its outputs agree with those of PyTorch."""
        ids = self.numpy.resize(self.symbols, (3, self.a.steps)).T.copy()
        wanted, found = self.kinds["eager"].call(ids, False)().numpy(), onnx.call(ids, False)()
        off = abs(found - wanted).max() / abs(wanted).max()
        if not off < limit:
            raise ValueError(f"its outputs deviate from PyTorch's by {off:.1e}")
        return onnx

    def streams(self, kind):
        return not isinstance(kind, Onnx) or kind.streams

    def versions(self):
        found = {}
        for name in ("torch", "onnxruntime"):
            if name in sys.modules:
                found[name] = sys.modules[name].__version__
        return found

    def call(self, case, batch):
        """The call of a case after warm-up (the first calls choose kernels and fill caches), and its repetitions per
        sample."""
        if (case, batch) not in self.calls:
            if case not in self.cases:
                raise ValueError(f"unknown case `{case}`; the cases are {', '.join(self.cases)}")
            kind, mode = case.split("/")
            ids = self.numpy.resize(self.symbols, (batch, self.a.steps)).T.copy()
            call = self.kinds[kind].call(ids, mode == "streaming")
            # The first call compiles.
            call()
            start, calls = time.perf_counter(), 0
            while calls < 3 or time.perf_counter() - start < WARM_UP_SECONDS:
                last, calls = time.perf_counter(), calls + 1
                call()
            self.calls[case, batch] = call, max(1, math.ceil(SAMPLE_SECONDS / (time.perf_counter() - last)))
        return self.calls[case, batch]

    def time(self, case, batch, samples):
        """Microseconds per token, one number per sample."""
        call, repeats = self.call(case, batch)
        tokens, found = repeats * batch * self.a.steps, []
        # An extra sample before the first one wakes the threads.
        for sample in range(samples + 1):
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            if sample:
                found.append((time.perf_counter() - start) / tokens * 1e6)
        time.sleep(REST_SECONDS)
        return found


def answer(peers, case, batch, samples, every=False):
    found = peers.time(case, batch, samples)
    median, low, high = interval(found)
    line = dict(case=case, batch=batch, steps=peers.a.steps, threads=peers.a.threads, samples=len(found),
                microseconds=median, low=low, high=high)
    return {**line, "all": found} if every else line


def serve(peers):
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            return
        try:
            if len(words) != 4 or words[0] != "time":
                raise ValueError("the requests are `time CASE BATCH SAMPLES` and `quit`")
            batch, samples = int(words[2]), int(words[3])
            if batch < 1 or samples < 1:
                raise ValueError("batch size and number of samples must be at least 1")
            said = answer(peers, words[1], batch, samples, every=True)
        except ValueError as error:
            said = {"error": str(error)}
        print(json.dumps(said), flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=TASKS, help="sizes of one of the paper's networks")
    parser.add_argument("--cell", choices=LAYERS, default="lstm")
    for size in ("symbols", "dimensions", "hidden", "outputs", "steps"):
        parser.add_argument(f"--{size}", type=int, metavar="N")
    parser.add_argument("--language-model", action=argparse.BooleanOptionalAction)
    parser.add_argument("--reduced", metavar="FILE", help="ONNX file exported by sparsegate, timed in addition to the dense network")
    parser.add_argument("--int8", action="store_true", help="also the dense network with 8-bit weights")
    parser.add_argument("--reduced-int8", metavar="FILE", help="the same as --reduced, with 8-bit weights")
    parser.add_argument("--ids", metavar="FILE", help="JSON list of the symbols to read instead of random ones")
    parser.add_argument("--cases", nargs="+", metavar="CASE", help="only cases whose names start with one of these")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 32, 128])
    parser.add_argument("--threads", type=int, help="number of threads and processors (default: all that this process may use)")
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--serve", action="store_true", help="read requests from the standard input")
    a = parser.parse_args()
    for name, value in TASKS.get(a.task, {}).items():
        if getattr(a, name) is None:
            setattr(a, name, value)
    lacking = [name for name in ("symbols", "dimensions", "hidden", "outputs", "steps") if not getattr(a, name)]
    if lacking:
        parser.error("give --task or all sizes; missing: " + ", ".join(f"--{name}" for name in lacking))
    return a


def main():
    a = arguments()
    a.threads, processors = pinned(a.threads)
    peers = Peers(a)
    said = dict(task=a.task, cell=a.cell, threads=a.threads, processors=processors, cases=peers.cases,
                missing=peers.missing, bytes=peers.bytes, **peers.versions())
    print(json.dumps(said), flush=True)
    if a.serve:
        return serve(peers)
    for batch, case in itertools.product(a.batch, peers.cases):
        # Streaming is only useful for a single sequence.
        if case.endswith("whole") or batch == 1:
            print(json.dumps(answer(peers, case, batch, a.samples)), flush=True)


if __name__ == "__main__":
    main()

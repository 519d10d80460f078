#!/usr/bin/env python3
"""Trains word-ptb in PyTorch with the authors' random numbers: the same initial values and the same noise.

    scripts/peer_epochs.py FOLDER                           W+G+N, five epochs, with the authors' seed
    scripts/peer_epochs.py FOLDER --level W+N --seed 1      another level, another seed

FOLDER has ptb.train.txt, ptb.valid.txt and ptb.test.txt. Network, KL divergence and optimiser are those of
peer_torch.py, which shares no code with sparsegate's engine. Its learning curve therefore tells whether a difference
from the authors' logs is caused by sparsegate or by different random numbers. Prints a line of JSON per epoch, with
perplexity and the counts that survive pruning. A step takes 1.3 s on two cores, an epoch 18 minutes.

The authors' program draws initial values from numpy's generator after `numpy.random.seed(0)`, and noise from MRG31k3p
(L'Ecuyer and Touzin, 2000) as arranged by Theano's MRG_RandomStreams: streams are 2^72 numbers apart, sample i comes
from stream i modulo the number of streams, and normal numbers use the Box-Muller transform. Words are numbered in the
iteration order of a Python 2.7 set. Differences remain in rounding, and in signs that a singular value decomposition
leaves open. Needs torch and numpy. Licence: MIT OR Apache-2.0.
"""

import argparse
import json
import math
import pathlib
import time

import numpy
import torch

from peer_torch import TASKS, Adam, Network

M1, M2 = 2**31 - 1, 2**31 - 21069
# One step of each of the two recurrences, as a matrix acting on the last three numbers of each.
A1 = [[0, 2**22, 2**7 + 1], [1, 0, 0], [0, 1, 0]]
A2 = [[2**15, 0, 2**15 + 1], [1, 0, 0], [0, 1, 0]]
# Number of streams that Theano uses for a tensor that is not small.
STREAMS = 15360
PRUNED = 3.0


def power(matrix, log2, modulus):
    """The matrix to the power 2^log2, modulo `modulus`."""
    m = numpy.array(matrix, dtype=object)
    for _ in range(log2):
        m = m.dot(m) % modulus
    return m


def jump(state, log2):
    """The six numbers of a state after 2^log2 steps."""
    first, second = numpy.array(state[:3], dtype=object), numpy.array(state[3:], dtype=object)
    return [*power(A1, log2, M1).dot(first) % M1, *power(A2, log2, M2).dot(second) % M2]


class Generator:
    """Random numbers of a layer: the state jumps 2^134 numbers ahead for each noise tensor."""

    def __init__(self, seed):
        self.state = [seed] * 6

    def normal(self, shape):
        noise = Normal(self.state, shape)
        self.state = jump(self.state, 134)
        return noise


class Normal:
    """Standard normal noise of one shape; each call draws new numbers."""

    def __init__(self, state, shape):
        self.shape, self.count = shape, math.prod(shape)
        states = numpy.array([state], dtype=object)
        # Each round doubles the number of streams: it adds copies, jumped ahead by the range of the existing ones.
        while len(states) < STREAMS:
            log2 = 72 + (len(states) - 1).bit_length()
            first, second = power(A1, log2, M1), power(A2, log2, M2)
            ahead = numpy.concatenate([states[:, :3].dot(first.T) % M1, states[:, 3:].dot(second.T) % M2], axis=1)
            states = numpy.concatenate([states, ahead])
        self.x, self.y = states[:STREAMS].astype(numpy.int64).T.reshape(2, 3, STREAMS)

    def uniform(self, count):
        """Uniform numbers in (0, 1], rounded to f32: the first of each stream, then the second of each, and so on."""
        rows = []
        x, y = self.x, self.y
        for _ in range(-(-count // x.shape[1])):
            before = x, y
            x = numpy.stack([(2**22 * x[1] + (2**7 + 1) * x[2]) % M1, x[0], x[1]])
            y = numpy.stack([(2**15 * (y[0] + y[2]) + y[2]) % M2, y[0], y[1]])
            difference = x[0] - y[0]
            rows.append((difference + M1 * (difference <= 0)).astype(numpy.float32) * numpy.float32(2.0**-31))
        if left := count % STREAMS:  # the other streams contribute nothing to the last row and do not advance
            x[:, left:], y[:, left:] = (part[:, left:] for part in before)
        self.x, self.y = x, y
        return torch.from_numpy(numpy.concatenate(rows)[:count])

    def __call__(self):
        even = self.count + self.count % 2
        uniform = self.uniform(even)
        radius, angle = (-2 * uniform[: even // 2].log()).sqrt(), 2 * math.pi * uniform[even // 2 :]
        return torch.cat([radius * angle.cos(), radius * angle.sin()])[: self.count].view(self.shape)


def orthogonal(random, rows, columns):
    """An orthogonal matrix, by singular value decomposition of a normal random matrix."""
    left, _, right = numpy.linalg.svd(random.normal(0, 1, (rows, columns)), full_matrices=False)
    return torch.from_numpy((left if rows >= columns else right).astype(numpy.float32))


def side_by_side(gates):
    """Reorders the authors' gates (input, forget, information flow, output) to peer_torch.py's order, gates first."""
    return torch.cat([gates[k] for k in (0, 1, 3, 2)], dim=-1)


class Drawn(Network):
    """The network of peer_torch.py with the authors' random numbers; with `pruned` the network that they evaluate."""

    def __init__(self, task, level, seed):
        super().__init__(task, "lstm", level, row_sampling=False, scan=True)
        random = numpy.random.RandomState(seed)
        V, H, B = task["vocabulary"], self.H, task["batch"]
        # The authors' order of draws: a layer's seed, then the input and recurrent weights of each gate.
        seeds = [random.randint(10_000_000)]
        gates = [(orthogonal(random, V, H), orthogonal(random, H, H)) for _ in range(4)]
        seeds += [random.randint(10_000_000)]
        lstm, output = map(Generator, seeds)
        with torch.no_grad():
            self.p["wx"].copy_(side_by_side([wx for wx, _ in gates]))
            self.p["wh"].copy_(side_by_side([wh for _, wh in gates]))
            self.p["b"][H : 2 * H] = 1.0  # the forget gate; the authors do so if the state is carried over
            self.p["out"].copy_(orthogonal(random, H, V))
        w_input, w_hidden = (torch.cat(of_gates, dim=1) for of_gates in zip(*gates))
        self.drawn = dict(seeds=torch.tensor(seeds), w_input=w_input, w_hidden=w_hidden, output=self.p["out"].detach().clone())
        shapes = dict(wx=(4, V, H), wh=(4, H, H), z_in=(B, V), z_hid=(B, H), z_g=(4, B, H))
        self.noise = {name: lstm.normal(shape) for name, shape in shapes.items() if name + "_ls" in self.p}
        self.noise["out"] = output.normal((H, V))
        self.pruned = False

    def alive(self, name):
        """Mask of surviving weights: log alpha below the threshold."""
        if name + "_ls" not in self.p:
            return torch.ones_like(self.p[name], dtype=torch.bool)
        return 2 * self.p[name + "_ls"] - 2 * self.p[name].abs().log() < PRUNED

    def sample(self, name):
        noise = self.noise[name]()
        noise = side_by_side(noise) if name in ("wx", "wh", "z_g") else noise
        return torch.addcmul(self.p[name], noise, self.p[name + "_ls"].exp())

    def weight(self, name, rows=None):
        return self.p[name] * self.alive(name) if self.pruned else self.sample(name)

    def factors(self, name, batch):
        if name not in self.p:
            return None
        return (self.p[name] * self.alive(name)).expand(batch, -1) if self.pruned else self.sample(name)

    @torch.no_grad()
    def counts(self):
        """Surviving counts by the authors' rules: a pruned gate factor removes the gate, but not its weights from the
        count."""
        H = self.H
        wx, wh = (self.alive(name).view(-1, 4, H) for name in ("wx", "wh"))
        out = self.alive("out")
        words, units = wx.any(2).any(1), wh.any(2).any(1) | out.any(1)
        gates = wx.any(0) | wh.any(0)
        words = words & self.alive("z_in") if "z_in" in self.p else words
        units = units & self.alive("z_hid") if "z_hid" in self.p else units
        gates = gates & self.alive("z_g").view(4, H) if "z_g" in self.p else gates
        kept = dict(
            input_weights=wx & words[:, None, None] & units,
            recurrent_weights=wh & units[:, None, None] & units,
            output_weights=out & units[:, None],
        )
        compression = sum(k.numel() for k in kept.values()) / sum(int(k.sum()) for k in kept.values())
        kept.update(words=words, units=units, gates=gates & units)
        return dict(compression=compression, **{name: int(k.sum()) for name, k in kept.items()})


def hash_of(word):
    """Hash of a string in 64-bit Python 2.7."""
    value = ord(word[0]) << 7
    for letter in word:
        value = 1000003 * value % 2**64 ^ ord(letter)
    return value ^ len(word)


class Python2Set:
    """Iteration order of a Python 2.7 set of strings: open addressing, grown fourfold when two thirds full."""

    def __init__(self):
        self.table, self.count = [None] * 8, 0

    def place(self, word):
        """Slot of a word, or the free slot for it."""
        rest = hash_of(word)
        at, last = rest, len(self.table) - 1
        while self.table[at & last] not in (None, word):
            at = (5 * at + rest + 1) % 2**64
            rest >>= 5
        return at & last

    def add(self, word):
        place = self.place(word)
        if self.table[place] == word:
            return
        self.table[place], self.count = word, self.count + 1
        if 3 * self.count >= 2 * len(self.table):
            words, size = list(self), 8
            while size <= self.count * (2 if self.count > 50000 else 4):
                size *= 2
            self.table = [None] * size
            for word in words:
                self.table[self.place(word)] = word

    def __iter__(self):
        return (word for word in self.table if word is not None)


def read(folder):
    """Training and validation text as parallel streams of word ids, [batch, time]."""
    texts, words = {}, Python2Set()
    for part in ("train", "valid", "test"):
        lines = (folder / f"ptb.{part}.txt").read_text().splitlines()
        texts[part] = [word for line in lines for word in [*line.split(), "<eos>"]]
        for word in dict.fromkeys(texts[part]):
            words.add(word)
    numbers = {word: number for number, word in enumerate(words)}
    batch, length = TASKS["word-ptb"]["batch"], {part: len(text) for part, text in texts.items()}
    return [
        torch.tensor([numbers[word] for word in texts[part][: length[part] // batch * batch]]).view(batch, -1)
        for part in ("train", "valid")
    ]


def windows(streams, length):
    """(inputs, targets) of consecutive windows; the last one may be shorter."""
    for start in range(0, streams.shape[1] - 1, length):
        stop = min(start + length, streams.shape[1] - 1)
        yield streams[:, start:stop], streams[:, start + 1 : stop + 1]


@torch.no_grad()
def perplexity(network, streams, length):
    network.pruned, state, total = True, None, 0.0
    for x, y in windows(streams, length):
        outputs, state = network(x, None, state)
        total += network.loss(outputs, y).item() * x.shape[1]
    network.pruned = False
    return math.exp(total / (streams.shape[1] - 1))


def epoch(network, adam, streams, task):
    """Trains for one epoch; returns the means that the authors log, and the largest gradient norm."""
    state, total, norms = None, 0.0, []
    for x, y in windows(streams, task["length"]):
        for parameter in network.parameters():
            parameter.grad = None
        outputs, state = network(x, None, state)
        objective = network.loss(outputs, y) + network.penalty() / task["train_size"]
        objective.backward()
        norms.append(adam.step().item())
        state = tuple(part.detach() for part in state)
        total += objective.item() * x.shape[1]
    return dict(objective=total / (streams.shape[1] - 1), mean_norm=sum(norms) / len(norms), largest_norm=max(norms))


def write(file, tensors):
    """Writes the file for `examples/authors_draws`: gates in the authors' order, integers as i32."""
    from safetensors.torch import save_file

    save_file({name: (t if t.is_floating_point() else t.int()).contiguous() for name, t in tensors.items()}, str(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt")
    parser.add_argument("--level", choices=("W", "W+Voc", "W+N", "W+G+N"), default="W+G+N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", metavar="FILE", help="write the random numbers for the example authors_draws, and stop (needs safetensors)")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    task = TASKS["word-ptb"]
    train, valid = read(a.folder)
    network = Drawn(task, a.level, a.seed)
    if a.write:
        write(a.write, dict(network.drawn, train=train, valid=valid))
        return
    adam = Adam(network.parameters(), task["lr"], task["clip"])
    for number in range(1, a.epochs + 1):
        start = time.perf_counter()
        means = epoch(network, adam, train, task)
        row = dict(level=a.level, seed=a.seed, epoch=number, **means, seconds=time.perf_counter() - start)
        row.update(valid_perplexity=perplexity(network, valid, task["length"]), **network.counts())
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

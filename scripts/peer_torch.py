#!/usr/bin/env python3
"""Reference implementation of the training step in PyTorch, as an experienced PyTorch user would write it.

Same model, noise, objective and optimiser arithmetic as sparsegate: sparse variational dropout for an LSTM or GRU
(arXiv 1812.05692), one fused gate product per time step, a gather instead of a one-hot product. Prints the seconds per
step. Licence: MIT OR Apache-2.0, like the rest of the project.

    peer_torch.py --task word-ptb                                        plain eager
    peer_torch.py --task word-ptb --scan --row-sampling --compile        fastest on a CPU, if these options help
    peer_torch.py --task imdb --cell gru --device cuda --json

--scan            LSTM: hand-written backward pass over the whole sequence, with one product for the recurrent gradient
--row-sampling    noise only for the rows that a batch reads; the distribution is the same
--compile         torch.compile of the KL divergence, which fuses its element-wise operations (needs a C++ compiler)
--batches FILE    symbols and lengths of sparsegate's own batches (`cargo bench --bench step -- batches FOLDER`); without
                  it, symbols are random, and the lengths of texts are random from 40 % of the longest up

On Linux, part of the time is spent in pages that malloc returns to the system and requests again. To keep them, set
MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000 in the environment.
"""

import argparse
import json
import math
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

TASKS = {  # sizes and constants of the paper's experiments
    "word-ptb": dict(vocabulary=10000, hidden=256, batch=32, length=35, carry=True, lr=2e-3, clip=10.0, train_size=929536),
    "char-ptb": dict(vocabulary=50, hidden=1000, batch=64, length=99, carry=False, lr=2e-3, clip=1.0, train_size=50000 * 99),
    "imdb": dict(vocabulary=20003, embedding=300, hidden=128, outputs=1, batch=128, length=200, lr=5e-4, train_size=21250),
    "agnews": dict(vocabulary=20003, embedding=300, hidden=512, outputs=4, batch=128, length=100, lr=5e-4, train_size=114000),
}
LEVELS = ("dense", "W", "W+Voc", "W+N", "W+G+N")
PREACTIVATIONS = {"lstm": 4, "gru": 3}


def penalty(mean, log_sigma):
    """KL divergence from the log-uniform prior, over all weights (Molchanov et al. 2017, the authors' constants)."""
    # The floor prevents NaN (0 * inf) for a mean of exactly 0; beyond the clamp the gradient is zero anyway.
    log_alpha = (2 * log_sigma - 2 * mean.abs().clamp_min(1e-30).log()).clamp(-8, 8)
    return (0.5 * F.softplus(-log_alpha) - 0.03 - 0.64 * torch.sigmoid(1.5 * (log_alpha + 1.3))).sum()


def hard_sigmoid(x):
    return (0.2 * x + 0.5).clamp(0, 1)


class LstmScan(torch.autograd.Function):
    """LSTM recurrence with a hand-written backward pass: the gradient of the recurrent weights is one product over all
    steps, instead of a product and an accumulation per step. Columns: input, forget, output gate, information flow."""

    @staticmethod
    def forward(ctx, ax, wh, zg, zh, h, c, keep, hard):
        T, B, G = ax.shape
        H = G // 4
        hp, cp, s, g, tc, hs = (ax.new_empty(T, B, n) for n in (H, H, 3 * H, H, H, H))
        for t in range(T):
            hp[t], cp[t] = h, c
            a = torch.addmm(ax[t], h, wh) if zg is None else torch.addcmul(ax[t], h @ wh, zg)
            torch.clamp(0.2 * a[:, : 3 * H] + 0.5, 0, 1, out=s[t]) if hard else torch.sigmoid(a[:, : 3 * H], out=s[t])
            torch.tanh(a[:, 3 * H :], out=g[t])
            c2 = s[t, :, H : 2 * H] * c + s[t, :, :H] * g[t]
            torch.tanh(c2, out=tc[t])
            h2 = s[t, :, 2 * H :] * tc[t]
            if zh is not None:
                h2 = h2 * zh
            if keep is not None:
                h2, c2 = torch.where(keep[t], h2, h), torch.where(keep[t], c2, c)
            h, c = h2, c2
            hs[t] = h
        ctx.save_for_backward(wh, zg, zh, keep, hp, cp, s, g, tc)
        ctx.hard = hard
        ctx.mark_non_differentiable(c)
        return hs, c

    @staticmethod
    def backward(ctx, dhs, _):
        wh, zg, zh, keep, hp, cp, s, g, tc = ctx.saved_tensors
        T, B, H = tc.shape
        ds = (((s > 0) & (s < 1)).to(s.dtype) * 0.2) if ctx.hard else s * (1 - s)
        da = s.new_empty(T, B, 4 * H)
        dzh = None if zh is None else torch.zeros_like(zh)
        dh, dc, wt = torch.zeros_like(tc[0]), torch.zeros_like(tc[0]), wh.t()
        for t in range(T - 1, -1, -1):
            dh = dh + dhs[t]
            if keep is not None:
                dh0, dc0 = torch.where(keep[t], 0, dh), torch.where(keep[t], 0, dc)
                dh, dc = dh - dh0, dc - dc0
            i, f, o = s[t, :, :H], s[t, :, H : 2 * H], s[t, :, 2 * H :]
            q = dh * tc[t]
            if zh is not None:
                dzh.addcmul_(q, o)
                q, dh = q * zh, dh * zh
            dc = torch.addcmul(dc, dh * o, 1 - tc[t] * tc[t])
            d = da[t]
            torch.mul(dc, g[t], out=d[:, :H])
            torch.mul(dc, cp[t], out=d[:, H : 2 * H])
            d[:, 2 * H : 3 * H] = q
            d[:, : 3 * H] *= ds[t]
            d[:, 3 * H :] = dc * i * (1 - g[t] * g[t])
            dh = (d if zg is None else d * zg) @ wt
            dc = dc * f
            if keep is not None:
                dh, dc = dh + dh0, dc + dc0
        hp2 = hp.view(T * B, H)
        du = (da if zg is None else da * zg).view(T * B, -1)
        dzg = None if zg is None else ((hp2 @ wh).view_as(da) * da).sum(0).sum_to_size(zg.shape)
        return da, hp2.t() @ du, dzg, dzh, None, None, None, None


class Network(nn.Module):
    """A language model (no embedding) or a classifier (embedding) at a sparsity level."""

    def __init__(self, task, cell, level, row_sampling, scan):
        super().__init__()
        self.cell, self.row_sampling, self.scan = cell, row_sampling, scan and cell == "lstm"
        self.classifier, self.carry, self.H = "embedding" in task, task.get("carry", False), task["hidden"]
        self.gate = hard_sigmoid if self.classifier else torch.sigmoid
        V, H, width = task["vocabulary"], self.H, PREACTIVATIONS[cell] * self.H
        self.I, self.O = task.get("embedding", V), task.get("outputs", V)
        noisy, units = level != "dense", level in ("W+N", "W+G+N")
        P = self.p = nn.ParameterDict()

        def add(name, shape, variational, start=None):
            value = torch.empty(shape).uniform_(-1, 1) * (6 / sum(shape)) ** 0.5 if start is None else torch.full(shape, start)
            P[name] = nn.Parameter(value)
            if variational:
                P[name + "_ls"] = nn.Parameter(torch.full(shape, -3.0))

        if self.classifier:
            add("emb", (V, self.I), noisy)
        add("wx", (self.I, width), noisy)
        add("wh", (H, width), noisy)
        add("b", (width,), False, 0.0)
        if cell == "gru":
            add("b_hn", (H,), False, 0.0)
        if self.classifier and (units or level == "W+Voc"):
            add("z_voc", (V,), True, 1.0)
        if units if self.classifier else level == "W+Voc":
            add("z_in", (self.I,), True, 1.0)
        if units:
            add("z_hid", (H,), True, 1.0)
        if level == "W+G+N":
            add("z_g", (width,), True, 1.0)
        add("out", (H, self.O), noisy)
        add("out_b", (self.O,), False, 0.0)

    def weight(self, name, rows=None):
        """A sample of the weights, or of the given rows."""
        w = self.p[name] if rows is None else self.p[name][rows]
        if name + "_ls" not in self.p:
            return w
        ls = self.p[name + "_ls"] if rows is None else self.p[name + "_ls"][rows]
        return torch.addcmul(w, torch.randn_like(w), ls.exp())

    def factors(self, name, batch):
        """A sample of group factors per sequence [batch, size], or None."""
        if name not in self.p:
            return None
        mean = self.p[name]
        return torch.addcmul(mean, torch.randn(batch, mean.numel(), device=mean.device), self.p[name + "_ls"].exp())

    def read(self, x):
        """Input products `x W`, [T, B, width]."""
        B, T = x.shape
        rows, ids = torch.unique(x, return_inverse=True) if self.row_sampling else (None, x)
        z_in = self.factors("z_in", B)
        if not self.classifier:
            ax = F.embedding(ids.t(), self.weight("wx", rows))
            return ax if z_in is None else ax * z_in.gather(1, x).t().unsqueeze(2)
        e = F.embedding(ids, self.weight("emb", rows))
        z_voc = self.factors("z_voc", B)
        if z_voc is not None:
            e = e * z_voc.gather(1, x).unsqueeze(2)
        if z_in is not None:
            e = e * z_in.unsqueeze(1)
        return (e.transpose(0, 1).reshape(T * B, -1) @ self.weight("wx")).view(T, B, -1)

    def forward(self, x, mask=None, state=None):
        """Logits, and the last states. `x`, `mask`: [B, T], texts padded on the left."""
        B, T = x.shape
        H = self.H
        ax, wh = self.read(x), self.weight("wh")
        zg, zh = self.factors("z_g", B), self.factors("z_hid", B)
        ax = (ax if zg is None else ax * zg) + self.p["b"]
        h, c = (ax.new_zeros(B, H), ax.new_zeros(B, H)) if state is None else (state[0], state[-1])
        keep = None if mask is None else mask.t().unsqueeze(2)
        if self.scan:
            hs, c = LstmScan.apply(ax, wh, zg, zh, h, c, keep, self.gate is hard_sigmoid)
            h = hs[-1]
        else:
            hs, h, c = self.steps(ax, wh, zg, zh, h, c, keep)
        features = h if self.classifier else hs.transpose(0, 1)
        return self.outputs(features), (h, c) if self.cell == "lstm" else (h,)

    def steps(self, ax, wh, zg, zh, h, c, keep):
        """The recurrence step by step: states of all steps, [T, B, H], and the last ones."""
        H, gate, hs = self.H, self.gate, []
        axs = ax.unbind(0)  # indexing ax[t] would allocate a gradient of ax's full size per step
        for t, a in enumerate(axs):
            if self.cell == "lstm":
                a = torch.addmm(a, h, wh) if zg is None else torch.addcmul(a, h @ wh, zg)
                a, g = a.split([3 * H, H], 1)
                i, f, o = gate(a).chunk(3, 1)
                c2 = f * c + i * torch.tanh(g)
                h2 = o * torch.tanh(c2)
            else:
                ah = h @ wh if zg is None else h @ wh * zg
                (ax_ru, ax_n), (ah_ru, ah_n) = a.split([2 * H, H], 1), ah.split([2 * H, H], 1)
                r, u = gate(ax_ru + ah_ru).chunk(2, 1)
                n = torch.tanh(ax_n + r * (ah_n + self.p["b_hn"]))
                # The GRU's next step mixes in the state before its group factor.
                h2 = c2 = n + u * (c - n)
            h2 = h2 if zh is None else h2 * zh
            if keep is not None:
                h2, c2 = torch.where(keep[t], h2, h), torch.where(keep[t], c2, c)
            h, c = h2, c2
            hs.append(h)
        return torch.stack(hs) if not self.classifier else None, h, c

    def outputs(self, h):
        w, b = self.p["out"], self.p["out_b"]
        if "out_ls" not in self.p or self.carry:  # sampled weights
            return F.linear(h, self.weight("out").t(), b)
        # Local reparameterisation with one noise sample per sequence, shared over time.
        mean, sigma = h @ w, torch.sqrt((h * h) @ (2 * self.p["out_ls"]).exp() + 1e-8)
        shape = (h.shape[0], 1, self.O) if h.dim() == 3 else mean.shape
        return torch.addcmul(mean, torch.randn(shape, device=h.device), sigma) + b

    def penalty(self):
        names = [name for name in self.p.keys() if name.endswith("_ls")]
        return sum(penalty(self.p[name[:-3]], self.p[name]) for name in names)

    def loss(self, outputs, y):
        if not self.classifier:
            return F.cross_entropy(outputs.reshape(-1, self.O), y.reshape(-1))
        if self.O == 1:
            q = torch.sigmoid(outputs[:, 0]).clamp(1e-6, 1 - 1e-6)
            return F.binary_cross_entropy(q, y.to(q.dtype))
        return F.nll_loss(F.softmax(outputs, 1).clamp(1e-6, 1 - 1e-6).log(), y)


class Adam:
    """Torch's fused Adam with epsilon outside the bias correction, after clipping the total norm, as in the authors'
    code."""

    def __init__(self, parameters, lr, clip):
        self.parameters, self.clip, self.t = list(parameters), clip, 0
        self.adam = torch.optim.Adam(self.parameters, lr=lr, betas=(0.9, 0.999), eps=1e-8, fused=True)

    @torch.no_grad()
    def step(self):
        """Performs one step; returns the gradient norm before clipping."""
        gradients = [p.grad for p in self.parameters]
        norm = torch.stack(torch._foreach_norm(gradients)).norm()
        torch._foreach_mul_(gradients, norm.clamp(max=self.clip) / (norm + 1e-7))
        self.t += 1
        self.adam.param_groups[0]["eps"] = 1e-8 / math.sqrt(1 - 0.999**self.t)
        self.adam.step()
        return norm


def read_batches(file, task):
    """(x, mask, y) of each of sparsegate's own batches, texts padded on the left with 0."""
    for batch in json.load(open(file))["batches"]:
        if "embedding" not in task:
            yield torch.tensor(batch["sequences"]), None, torch.tensor(batch["next"])
            continue
        longest = max(map(len, batch["sequences"]))
        padded = [[0] * (longest - len(ids)) + ids for ids in batch["sequences"]]
        mask = torch.tensor([[at >= longest - len(ids) for at in range(longest)] for ids in batch["sequences"]])
        yield torch.tensor(padded), mask, torch.tensor(batch["classes"])


def random_batches(task, count=5):
    B, T, V = task["batch"], task["length"], task["vocabulary"]
    for _ in range(count):
        x = torch.randint(0, V, (B, T))
        if "embedding" not in task:
            yield x, None, torch.randint(0, V, (B, T))
            continue
        mask = torch.arange(T) >= T - torch.randint(int(0.4 * T), T + 1, (B, 1))
        yield x * mask, mask, torch.randint(0, max(2, task["outputs"]), (B,))


def time_steps(a):
    torch.manual_seed(0)
    task, device = TASKS[a.task], torch.device(a.device)
    network = Network(task, a.cell, a.level, a.row_sampling, a.scan).to(device)
    adam = Adam(network.parameters(), task["lr"], task.get("clip", 1e9))
    batches = list(read_batches(a.batches, task) if a.batches else random_batches(task))
    batches = [tuple(None if part is None else part.to(device) for part in batch) for batch in batches]
    state, seconds, losses = None, [], []
    for step in range(a.warmup + a.steps):
        x, mask, y = batches[step % len(batches)]
        if device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        for parameter in network.parameters():
            parameter.grad = None
        outputs, last = network(x, mask, state)
        loss = network.loss(outputs, y) + network.penalty() / task["train_size"]
        loss.backward()
        adam.step()
        losses.append(loss.item())  # waits for the device
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
        state = tuple(s.detach() for s in last) if network.carry else None
    if not all(map(math.isfinite, losses)):
        raise SystemExit(f"the loss is not finite: {losses}")
    return seconds[a.warmup :], losses


def time_product(device, side=2048, times=10):
    """GFLOP/s of torch's matrix product."""
    left, right = torch.randn(side, side, device=device), torch.randn(side, side, device=device)
    seconds = []
    for _ in range(times + 2):
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 / statistics.median(seconds[2:]) / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=TASKS, default="word-ptb")
    parser.add_argument("--level", choices=LEVELS, default="W+G+N")
    parser.add_argument("--cell", choices=PREACTIVATIONS, default="lstm")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batches", metavar="FILE")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    for flag in ("scan", "row-sampling", "compile", "tf32"):
        parser.add_argument("--" + flag, action="store_true")
    parser.add_argument("--sgemm", action="store_true", help="time a matrix product of 2048 x 2048 instead")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.backends.cuda.matmul.allow_tf32 = a.tf32
    result = dict(vars(a), torch=torch.__version__)
    if a.sgemm:
        result["gflops"] = time_product(a.device)
        print(json.dumps(result) if a.json else f"{result['gflops']:.0f} GFLOP/s")
        return
    if a.compile:
        global penalty
        penalty = torch.compile(penalty, dynamic=False)
    seconds, losses = time_steps(a)
    result.update(median=statistics.median(seconds), seconds=seconds, losses=losses[:3])
    if a.device == "cuda":
        result["gpu"] = torch.cuda.get_device_name()
    print(json.dumps(result) if a.json else f"{result['median']:.4f} s a step (median of {len(seconds)}, {min(seconds):.4f} to {max(seconds):.4f})")


if __name__ == "__main__":
    main()

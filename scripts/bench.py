#!/usr/bin/env python3
"""Times the training step and the same step in PyTorch, in turns, and prints the ratios.

    scripts/bench.py                                W+G+N of every task, LSTM and GRU; takes about a quarter of an hour
    scripts/bench.py --only 'word-ptb/lstm/.*'      the cases whose TASK/CELL/LEVEL matches the regular expression
    scripts/bench.py --python venv/bin/python       the Python interpreter that has torch; also SPARSEGATE_PYTHON

A round times, one after the other: sparsegate's step, the PyTorch step without options (plain eager), the PyTorch step
with its best options and tuned malloc, and the matrix products alone (the roofline). The first round finds the best
options; there are three rounds by default. Without torch, only sparsegate is timed. Run it on a quiet machine: only the
spread of the ratios reveals a disturbance. Needs only the standard library.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEER = ROOT / "scripts" / "peer_torch.py"
CASES = [f"{task}/{cell}/{level}" for task, levels in
         (("word-ptb", ("dense", "W", "W+G+N")), ("char-ptb", ("dense", "W", "W+G+N")), ("imdb", ("W+G+N",)), ("agnews", ("W+G+N",)))
         for cell in ("lstm", "gru") for level in levels]
# Makes malloc keep pages that it would otherwise return to the system after each step.
TUNED = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
# Criterion options for matrix products, which need less time.
SHORT = ("--warm-up-time", "0.3", "--measurement-time", "1")
BEST = (["--row-sampling", "--compile"], ["--row-sampling", "--compile", "--scan"], ["--row-sampling", "--scan"])


def run(command, quiet=False, **environment):
    """Standard output of a command. Its standard error is shown; with `quiet` only if the command fails."""
    done = subprocess.run(list(map(str, command)), env={**os.environ, **environment}, cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE if quiet else None)
    if done.returncode != 0:
        print(done.stderr or "", file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)
    return done.stdout


def build():
    """Builds the benchmark and returns the path of its binary."""
    lines = run(["cargo", "bench", "--locked", "--bench", "step", "--no-run", "--message-format", "json"]).splitlines()
    messages = [json.loads(line) for line in lines if line.startswith("{")]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "step")


class Ours:
    """sparsegate's training step, timed by criterion."""

    def __init__(self, binary, threads):
        self.binary, self.threads = binary, threads

    def seconds(self, name, *options):
        """Seconds per iteration of each criterion sample of a benchmark."""
        with tempfile.TemporaryDirectory() as home:
            wanted = "^" + re.escape(name) + "$"
            # Freed memory is kept, as in the processes that `sparsegate run` starts.
            environment = dict(CRITERION_HOME=home, RAYON_NUM_THREADS=str(self.threads), MIMALLOC_PURGE_DELAY="-1")
            run([self.binary, "--bench", "--quiet", *options, wanted], quiet=True, **environment)
            for file in pathlib.Path(home).rglob("new/sample.json"):
                sample = json.loads(file.read_text())
                return [time / count / 1e9 for time, count in zip(sample["times"], sample["iters"])]
        raise SystemExit(f"the benchmark has no `{name}`")


class Peer:
    """The training step in PyTorch, timed by peer_torch.py."""

    def __init__(self, python, threads, folder, steps):
        self.python, self.threads, self.folder, self.steps = python, threads, folder, steps

    def version(self):
        """Version of torch, or None."""
        command = [self.python, "-c", "import torch; print(torch.__version__)"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    def call(self, arguments, **environment):
        command = [self.python, PEER, "--threads", self.threads, "--json", *arguments]
        return json.loads(run(command, quiet=True, **environment).splitlines()[-1])

    def seconds(self, case, flags=(), **environment):
        """Seconds of each step, or None if the options do not work for the case."""
        task, cell, level = case.split("/")
        shape = ["--task", task, "--cell", cell, "--level", level, "--batches", f"{self.folder}/{task}.json"]
        try:
            return self.call([*shape, "--steps", self.steps, "--warmup", 2, *flags], **environment)["seconds"]
        except subprocess.CalledProcessError:
            print(f"{case}: PyTorch fails with {' '.join(flags)}", file=sys.stderr)
            return None


def measure(case, ours, peer, rounds):
    """Seconds by kind of measurement, with a list per round."""
    task, cell, _ = case.split("/")
    best = [flags for flags in BEST if cell == "lstm" or "--scan" not in flags] if peer else []
    found = {"ours": [], "products": [], "square": [], "plain": [], "best": []}
    for count in range(rounds):
        found["ours"].append(ours.seconds(f"step/{case}"))
        if peer:
            found["plain"].append(peer.seconds(case))
            tried = [(times, flags) for flags in best if (times := peer.seconds(case, flags, **TUNED))]
            times, flags = min(tried, key=lambda one: statistics.median(one[0]))
            found["best"].append(times)
            best = [flags]
        found["products"].append(ours.seconds(f"sgemm/{task}/{cell}", *SHORT))
        found["square"].append(ours.seconds("sgemm/square", *SHORT))
        latest = {kind: round(statistics.median(lists[-1]), 4) for kind, lists in found.items() if lists}
        print(f"{case}, round {count + 1}: {latest}", file=sys.stderr, flush=True)
    return found, best[0] if best else []


def summary(case, found, flags, tasks):
    """A row of the table."""
    task, cell, level = case.split("/")
    flops = tasks[task]["flops"][f"{cell}/{level}"]
    pooled = {kind: [value for one in lists for value in one] for kind, lists in found.items()}
    median = {kind: statistics.median(values) for kind, values in pooled.items() if values}
    quartiles = statistics.quantiles(pooled["ours"], n=4)
    row = dict(task=task, level=level, cell=cell, ours=median["ours"], ours_quartiles=[quartiles[0], quartiles[2]], gflop=flops / 1e9, data=tasks[task]["origin"])
    row["square_gflops"] = 2 * 2048**3 / median["square"] / 1e9
    row["products_gflops"] = tasks[task]["first_flops"][cell] / median["products"] / 1e9
    row["roofline"] = flops / median["ours"] / 1e9 / row["square_gflops"]
    row["products_share"] = flops / median["ours"] / 1e9 / row["products_gflops"]
    for kind in ("plain", "best"):
        if kind in median:
            ratios = [statistics.median(b) / statistics.median(a) for a, b in zip(found["ours"], found[kind])]
            row[kind] = median[kind]
            row[f"{kind}_ratio"] = dict(median=median[kind] / median["ours"], lowest=min(ratios), highest=max(ratios))
    row["best_flags"] = " ".join(flags)
    row["rounds"] = found
    return row


def table(rows):
    """Table in Markdown."""
    head = ["task", "level", "cell", "ours s (quartiles)", "PyTorch plain s", "PyTorch best s", "plain / ours", "best / ours", "GFLOP", "of 2048³ sgemm", "of its own products"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        low, high = row["ours_quartiles"]
        ratio = lambda kind: "{median:.2f} ({lowest:.2f}-{highest:.2f})".format(**row[kind]) if kind in row else "-"
        seconds = lambda kind: f"{row[kind]:.3f}" if kind in row else "-"
        cells = [row["task"], row["level"], row["cell"], f"{row['ours']:.4f} ({low:.4f}-{high:.4f})", seconds("plain"), seconds("best"),
                 ratio("plain_ratio"), ratio("best_ratio"), f"{row['gflop']:.1f}", f"{row['roofline']:.0%}", f"{row['products_share']:.0%}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def processor():
    try:
        found = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
        return found.group(1) if found else platform.processor()
    except OSError:
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="REGEX", default=r".*/W\+G\+N", help="cases, as TASK/CELL/LEVEL (default: %(default)s)")
    parser.add_argument("--python", default=os.environ.get("SPARSEGATE_PYTHON", "python3"), help="the Python interpreter that has torch")
    parser.add_argument("--threads", type=int, default=2, help="number of threads of both programs (default: 2)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=7, help="timed PyTorch steps per round (default: 7)")
    parser.add_argument("--binary", help="the benchmark binary, if already built")
    parser.add_argument("--json", metavar="FILE", help="also write all results to this file")
    a = parser.parse_args()
    cases = [case for case in CASES if re.search(a.only, case)]
    if not cases:
        raise SystemExit(f"no case matches `{a.only}`; the cases are: {' '.join(CASES)}")
    ours = Ours(a.binary or build(), a.threads)
    with tempfile.TemporaryDirectory() as folder:
        print(run([ours.binary, "batches", folder]), file=sys.stderr)
        tasks = {case.split("/")[0]: None for case in cases}
        tasks = {task: json.loads(pathlib.Path(folder, f"{task}.json").read_text()) for task in tasks}
        peer = Peer(a.python, a.threads, folder, a.steps)
        torch = peer.version()
        if torch is None:
            print(f"`{a.python}` has no torch: timing only sparsegate. Name another interpreter with --python or SPARSEGATE_PYTHON.", file=sys.stderr)
            peer = None
        rows = []
        for case in cases:
            rows.append(summary(case, *measure(case, ours, peer, a.rounds), tasks))
            print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
        result = dict(
            date=datetime.date.today().isoformat(), processor=processor(), threads=a.threads, torch=torch,
            revision=run(["git", "describe", "--always", "--dirty"]).strip(),
            torch_square_gflops=peer.call(["--sgemm"])["gflops"] if peer else None, cases=rows,
        )
    print(table(rows))
    print(f"\n{result['processor']}, {a.threads} threads, {result['date']}, revision {result['revision']}"
          + (f", torch {torch} (sgemm of 2048³: {result['torch_square_gflops']:.0f} GFLOP/s)" if torch else ""))
    print("sgemm of 2048³ by the gemm crate: " + ", ".join(sorted({f"{row['square_gflops']:.0f}" for row in rows})) + " GFLOP/s")
    for row in rows:
        print(f"{row['task']} {row['cell']} {row['level']}: {row['data']}" + (f"; best PyTorch options: {row['best_flags']}, malloc tuned" if torch else ""))
    if a.json:
        path = pathlib.Path(a.json)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

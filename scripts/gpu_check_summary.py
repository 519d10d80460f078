"""Summarises the results of scripts/gpu-check.sh in one JSON file; called as its last step.

usage: gpu_check_summary.py RESULTS PROJECT OUT BACKENDS TASKS DEVICE

Every part is either a measurement or {"error": ...}. The exit code is 1 if any part failed.
"""

import csv
import datetime
import json
import os
import platform
import sys

# Targets: seconds per step on an H100, and hours for all published runs.
AIM_STEP = {"word-ptb": 0.005, "char-ptb": 0.012, "imdb": 0.012, "agnews": 0.008}
AIM_HOURS = 4.0
# Training steps and evaluated batches per epoch: size of the data set divided by that of a mini-batch.
EPOCH = {
    "word-ptb": (929_589 // (32 * 35), (73_760 + 82_430) // (32 * 35)),
    "char-ptb": (5_017_482 // (64 * 99), (393_042 + 442_423) // (64 * 99)),
    "imdb": (-(-21_250 // 128), -(-(3_750 + 25_000) // 128)),
    "agnews": (-(-114_000 // 128), -(-(6_000 + 7_600) // 128)),
}


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Results:
    """Outputs, errors and exit codes that the script recorded in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.failed = False

    def text(self, name, optional=False):
        """Output of a command, or {"error": ...}. The failure of an `optional` command does not fail the check."""
        path = os.path.join(self.folder, name)
        status = read(path + ".status").split()
        if status and status[0] == "0":
            return read(path + ".out").strip()
        self.failed |= not optional
        if not status:
            return {"error": "not run"}
        last = [line for line in read(path + ".err").splitlines() if line.strip()][-5:]
        reason = "took longer than the limit" if status[0] == "124" else "\n".join(last)
        return {"error": reason or "no message", "exit_code": int(status[0])}

    def json(self, name, optional=False):
        """Output of a command parsed as JSON; if it is not JSON as a whole, its last line that is."""
        text = self.text(name, optional)
        if isinstance(text, dict):
            return text
        for candidate in [text, *reversed(text.splitlines())]:
            try:
                return json.loads(candidate)
            except ValueError:
                continue
        self.failed = True
        return {"error": "its output is not JSON"}


def drift(path):
    """Rows of a report's backends.csv, with numbers and booleans parsed."""
    def value(text):
        if text in ("", "true", "false"):
            return {"": None, "true": True, "false": False}[text]
        try:
            return float(text)
        except ValueError:
            return text
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return [{key: value(text) for key, text in row.items()} for row in csv.DictReader(file)]
    except OSError:
        return {"error": "no drift: fewer than two backends trained the same run"}


def step(results, task, backends, device):
    """Times of one task's training step on each backend and in PyTorch."""
    part = {"aim_seconds": AIM_STEP.get(task), "backends": {}}
    for backend in backends:
        found = results.json(f"step.{task}.{backend}")
        part["backends"][backend] = found[0] if isinstance(found, list) and found else found
    # Without torch there is no PyTorch reference, which is not a failure of the check.
    part["peer"] = {name: results.json(f"{name}.{task}", optional=True) for name in ("peer", "peer-scan")}
    part["peer"]["device"] = device
    theirs = [found["median"] for found in part["peer"].values() if isinstance(found, dict) and "median" in found]
    reference = part["backends"].get("flex", {}).get("objective")
    for found in part["backends"].values():
        if "error" in found:
            continue
        if theirs:
            found["fastest_peer_over_ours"] = min(theirs) / found["median"]
        if part["aim_seconds"]:
            found["aim_met"] = found["median"] <= part["aim_seconds"]
        if reference and found["objective"] is not reference:
            pairs = list(zip(found["objective"], reference))
            # Relative to the largest value: data loss and KL term may cancel in a single step.
            found["largest_drift_of_objective"] = max(abs(a - b) for a, b in pairs) / max(abs(b) for _, b in pairs)
            found["steps_compared"] = len(pairs)
    return part


def estimate(steps, backend, final_values):
    """Estimated hours of the published runs on a backend, assuming W+G+N for each level; an error if a task was not
    timed."""
    runs = list(csv.DictReader(final_values.splitlines()))
    hours, parts = 0.0, {}
    for run in runs:
        timed = steps.get(run["task"], {}).get("backends", {}).get(backend, {})
        if "median" not in timed:
            return {"error": f"the step of {run['task']} was not timed"}
        training, evaluated = EPOCH[run["task"]]
        seconds = int(run["epoch"]) * (training * timed["median"] + evaluated * timed["evaluation"])
        parts[run["task"]] = parts.get(run["task"], 0.0) + seconds / 3600
        hours += seconds / 3600
    return {"runs": len(runs), "hours": hours, "by_task": parts, "aim_hours": AIM_HOURS, "aim_met": hours < AIM_HOURS}


def main(folder, project, out, backends, tasks, device):
    results = Results(folder)
    backends, tasks = backends.split(","), tasks.split(",")
    steps = {task: step(results, task, backends, device) for task in tasks}
    final_values = read(os.path.join(project, "experiments", "paper", "authors", "final.csv"))
    summary = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "cpus": os.cpu_count(),
            "gpu": results.text("nvidia-smi", optional=True),
            "python": platform.python_version(),
            "torch": results.json("torch", optional=True),
        },
        "programs": {
            name: {"version": results.text(f"version.{name}"), "backends": results.text(f"backends.{name}")}
            for name in ("vulkan", "tch")
            if os.path.exists(os.path.join(folder, f"version.{name}.status"))
        },
        "parity": {
            "runs": {backend: results.json(f"parity.{backend}") for backend in backends},
            "drift": {
                name: drift(os.path.join(project, "reports", name, "backends.csv")) for name in ("parity", "parity-texts")
            },
        },
        "steps": steps,
        "whole_paper": {backend: estimate(steps, backend, final_values) for backend in backends},
    }
    rows = [row for found in summary["parity"]["drift"].values() if isinstance(found, list) for row in found]
    summary["parity"]["within_tolerance"] = all(row["within"] is not False for row in rows) if rows else None
    results.failed |= summary["parity"]["within_tolerance"] is False
    summary["everything_succeeded"] = not results.failed
    with open(out, "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=1)
        file.write("\n")
    print(out)
    return 1 if results.failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

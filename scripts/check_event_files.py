#!/usr/bin/env python3
"""Reads event files with TensorBoard's own package and compares them with metrics.jsonl and times.jsonl.

    scripts/check_event_files.py FOLDER RUNS

FOLDER was written by `sparsegate runs export-metrics --to FOLDER`, RUNS is the project's folder of runs. Needs the
package tensorboard. A test in `tests/exports/` writes both.
"""

import datetime
import json
import math
import pathlib
import sys

import numpy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def wall_times(path):
    """The end of each epoch, in seconds since the beginning of 1970."""
    finished = [json.loads(line)["finished"] for line in path.read_text().splitlines()]
    return [datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() for text in finished]


def check(folder, run):
    """Compares the scalars of one run with its stored lines; returns how many numbers are equal."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    times = wall_times(run / "times.jsonl")
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    tags = events.Tags()["scalars"]
    metric = next(tag.split("/")[1] for tag in tags if tag.startswith("valid/"))
    wanted = {
        f"valid/{metric}": lambda line: line["valid"],
        f"test/{metric}": lambda line: line["test"],
        "objective": lambda line: line["train_objective"],
        "units": lambda line: line["counts"]["neurons"]["kept"],
        "gates/live": lambda line: sum(gate["kept"] for gate in line["counts"]["gates"]),
        "vocabulary": lambda line: line["counts"]["vocabulary"]["kept"],
    }
    count = 0
    for tag, of in wanted.items():
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        stored = [(line["epoch"], float(numpy.float32(of(line)))) for line in lines]
        if len(found) != len(stored) or not all(
            a[0] == b[0] and math.isclose(a[1], b[1], rel_tol=1e-7) for a, b in zip(found, stored)
        ):
            raise SystemExit(f"{folder}: {tag} is {found}, not {stored}")
        found = [event.wall_time for event in events.Scalars(tag)]
        if found != times:
            raise SystemExit(f"{folder}: the times of {tag} are {found}, not {times}")
        count += len(found)
    return count


def main():
    folder, runs = map(pathlib.Path, sys.argv[1:])
    folders = sorted(path.parent for path in folder.glob("*/*/*tfevents*"))
    if not folders:
        raise SystemExit(f"{folder} has no event files")
    count = 0
    for one in folders:
        key = one.name.rsplit("-", 1)[1]
        (run,) = runs.glob(f"{key}*")
        count += check(one, run)
    print(f"{len(folders)} event files: {count} numbers as stored")


main()

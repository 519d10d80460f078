#!/usr/bin/env python3
"""Measures how the time of a training step grows with each size and with threads, and plots it.

    scripts/scaling.py                      writes docs/assets/step-scaling.csv and .svg; takes a few minutes
    scripts/scaling.py --draw               plots the existing CSV

A W+G+N LSTM language model of word-ptb's shape (hidden 256, vocabulary 10,000, 35 steps, batch 32), with one size
changed at a time, on one thread and on two. The dashed line is the roofline: the floating-point operations of the
matrix products divided by the rate of a 2048 x 2048 product, measured in the same run on as many threads. Needs only
the standard library.
"""

import argparse
import csv
import math
import pathlib
import statistics

from bench import ROOT, SHORT, Ours, build

FILE = ROOT / "docs" / "assets" / "step-scaling.csv"
BASE = dict(hidden=256, vocabulary=10_000, sequence=35, batch=32)
VALUES = dict(hidden=(64, 128, 256, 512, 1024), vocabulary=(1_000, 3_000, 10_000, 30_000), sequence=(9, 18, 35, 70), batch=(8, 16, 32, 64))
TITLES = dict(hidden="hidden units", vocabulary="symbols", sequence="steps of a sequence", batch="sequences of a batch")
THREADS = (1, 2)
COLORS = {1: "#0072B2", 2: "#D55E00"}


def flops(hidden, vocabulary, sequence, batch):
    """Operations of the matrix products: recurrence and output layer, each with the forward pass and both gradients."""
    return 3 * 2 * sequence * batch * hidden * (4 * hidden + vocabulary)


def measure(binary):
    rows = []
    for threads in THREADS:
        ours = Ours(binary, threads)
        rate = 2 * 2048**3 / statistics.median(ours.seconds("sgemm/square", *SHORT))
        for size, values in VALUES.items():
            for value in values:
                times = ours.seconds(f"scaling/{size}/{value}", *SHORT)
                low, _, high = statistics.quantiles(times, n=4)
                count = flops(**{**BASE, size: value})
                rows.append(dict(size=size, value=value, threads=threads, seconds=round(statistics.median(times), 5), lower_quartile=round(low, 5),
                                 upper_quartile=round(high, 5), gflop=round(count / 1e9, 3), roofline_seconds=round(count / rate, 5), sgemm_gflops=round(rate / 1e9, 1)))
                print(*rows[-1].values(), flush=True)
    with FILE.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def draw(rows):
    """SVG of four panels side by side, with logarithmic axes and a common time axis."""
    width, height, left, top, gap, foot = 232, 210, 62, 52, 18, 62
    total = left + 4 * width + 3 * gap + 16
    low = 10 ** math.floor(math.log10(min(row["roofline_seconds"] for row in rows)))
    high = 10 ** math.ceil(math.log10(max(row["seconds"] for row in rows)))
    y = lambda seconds: top + height * (1 - math.log(seconds / low) / math.log(high / low))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{top + height + foot}" viewBox="0 0 {total} {top + height + foot}" '
           'font-family="sans-serif" font-size="12" fill="#222">', f'<rect width="{total}" height="{top + height + foot}" fill="white"/>']
    text = lambda x, at, words, anchor="middle", extra="": out.append(f'<text x="{x:.1f}" y="{at:.1f}" text-anchor="{anchor}"{extra}>{words}</text>')
    line = lambda points, color, extra="": out.append('<polyline fill="none" stroke="%s" points="%s"%s/>' % (color, " ".join(f"{a:.1f},{b:.1f}" for a, b in points), extra))
    text(left, 20, "Seconds a training step of a W+G+N LSTM language model around word-ptb's shape", "start", ' font-size="14" font-weight="bold"')
    text(16, top + height / 2, "seconds a step", extra=f' transform="rotate(-90 16 {top + height / 2:.0f})"')
    for panel, (size, values) in enumerate(VALUES.items()):
        start = left + panel * (width + gap)
        x = lambda value: start + 14 + (width - 28) * math.log(value / values[0]) / math.log(values[-1] / values[0])
        power = low
        while power <= high * 1.01:
            line([(start, y(power)), (start + width, y(power))], "#ddd")
            if panel == 0:
                text(start - 6, y(power) + 4, f"{power:g}", "end")
            power *= 10
        line([(start, top), (start, top + height), (start + width, top + height)], "#666")
        for value in values:
            text(x(value), top + height + 17, f"{value:,}")
            line([(x(value), top + height), (x(value), top + height + 4)], "#666")
        text(start + width / 2, top + height + 36, TITLES[size])
        for threads in THREADS:
            points = [row for row in rows if row["size"] == size and row["threads"] == threads]
            line([(x(row["value"]), y(row["seconds"])) for row in points], COLORS[threads], ' stroke-width="2"')
            line([(x(row["value"]), y(row["roofline_seconds"])) for row in points], COLORS[threads], ' stroke-dasharray="5 4" stroke-width="1.3"')
            for row in points:
                mark = f'cx="{x(row["value"]):.1f}" cy="{y(row["seconds"]):.1f}"'
                out.append(f'<circle {mark} r="3.5" fill="{COLORS[threads]}"/>' if threads == 1 else f'<circle {mark} r="3.5" fill="white" stroke="{COLORS[threads]}" stroke-width="2"/>')
    at = left
    for threads in THREADS:
        for dashes, words in (("", f"{threads} thread{'s' if threads > 1 else ''}, measured"), ("5 4", f"{threads} thread{'s' if threads > 1 else ''}, roofline")):
            line([(at, 38), (at + 26, 38)], COLORS[threads], f' stroke-width="2" stroke-dasharray="{dashes}"' if dashes else ' stroke-width="2"')
            text(at + 32, 42, words, "start")
            at += 210
    return "\n".join([*out, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", action="store_true", help="plot the existing CSV without measuring")
    parser.add_argument("--binary", help="the benchmark binary, if already built")
    a = parser.parse_args()
    if not a.draw:
        measure(a.binary or build())
    with FILE.open() as file:
        rows = [{key: value if key == "size" else float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    FILE.with_suffix(".svg").write_text(draw(rows))


if __name__ == "__main__":
    main()

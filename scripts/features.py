#!/usr/bin/env python3
"""Lists crates that cargo would compile twice, because two builds ask them for different features.

    features.py

Compares what `cargo run --release`, `cargo test --release` and the tests of the other backends compile, from cargo's unit
graphs; compiles nothing. A third-party crate that a build compiles anew although an earlier build has it, in a form that
differs in features alone, is printed with the features, and the exit code is 1. Ask for these features in Cargo.toml, where
the others are.

Burn is left out of the comparison of backends: a backend is a feature of it.
"""

import json
import os
import subprocess
import sys

RUN = ["build", "--release"]
TEST = ["test", "--release", "--no-run"]
BACKENDS = [*TEST, "--features", "wgpu,tch", "--test", "backends", "--test", "golden", "--test", "parity"]


def units(arguments):
    """The third-party units of a build, other than build scripts: (name and version, kind, features)."""
    # The unit graph is unstable; this lets the stable toolchain print it.
    env = dict(os.environ, RUSTC_BOOTSTRAP="1")
    command = ["cargo", *arguments, "--locked", "--unit-graph", "-Zunstable-options"]
    graph = json.loads(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)
    found = set()
    for unit in graph["units"]:
        kind = unit["target"]["kind"][0]
        if "registry+" in unit["pkg_id"] and kind != "custom-build":
            name = unit["pkg_id"].split("#")[-1]
            found.add((name, kind, frozenset(unit["features"])))
    return found


def differences(before, after, skip):
    """Crates of `after` that have more features than in `before`: (name, features that are new)."""
    known = {}
    for name, kind, features in before:
        known.setdefault((name, kind), []).append(features)
    for name, kind, features in sorted(after, key=lambda unit: unit[:2]):
        others = known.get((name, kind))
        if others and features not in others and not name.startswith(skip):
            nearest = min(others, key=lambda other: len(features ^ other))
            # Fewer features: a second copy for a build script, which cargo keeps apart anyway.
            if features - nearest:
                yield name, sorted(features - nearest)


def main():
    run, test, backends = units(RUN), units(TEST), units(BACKENDS)
    found = False
    for title, before, after, skip in [
        ("cargo test", run, test, ()),
        ("the tests of wgpu and tch", test, backends, ("burn",)),
    ]:
        for name, more in differences(before, after, skip):
            found = True
            print(f"{title}: {name} is compiled again, with {', '.join(more)}")
    print("features differ" if found else "features agree")
    sys.exit(found)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Lists crates that cargo would compile twice, because two builds ask for them differently.

    features.py

Compares what `cargo run --release`, `cargo test --release` and the tests of the other backends compile, from cargo's unit
graphs; compiles nothing. A third-party crate that a build compiles anew although an earlier build has it is printed with
the reason, and the exit code is 1. There are two reasons:

- The build asks for other features. Ask for them in Cargo.toml, where the others are.
- Only one of the builds needs the crate both for the program and for a procedural macro or build script. Then it is
  compiled once for both, with other options than for one of them. Different optimisation levels keep them apart: see
  `[profile.release]` in Cargo.toml.

Burn is left out of the comparison of backends: a backend is a feature of it.
"""

import json
import os
import subprocess
import sys

RUN = ["build", "--release"]
TEST = ["test", "--release", "--no-run"]
BACKENDS = [*TEST, "--features", "wgpu,tch", "--test", "backends", "--test", "golden", "--test", "parity"]
FOR_THE_HOST = ("proc-macro", "custom-build")


def unit_graph(arguments):
    """The units of a build and the indices of its roots."""
    # The unit graph is unstable; this lets the stable toolchain print it.
    env = dict(os.environ, RUSTC_BOOTSTRAP="1")
    command = ["cargo", *arguments, "--locked", "--unit-graph", "-Zunstable-options"]
    graph = json.loads(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)
    return graph["units"], graph["roots"]


def users(all_units, roots):
    """For each unit, who needs it: `program`, `host` (procedural macros and build scripts), or both."""
    found = {}
    open_units = [(root, "program") for root in roots]
    while open_units:
        index, user = open_units.pop()
        unit = all_units[index]
        if unit["target"]["kind"][0] in FOR_THE_HOST:
            user = "host"
        if user not in found.setdefault(index, set()):
            found[index].add(user)
            open_units.extend((dependency["index"], user) for dependency in unit["dependencies"])
    return found


def units(arguments):
    """The third-party units of a build, other than build scripts: {(name, kind, level): {(features, users)}}."""
    all_units, roots = unit_graph(arguments)
    needed_by = users(all_units, roots)
    found = {}
    for index, unit in enumerate(all_units):
        kind = unit["target"]["kind"][0]
        if "registry+" in unit["pkg_id"] and kind != "custom-build":
            key = (unit["pkg_id"].split("#")[-1], kind, unit["profile"]["opt_level"])
            found.setdefault(key, set()).add((frozenset(unit["features"]), frozenset(needed_by[index])))
    return found


def differences(before, after, skip):
    """Crates of `after` that `before` has in another form: (name, what is new)."""
    for (name, kind, level), forms in sorted(after.items()):
        others = before.get((name, kind, level))
        if not others or name.startswith(skip):
            continue
        for features, needed_by in sorted(forms - others, key=lambda form: sorted(form[0])):
            nearest = min((other for other, _ in others), key=lambda other: len(features ^ other))
            # Fewer features, or only for the host: a second copy, which cargo keeps apart anyway.
            if features - nearest:
                yield name, ", ".join(sorted(features - nearest))
            elif features == nearest and needed_by == {"host", "program"}:
                yield name, "other options, for a build script, too"


def main():
    run, test, backends = units(RUN), units(TEST), units(BACKENDS)
    found = False
    for title, before, after, skip in [
        ("cargo test", run, test, ()),
        ("the tests of wgpu and tch", test, backends, ("burn",)),
    ]:
        for name, reason in differences(before, after, skip):
            found = True
            print(f"{title}: {name} is compiled again, with {reason}")
    print("features differ" if found else "features agree")
    sys.exit(found)


if __name__ == "__main__":
    main()

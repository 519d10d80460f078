#!/usr/bin/env bash
# A compiler for cargo that lints instead of compiling: clippy and rustdoc over the crates of the workspace, against
# the dependencies as `cargo test --release` compiled them. `cargo clippy` and `cargo doc` would check all four hundred
# dependencies once more, which takes minutes.
#
#   RUSTC_WORKSPACE_WRAPPER=scripts/lint-rustc.sh cargo build --release --all-targets
#
# cargo calls it as `lint-rustc.sh rustc ARGUMENTS...`. A library is compiled without optimisation, since the crates
# that use it read its metadata; of a program, a test or an example only the errors and warnings are wanted.
set -euo pipefail

# Questions about the compiler, and build scripts, which have to run.
[[ " $* " == *" --out-dir "* && " $* " != *" build_script_build "* ]] || exec "$@"

name='' suffix='' folder='' kind='' test=no
lint=() document=()
previous=''
for argument in "${@:2}"; do
    case $previous in
        --crate-name) name=$argument ;;
        --crate-type) kind=$argument ;;
        --out-dir) folder=$argument ;;
        -C) [[ $argument != extra-filename=* ]] || suffix=${argument#extra-filename=} ;;
    esac
    [[ $argument != --test ]] || test=yes
    # What rustdoc takes, too: the file, names, editions, conditions, and where the dependencies are.
    case $previous in
        --crate-name | --crate-type | --cfg | --check-cfg | --extern | -L) document+=("$previous" "$argument") ;;
    esac
    case $argument in
        --edition=* | *.rs) document+=("$argument") ;;
    esac
    lint+=("$argument")
    previous=$argument
done

if [[ $kind == lib ]]; then
    lint+=(-C opt-level=0)
else
    lint=("${lint[@]/#--emit=dep-info,link/--emit=dep-info,metadata}")
fi
clippy-driver "$1" "${lint[@]}" -D warnings
# cargo wants the program that it asked for.
[[ $kind == lib ]] || touch "$folder/$name$suffix"

# Documentation of libraries and programs, not of tests and examples: those have no `pub` items.
if [[ $test == no && " $* " != *" examples/"* && " $* " != *" benches/"* ]]; then
    pages=$(mktemp -d)
    trap 'rm -rf "$pages"' EXIT
    rustdoc "${document[@]}" --out-dir "$pages" -D warnings
fi

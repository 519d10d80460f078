#!/usr/bin/env bash
# Checks and times the program on a machine with an NVIDIA GPU. The machine needs neither a network nor Rust: only this
# checkout, the binaries that scripts/build-gpu-binaries.sh built elsewhere, and Python (with torch for the PyTorch
# reference and for the backend tch). Writes one JSON file; failures are recorded in it and do not stop other checks.
#
#   scripts/gpu-check.sh [OPTION VALUE]...
#
#   --vulkan FILE     program with the backend wgpu            [sparsegate-vulkan.xz]
#   --tch FILE        program with the backend tch             [sparsegate-tch.xz]
#   --backends LIST   backends to check; flex as reference     [flex,wgpu,tch:cuda]
#   --python PROGRAM  Python interpreter                       [python3]
#   --device DEVICE   device of the PyTorch reference          [cuda]
#   --tasks LIST      tasks whose training step is timed       [word-ptb,char-ptb,imdb,agnews]
#   --steps N         steps per round                          [20]
#   --rounds N        number of rounds                         [7]
#   --limit SECONDS   time limit of each training or timing    [900]
#   --work DIR        folder for programs, runs and output     [a temporary folder]
#   --out FILE        the JSON file                            [gpu-check.json]
#
# The binaries may be xz-compressed or plain. Exit code: 0 if everything succeeded, 1 if something failed, 2 if the
# command line is wrong or nothing can be run.
set -uo pipefail
# Print numbers with a decimal point in any locale.
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
vulkan=sparsegate-vulkan.xz tch=sparsegate-tch.xz python=python3 device=cuda
backends=flex,wgpu,tch:cuda tasks=word-ptb,char-ptb,imdb,agnews
steps=20 rounds=7 limit=900 work="" out=gpu-check.json

usage() { sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
say() { printf 'gpu-check: %s\n' "$*" >&2; }
wrong() { say "$*"; exit 2; }

while (($#)); do
    case $1 in
        -h | --help) usage; exit 0 ;;
        --vulkan | --tch | --backends | --python | --device | --tasks | --steps | --rounds | --limit | --work | --out)
            (($# > 1)) || wrong "$1 needs a value"
            printf -v "${1#--}" '%s' "$2"
            shift 2
            ;;
        *) wrong "unknown option $1; --help lists them" ;;
    esac
done
command -v "$python" >/dev/null || wrong "$python not found; name a Python with --python"

if [[ -z $work ]]; then
    work=$(mktemp -d) || wrong "no temporary folder; name one with --work"
    trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work/bin" "$work/results" || wrong "cannot write to $work"
# A separate project folder, so that the runs and reports of the checkout are not touched.
mkdir -p "$work/project/datasets"
cp -r "$project/experiments" "$work/project/" || wrong "no experiments beside $here"
cp "$project"/datasets/*.yaml "$work/project/datasets/" || wrong "no datasets beside $here"

# unpack NAME FILE: unpacks the program to $work/bin/NAME, if the file exists.
unpack() {
    [[ -f $2 ]] || { say "$2 not found: backends that need it will fail"; return 0; }
    if [[ $2 == *.xz ]]; then
        if command -v xz >/dev/null; then xz -dc "$2"; else
            "$python" -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$2"
        fi >"$work/bin/$1" || { say "cannot unpack $2"; rm -f "$work/bin/$1"; return 0; }
    else
        cp "$2" "$work/bin/$1"
    fi
    chmod +x "$work/bin/$1"
}
unpack vulkan "$vulkan"
unpack tch "$tch"
[[ -x $work/bin/vulkan || -x $work/bin/tch ]] || wrong "neither $vulkan nor $tch exists"

# Folder of the installed PyTorch's libraries, which the program with tch was linked to.
torch_lib=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))' 2>/dev/null) \
    || say "$python has no torch: no PyTorch reference, and tch only if its libraries are found otherwise"

# program_of BACKEND: prints the program that has the backend.
program_of() {
    if [[ $1 == tch* || ! -x $work/bin/vulkan ]]; then echo "$work/bin/tch"; else echo "$work/bin/vulkan"; fi
}

# record NAME COMMAND...: runs the command; stores its output, errors, exit code and seconds as results/NAME.*.
record() {
    local name=$work/results/$1 start=$EPOCHREALTIME status
    shift
    timeout "$limit" "$@" >"$name.out" 2>"$name.err" </dev/null
    status=$?
    printf '%s %s\n' "$status" "$("$python" -c "print($EPOCHREALTIME - $start)")" >"$name.status"
    if ((status)); then say "failed with $status: ${name##*/}: $(tail -n 1 "$name.err")"; fi
    return "$status"
}

# run_program BACKEND NAME ARGUMENT...: records a run of the program that has the backend.
run_program() {
    local name=$2 libraries=${LD_LIBRARY_PATH:-} program
    program=$(program_of "$1")
    shift 2
    # The program linked to libtorch needs its libraries to start, whatever the backend.
    if [[ $program == "$work/bin/tch" && -n $torch_lib ]]; then libraries=$torch_lib${libraries:+:$libraries}; fi
    record "$name" env LD_LIBRARY_PATH="$libraries" "$program" --root "$work/project" "$@"
}

say "machine"
record nvidia-smi nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
record torch "$python" -c 'import json, torch
cuda = torch.cuda.is_available()
print(json.dumps({"torch": torch.__version__, "cuda": torch.version.cuda, "threads": torch.get_num_threads(),
                  "device": torch.cuda.get_device_name(0) if cuda else None}))' || true
IFS=, read -ra chosen <<<"$backends"
IFS=, read -ra shapes <<<"$tasks"
for program in vulkan tch; do
    [[ -x $work/bin/$program ]] || continue
    stands_for=wgpu
    [[ $program == vulkan ]] || stands_for=tch
    run_program "$stands_for" "version.$program" --version || true
    run_program "$stands_for" "backends.$program" backends || true
done

# The shipped parity experiment, with the backends of this check.
sed -i "s/backend: \[[^]]*\]/backend: [${backends//,/, }]/" "$work"/project/experiments/parity*.yaml
for backend in "${chosen[@]}"; do
    say "parity on $backend"
    run_program "$backend" "parity.$backend" run "$work/project/experiments/parity.yaml" \
        --only "backend=$backend" --jobs 1 --progress none --format json || true
done
run_program "$(if [[ -x $work/bin/vulkan ]]; then echo wgpu; else echo tch; fi)" report \
    report "$work/project/experiments/parity.yaml" || true

for task in "${shapes[@]}"; do
    for backend in "${chosen[@]}"; do
        few=()
        # The CPU is the reference; its steps need no grouping into rounds.
        if [[ $backend == flex ]]; then few=(--steps 1 --warm-up 2); else few=(--steps "$steps" --warm-up "$steps"); fi
        say "$task on $backend"
        run_program "$backend" "step.$task.$backend" time-step "$work/project/experiments/paper/$task.yaml" \
            --only sparsity=W+G+N,cell=lstm --backend "$backend" --rounds "$rounds" "${few[@]}" --format json || true
    done
    [[ -n $torch_lib ]] || continue
    say "$task, PyTorch on $device"
    peer=("$python" "$here/peer_torch.py" --task "$task" --level W+G+N --cell lstm --device "$device" --json
        --steps "$((steps * rounds))" --warmup "$steps")
    record "peer.$task" "${peer[@]}" || true
    record "peer-scan.$task" "${peer[@]}" --scan --row-sampling || true
done

"$python" "$here/gpu_check_summary.py" "$work/results" "$work/project" "$out" "$backends" "$tasks" "$device"

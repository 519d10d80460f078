#!/usr/bin/env bash
# Builds, on a machine without a GPU, the two programs that scripts/gpu-check.sh runs on a machine with an NVIDIA GPU:
#
#   sparsegate-vulkan.xz   backend wgpu with shaders in SPIR-V (features wgpu and vulkan)
#   sparsegate-tch.xz      backend tch, linked to the libtorch of PyTorch 2.11 with CUDA
#
#   scripts/build-gpu-binaries.sh [vulkan] [tch]      builds both by default
#
# Needs Rust, a C++ compiler, xz, and for tch the tools that scripts/get-libtorch.sh needs. Each program has its own
# target folder, target/gpu-vulkan and target/gpu-tch, because the features change the build of the dependencies.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

torch_version=2.11.0
libtorch=$PWD/target/libtorch-$torch_version-cuda

say() { printf 'build-gpu-binaries: %s\n' "$*" >&2; }

pack() { # FOLDER NAME
    xz --keep --stdout --threads=0 -9 "target/$1/release/sparsegate" >"$2.new"
    mv "$2.new" "$2"
    say "$2: $(($(stat -c %s "$2") >> 20)) MiB"
}

build_vulkan() {
    cargo build --release --locked --features vulkan --target-dir target/gpu-vulkan
    pack gpu-vulkan sparsegate-vulkan.xz
}

build_tch() {
    scripts/get-libtorch.sh "$libtorch" --version "$torch_version" --cuda
    # The bindings check for another version; headers and library are both of 2.11.
    LIBTORCH=$libtorch LIBTORCH_BYPASS_VERSION_CHECK=1 \
        cargo build --release --locked --features tch --target-dir target/gpu-tch
    pack gpu-tch sparsegate-tch.xz
}

wanted=("$@")
(($#)) || wanted=(vulkan tch)
for program in "${wanted[@]}"; do
    case $program in
        vulkan | tch) "build_$program" ;;
        -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) say "unknown program $program; the programs are vulkan and tch"; exit 2 ;;
    esac
done

#!/usr/bin/env bash
# Makes the two programs that scripts/gpu-check.sh takes to a machine with an NVIDIA GPU, on a machine without one:
#
#   sparsegate-vulkan.xz   backend wgpu with shaders in SPIR-V (features wgpu and vulkan)
#   sparsegate-tch.xz      backend tch, against the libtorch of PyTorch 2.11 with CUDA
#
#   scripts/build-gpu-binaries.sh [vulkan] [tch]      both, unless named
#
# Needs Rust, a C++ compiler, xz, and for tch what scripts/get-libtorch.sh needs. Each program has a target
# folder of its own, target/gpu-vulkan and target/gpu-tch, since features change what its dependencies are.
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
    # The bindings are made for another version, which they say; headers and library are those of 2.11.
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
        *) say "no program $program; there are vulkan and tch"; exit 2 ;;
    esac
done

#!/usr/bin/env bash
# Assembles a libtorch for building the feature `tch`, from the wheels on PyPI.
#
#   scripts/get-libtorch.sh [DIR] [--version X] [--cuda]
#
#   DIR          target folder [default: libtorch]; unchanged if it holds that version already
#   --version X  PyTorch version [default: 2.9.0, the version that the crate torch-sys requires]
#   --cuda       add the libraries to build for CUDA. To run on a GPU, the program also needs NVIDIA's libraries, which
#                are part of an installed PyTorch of the same version: add its torch/lib to LD_LIBRARY_PATH.
#
# Downloads about 0.9 GB and keeps 0.5 GB (1.5 GB with --cuda). For Linux on x86-64; on other systems install PyTorch
# and build with LIBTORCH_USE_PYTORCH=1. The release archives of libtorch from pytorch.org can be used as well.
set -euo pipefail

wanted=2.9.0
cuda=
folder=

fail() {
    printf '%s\n' "get-libtorch: $*" >&2
    exit 1
}
say() { printf '%s\n' "get-libtorch: $*" >&2; }

while [[ $# -gt 0 ]]; do
    case $1 in
        --version)
            [[ $# -ge 2 ]] || fail "--version needs a number, such as --version 2.9.0"
            wanted=$2
            shift
            ;;
        --cuda) cuda=yes ;;
        -h | --help)
            sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//; p; }' "$0"
            exit 0
            ;;
        -*) fail "unknown option $1; the options are --version X and --cuda" ;;
        *)
            [[ -z $folder ]] || fail "expected one folder, got $folder and $1"
            folder=$1
            ;;
    esac
    shift
done
folder=$(realpath -m "${folder:-libtorch}")

[[ $(uname -sm) == "Linux x86_64" ]] ||
    fail "works only for Linux on x86-64; install PyTorch $wanted and build with LIBTORCH_USE_PYTORCH=1 instead"
command -v python3 >/dev/null || fail "needs python3: on Debian, apt-get install python3 python3-pip"
python3 -m pip --version >/dev/null 2>&1 || fail "needs pip: on Debian, apt-get install python3-pip"
command -v unzip >/dev/null || fail "needs unzip: on Debian, apt-get install unzip"

# Prints the version in a folder's headers; nothing if there is none. Newer libtorch has it in the second header.
version_of() {
    local headers=("$1"/include/torch/{csrc/api/include/torch,headeronly}/version.h)
    cat "${headers[@]}" 2>/dev/null | sed -n 's/^#define TORCH_VERSION_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\)$/\2/p' |
        head -n 3 | paste -sd.
}

# Whether a folder is complete: headers of the requested version, and libraries whose dependencies are found.
whole() {
    local file missing
    [[ $(version_of "$1") == "$wanted" ]] || { say "the headers have version '$(version_of "$1")'"; return 1; }
    for file in libc10.so libtorch.so libtorch_cpu.so ${cuda:+libtorch_cuda.so libc10_cuda.so}; do
        [[ -e $1/lib/$file ]] || { say "$1/lib/$file is missing"; return 1; }
    done
    missing=$(ldd "$1/lib/libtorch_cpu.so" | sed -n 's/^\t\(.*\) => not found$/\1/p')
    [[ -z $missing ]] || { say "libtorch_cpu.so needs ${missing//$'\n'/, }"; return 1; }
}

finish() {
    say "$folder holds libtorch $wanted"
    printf '%s\n' "export LIBTORCH=$folder"
    # torch-sys requires exactly 2.9.0 and rejects other versions without this variable.
    if [[ $wanted != 2.9.0 ]]; then printf '%s\n' "export LIBTORCH_BYPASS_VERSION_CHECK=1"; fi
    exit 0
}

if [[ -e $folder ]]; then
    whole "$folder" && finish
    fail "$folder exists, but is not a complete libtorch $wanted: remove it, or name another folder"
fi

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/.get-libtorch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# pip only considers the platforms named: list every glibc version that the wheels are built for, up to that of torch.
platforms=(--platform manylinux2014_x86_64)
for minor in {17..28}; do platforms+=(--platform "manylinux_2_${minor}_x86_64"); done

# Downloads a wheel without its dependencies; for a fixed Python version, since the installed one may have no wheel.
download() {
    python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: --python-version 3.11 --abi cp311 \
        --abi abi3 --abi none --implementation cp "${platforms[@]}" --dest "$work/wheels" "$@" ||
        fail "pip cannot download $*; check that PyPI is reachable and that the version exists"
}

say "downloading torch $wanted, about 0.9 GB"
download --no-deps "torch==$wanted"
torch=("$work"/wheels/torch-*.whl)

# The wheel's libtorch_cpu.so needs two of NVIDIA's libraries, even on a machine without a GPU.
requirements=$(unzip -p "${torch[0]}" 'torch-*.dist-info/METADATA' | sed -n 's/^Requires-Dist: \([^ ;]*\).*$/\1/p')
while read -r requirement; do
    case $requirement in
        nvidia-cuda-cupti* | nvidia-cuda-runtime*) download --no-deps "$requirement" ;;
        cuda-toolkit\[*) download "cuda-toolkit[cudart,cupti]==${requirement##*==}" ;;
    esac
done <<<"$requirements"

libraries=(libtorch_cpu.so libc10.so libgomp.so.1)
[[ -z $cuda ]] || libraries+=(libtorch.so libtorch_cuda.so libc10_cuda.so)
new=$work/libtorch
mkdir -p "$new/lib"
unzip -q "${torch[0]}" 'torch/include/*' "${libraries[@]/#/torch/lib/}" -d "$work/torch"
mv "$work/torch/torch/include" "$new/include"
mv "$work"/torch/torch/lib/* "$new/lib/"
for wheel in "$work"/wheels/*.whl; do
    # A wheel may contain neither of the two.
    unzip -q -j -n "$wheel" '*/libcupti.so.*' '*/libcudart.so.*' -d "$new/lib" 2>/dev/null || true
done
# The wheel's libtorch.so is empty and needs CUDA's libraries, so it is replaced by a link.
[[ -e $new/lib/libtorch.so ]] || ln -s libtorch_cpu.so "$new/lib/libtorch.so"
printf '%s\n' "$wanted" >"$new/build-version"

whole "$new" || fail "the assembled libtorch $wanted is incomplete: $(ls -m "$new/lib")"
mv "$new" "$folder"
finish

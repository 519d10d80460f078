#!/usr/bin/env python3
"""Installs PyTorch for the CPU into the Python environment that runs this, without the 2 GB of NVIDIA's libraries.

    venv/bin/python scripts/get_torch.py [VERSION]        [default: 2.9.1]

PyPI's wheel for Linux on x86-64 is built for CUDA. Its extension module is linked to cuBLAS, cuDNN and others, which
are never called without a GPU. If they are missing, this script adds stub libraries of the same names to torch/lib,
whose functions abort the program. For tests only: install the real libraries (`pip install torch`) on a machine that
has or may get a GPU. Downloads 0.9 GB; needs a C compiler and binutils. On other systems PyPI's wheels are for the CPU
anyway, and are installed unchanged.
"""

import importlib.metadata
import pathlib
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile

# Dependencies of torch on any machine; of NVIDIA's libraries only the two small ones that are called when it starts.
REQUIRED = ("filelock", "fsspec", "jinja2", "networkx", "sympy", "typing-extensions", "nvidia-cuda-cupti", "nvidia-cuda-runtime")


def output(*command):
    return subprocess.run(list(map(str, command)), text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def pip(*arguments):
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments], check=True)


def install(version):
    pip("--no-deps", "--no-compile", f"torch=={version}")
    requirements = [line.split(";")[0].strip() for line in importlib.metadata.requires("torch")]
    pip("--no-warn-conflicts", *(line for line in requirements if line.lower().startswith(REQUIRED)))


class Library:
    """Missing libraries, symbol versions and undefined symbols of a shared library."""

    def __init__(self, path):
        self.missing = set(re.findall(r"^\t(\S+) => not found$", output("ldd", path), re.M))
        wanted = re.findall(r"required from (\S+):\n((?:    .*\n)+)", output("objdump", "-p", path))
        self.versions = {version: file for file, lines in wanted for version in re.findall(r"(\S+)$", lines, re.M)}
        names = re.findall(r"^ +[Uw] (\S+)$", output("nm", "-D", "--undefined-only", path), re.M)
        self.undefined = {tuple(name.split("@")[::len(name.split("@")) - 1 or 1]) for name in names}


def stand_ins(folder):
    """Creates stubs for the missing dependencies of the libraries in `folder`."""
    libraries = [Library(path) for path in sorted(folder.glob("*.so"))]
    missing = set().union(*(library.missing for library in libraries))
    versions = {version: file for library in libraries for version, file in library.versions.items() if file in missing}
    symbols = {name: set() for name in missing}
    for name, *version in set().union(*(library.undefined for library in libraries)):
        if version and version[0] in versions:
            symbols[versions[version[0]]].add(name)
        elif not version and re.match(r"(cu|nccl)[A-Za-z]", name):
            # It may belong to any library without symbol versions.
            for file in missing - set(versions.values()):
                symbols[file].add(name)
    for file, names in symbols.items():
        assemble(folder / file, names, [version for version, owner in versions.items() if owner == file])


def assemble(path, names, versions):
    entries = "".join(f".globl {name}\n.type {name}, @function\n{name}:\n" for name in sorted(names))
    with tempfile.TemporaryDirectory() as work:
        source, script = pathlib.Path(work, "names.s"), pathlib.Path(work, "versions")
        source.write_text(f'.text\n{entries}\tud2\n.section .note.GNU-stack,"",@progbits\n')
        script.write_text("".join(f"{version} {{ global: *; }};\n" for version in versions))
        options = [f"-Wl,--version-script={script}"] if versions else []
        subprocess.run(["cc", "-shared", "-nostdlib", f"-Wl,-soname,{path.name}", *options, "-o", path, source], check=True)


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] and not sys.argv[1][0].isdigit():
        print(__doc__)
        raise SystemExit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    if sys.prefix == sys.base_prefix:
        raise SystemExit("get_torch: this modifies the installed packages: run it with the Python of a separate virtual environment")
    version = (sys.argv[1:] or ["2.9.1"])[0]
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        install(version)
        stand_ins(pathlib.Path(sysconfig.get_path("purelib"), "torch", "lib"))
    else:
        pip(f"torch=={version}")
    subprocess.run([sys.executable, "-W", "ignore", "-c", "import torch; print('torch', torch.__version__)"], check=True)


if __name__ == "__main__":
    main()

"""Getting the compiled kernels: from the cache, else from the machine's C++ compiler.

What was compiled is first tried out in a process of its own (`native_trial.py`), so that code
that this processor or system cannot run ends that process and not a search. Without a compiler,
or where it fails, crashes or hangs, there are no kernels and a sentence that says so: stacks
then run the same formulas as torch calls.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from automl.stacked import native_cache
from automl.stacked.native_structures import check_layouts
from automl.system.child_processes import module_search_path, run_within

SOURCES: Final = Path(__file__).with_name("kernels")

FUNCTIONS: Final = ("train_epoch", "probe_layers", "measure_scores", "order_rows")
"""What `kernels.cpp` exports."""

FLAGS: Final = (
    "-O3",
    "-march=native",
    "-std=c++17",
    "-shared",
    "-fPIC",
    "-fno-math-errno",  # errno is not read, and keeps roots from being vectorized
    "-fno-trapping-math",
)

VARIANTS: Final = (
    ("-fopenmp", "-DVECTOR_MATH", "-lmvec", "-lm"),  # glibc on x86-64
    ("-fopenmp-simd", "-lm"),
    ("-lm",),
)
"""Further flags, best first: the first variant that compiles and works is taken."""

DISABLED_BY: Final = "AUTOML_NATIVE"
"""Environment variable; 0 turns the kernels off."""

TORCH_SECONDS: Final = "2 to 5"
"""How many times as long stacks take without the kernels. Measured on one core of an AMD EPYC by
`benchmarks.stacked` with and without them, against the expert's loop: 2.2 on the full space,
5.2 on the small one, whose networks are narrow."""

COMPILER_SECONDS = 30.0
"""How long the compiler may take: eight times what it took here (3.6 s on one free core of an
AMD EPYC), since others may be at work; one that hangs shall not keep a person waiting longer."""

TRIAL_SECONDS = 60.0
"""How long trying out may take: it is 2 s here, nearly all of it to load torch, which took up to
10 s on a loaded machine."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """Compiled kernels that work here, or none; and what a person should know about it."""

    contents: bytes | None = None  # of the library's file
    library: ctypes.CDLL | None = None
    note: str = ""


class BuildError(Exception):
    """The compiler refused, or what it made does not work."""


def obtain_kernels(real: str) -> Kernels:
    """Find, or build and keep, the kernels for numbers of a C++ type: "float" or "double"."""
    if os.environ.get(DISABLED_BY) == "0" or os.name != "posix":
        return Kernels()
    compiler = next(filter(None, map(shutil.which, _compilers())), None)
    if compiler is None:
        return _without(f"there is no C++ compiler ({', '.join(_compilers())})")
    key = _key(compiler, real)
    try:
        kept = native_cache.read_kept(key)
    except OSError as error:
        return _built(compiler, real, "", f"{error}")
    if kept.contents is None:
        return _built(compiler, real, key, kept.objection)
    try:
        return Kernels(kept.contents, load(kept.contents))
    except OSError as error:  # whole, but for a system that has changed since
        native_cache.discard(key)
        return _built(compiler, real, key, f"they do not load any more: {error}")


def load(contents: bytes) -> ctypes.CDLL:
    """Load a library from a copy of its own: no later change of a file can reach it.

    Raises:
        OSError: it is no such library, or not of these kernels.
    """
    try:
        library = _load_from_memory(contents)
    except (OSError, AttributeError):  # not on every system, and not allowed on every other
        with tempfile.NamedTemporaryFile(suffix=".so") as file:
            file.write(contents)
            file.flush()
            library = ctypes.CDLL(file.name)
    if missing := [name for name in FUNCTIONS if not hasattr(library, name)]:
        raise OSError(f"the library has no function {missing[0]}")
    check_layouts(library)
    return library


def _load_from_memory(contents: bytes) -> ctypes.CDLL:
    descriptor = os.memfd_create("automl-kernels")
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(contents)
    # The descriptor stays open: the loader takes a library of the same name for the same one.
    return ctypes.CDLL(f"/proc/self/fd/{descriptor}")


def _built(compiler: str, real: str, key: str, objection: str) -> Kernels:
    """Compile, try out and keep kernels.

    Args:
        key: under which to keep them, "" for not at all.
        objection: why kept ones are not taken, or why these cannot be kept.
    """
    logging.getLogger("automl").info("building the kernels for this machine, once")
    try:
        contents = compile_kernels(compiler, real)
        library = load(contents)
    except (BuildError, OSError) as error:
        return _without(str(error))
    note = f"the compiled kernels were built anew: {objection}" if objection else ""
    try:
        if key:
            native_cache.keep(key, contents)
        else:
            note = _not_kept(objection)
    except OSError as error:
        note = _not_kept(str(error))
    return Kernels(contents, library, note)


def _without(reason: str) -> Kernels:
    note = f"the compiled kernels could not be built: {reason}"
    slower = f"training goes on with torch calls, {TORCH_SECONDS} times as long"
    return Kernels(note=f"{note}; {slower} ({DISABLED_BY}=0 is the same without trying)")


def _not_kept(reason: str) -> str:
    return f"the compiled kernels are not kept, so each start takes seconds longer: {reason}"


def compile_kernels(compiler: str, real: str) -> bytes:
    """The bytes of a library that compiles and works here.

    Raises:
        BuildError: no variant does; the message is of the last, which asks for least.
        OSError: the compiler hangs (`TimeoutError`), or there is no room for its files.
    """
    error = BuildError()
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory(prefix="automl-kernels-") as folder:
            made = Path(folder) / "kernels.so"
            options = [*FLAGS, f"-DREAL={real}", "-o", str(made), str(SOURCES / "kernels.cpp")]
            try:
                _compile([compiler, *options, *variant], made)
                _try_out(made, real)
                return made.read_bytes()
            except BuildError as problem:
                error = problem
    raise error


def _compile(command: list[str], made: Path) -> None:
    done = run_within(COMPILER_SECONDS, command)
    name = Path(command[0]).name
    if done.code != 0:
        raise BuildError(f"{name} ended with {done.how}{_first_line(done.output)}")
    if not made.exists():
        raise BuildError(f"{name} made no file")


def _try_out(made: Path, real: str) -> None:
    """Run the kernels once, in a process that they may end."""
    command = [sys.executable, "-P", "-m", "automl.stacked.native_trial", real, str(made)]
    environment = {**os.environ, "PYTHONPATH": module_search_path(sys.path)}
    done = run_within(TRIAL_SECONDS, command, environment)
    if done.code != 0:
        words = done.output.splitlines()[-1:]
        raise BuildError(f"they do not work here: {done.how}{_first_line(*words)}")


def _first_line(output: str = "") -> str:
    """The line that tells most: of a compiler the first that says error."""
    lines = output.splitlines()
    telling = [line for line in lines if "error" in line.lower()] or lines
    return f": {telling[0].strip()}" if telling else ""


def _compilers() -> tuple[str, ...]:
    return (*filter(None, [os.environ.get("CXX")]), "c++", "g++", "clang++")


def _key(compiler: str, real: str) -> str:
    """What kernels depend on, as a name."""
    sources = [path.read_text() for path in sorted(SOURCES.iterdir())]
    options = [*FLAGS, *(" ".join(variant) for variant in VARIANTS), real]
    marks = [*sources, compiler, *options, _processor(), *platform.libc_ver()]
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:16]


def _processor() -> str:
    """What -march=native depends on: a cache folder may be shared by unlike machines."""
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.platform() + platform.processor()
    lines = information.read_text().splitlines()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))

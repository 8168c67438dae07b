"""Kernels are built, tried out, kept; and done without, in words, where something is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from automl.stacked import native, native_build
from automl.stacked.native_build import FUNCTIONS, Kernels, obtain_kernels

GOES_ON = (
    "; training goes on with torch calls, 2 to 5 times as long "
    "(AUTOML_NATIVE=0 is the same without trying)"
)
MakeCompiler = Callable[..., Path]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "automl-torch"


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeCompiler:
    """A compiler that does what a line of shell says; `$made` is the file to make."""

    def make(line: str) -> Path:
        path = tmp_path / "a-compiler"
        text = 'while [ "$1" != -o ]; do shift; done; made="$2"'
        path.write_text(f"#!/bin/sh\n{text}\n{line}\n")
        path.chmod(0o755)
        monkeypatch.setenv("CXX", str(path))
        return path

    return make


@pytest.fixture(scope="session")
def real_contents() -> bytes | None:
    """What the real compiler makes, in the user's own cache: made before a test has another."""
    return native.kernels(torch.float32).contents


@pytest.fixture
def finished(tmp_path: Path, real_contents: bytes | None) -> Path:
    """A file of what the real compiler makes."""
    if real_contents is None:
        pytest.skip("no C++ compiler here")
    path = tmp_path / "finished.so"
    path.write_bytes(real_contents)
    return path


def shared_library(folder: Path, source: str) -> Path:
    """A small library of another kind."""
    gcc = shutil.which("g++") or pytest.skip("no g++ here")
    path = folder / "other.so"
    (folder / "other.cpp").write_text(source)
    options = ["-shared", "-fPIC", "-o", str(path), str(folder / "other.cpp")]
    subprocess.run([gcc, *options], check=True)
    return path


def check_works(kernels: Kernels) -> None:
    assert kernels.library is not None
    assert all(hasattr(kernels.library, name) for name in FUNCTIONS)


@pytest.mark.slow
def test_the_real_compilers_kernels_are_built_once() -> None:
    if shutil.which("g++") is None:
        pytest.skip("no g++ here")
    first = obtain_kernels("float")
    check_works(first)
    assert first.note == ""
    began = time.monotonic()
    assert obtain_kernels("float").contents == first.contents
    assert time.monotonic() - began < 0.5


def test_that_kernels_are_built_is_said_only_where_they_are(
    compiler: MakeCompiler, finished: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="automl")
    compiler(f'cp {finished} "$made"')
    obtain_kernels("float")
    assert caplog.messages == ["building the kernels for this machine, once"]
    obtain_kernels("float")
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: os.truncate(path, 4096),
        *(
            pytest.param(spoil, marks=pytest.mark.slow)
            for spoil in (
                lambda path: path.write_bytes(b""),
                lambda path: path.write_bytes(os.urandom(50_000)),
                lambda path: shutil.copy(shared_library(path.parent, "int update;"), path),
                lambda path: path.chmod(0o666),
            )
        ),
    ],
)
def test_kernels_that_were_spoiled_are_built_anew_and_it_is_said_once(
    spoil: Callable[[Path], object], compiler: MakeCompiler, finished: Path, folder: Path
) -> None:
    compiler(f'cp {finished} "$made"')
    check_works(obtain_kernels("float"))
    (kept,) = folder.glob("*.so")
    spoil(kept)
    again = obtain_kernels("float")
    check_works(again)
    assert again.note.startswith(f"the compiled kernels were built anew: {kept} ")
    assert kept.read_bytes() == finished.read_bytes()
    third = obtain_kernels("float")
    check_works(third)
    assert third.note == ""


def test_a_file_that_is_cut_off_while_it_is_in_use_is_not_felt(
    compiler: MakeCompiler, finished: Path, folder: Path
) -> None:
    """In a process of its own, which a touch of pages that are gone would end."""
    compiler(f'cp {finished} "$made"')
    code = """
import os, sys, torch
from automl.stacked import native
from automl.stacked import native_trial
library = native.library(torch.float32)
os.truncate(next(__import__("pathlib").Path(sys.argv[1]).glob("*.so")), 0)
native_trial._epochs(torch.float32, True)
"""
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)


def test_kernels_that_do_not_load_any_more_are_built_anew(
    compiler: MakeCompiler, finished: Path, tmp_path: Path
) -> None:
    """As after the system's mathematics library went; the file is as it was kept."""
    made = compiler(f'cp {finished} "$made"')
    other = shared_library(tmp_path, 'extern "C" void probe_layers() {}')
    native_build.native_cache.keep(native_build._key(str(made), "float"), other.read_bytes())
    kernels = obtain_kernels("float")
    check_works(kernels)
    assert "do not load any more: the library has no function train_epoch" in kernels.note
    assert obtain_kernels("float").note == ""


def test_a_folder_that_others_can_write_is_left_alone(
    compiler: MakeCompiler, finished: Path, folder: Path
) -> None:
    compiler(f'cp {finished} "$made"')
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    kernels = obtain_kernels("float")
    check_works(kernels)
    assert kernels.note == (
        f"the compiled kernels are not kept, so each start takes seconds longer: {folder} can be "
        "written by others (its mode is 777; chmod go-w mends it)"
    )
    assert list(folder.iterdir()) == []


def test_a_compiler_that_fails_is_quoted(compiler: MakeCompiler) -> None:
    compiler("echo in file included from x >&2; echo 'x.h:3: error: no room' >&2; exit 4")
    assert obtain_kernels("float") == Kernels(
        note="the compiled kernels could not be built: a-compiler ended with exit code 4: "
        f"x.h:3: error: no room{GOES_ON}"
    )


def test_a_compiler_that_hangs_is_ended(
    compiler: MakeCompiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler("sleep 60")
    monkeypatch.setattr(native_build, "COMPILER_SECONDS", 0.3)
    began = time.monotonic()
    note = obtain_kernels("float").note
    assert "could not be built: a-compiler did not end within 0.3 seconds" in note
    assert time.monotonic() - began < 5


def test_a_compiler_that_makes_nothing_is_told(compiler: MakeCompiler) -> None:
    compiler("exit 0")
    assert "a-compiler made no file" in obtain_kernels("float").note


@pytest.mark.slow
def test_a_compiler_that_makes_rubbish_is_told(compiler: MakeCompiler, folder: Path) -> None:
    compiler('head -c 5000 /dev/urandom > "$made"')
    note = obtain_kernels("float").note
    assert "could not be built: they do not work here: exit code 1" in note
    assert list(folder.glob("*")) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise(SIGILL);", "signal SIGILL"),
        pytest.param("", "they give other numbers than torch", marks=pytest.mark.slow),
        pytest.param("for (;;) pause();", "did not end within", marks=pytest.mark.slow),
    ],
)
def test_kernels_that_do_not_work_end_another_process(
    body: str,
    problem: str,
    compiler: MakeCompiler,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    functions = "".join(f'extern "C" void {name}(void *) {{ {body} }}\n' for name in FUNCTIONS)
    layouts = f'#define REAL float\n#include "{native_build.SOURCES}/layouts.h"\n'
    headers = f"{layouts}#include <csignal>\n#include <unistd.h>\n"
    made = shared_library(tmp_path, headers + functions)
    compiler(f'cp {made} "$made"')
    monkeypatch.setattr(native_build, "VARIANTS", ((),))
    if "pause" in body:
        monkeypatch.setattr(native_build, "TRIAL_SECONDS", 8.0)
    kernels = obtain_kernels("float")
    assert kernels.library is None
    assert problem in kernels.note


def test_nothing_is_said_where_kernels_are_not_wanted(
    compiler: MakeCompiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler("exit 1")
    monkeypatch.setenv("AUTOML_NATIVE", "0")
    assert obtain_kernels("float") == Kernels()


def test_a_machine_without_a_compiler_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    note = obtain_kernels("float").note
    assert "there is no C++ compiler (c++, g++, clang++)" in note


@pytest.mark.slow
def test_processes_that_build_at_once_do_not_disturb_each_other(folder: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("no g++ here")
    code = """
import torch
from automl.stacked import native
found = native.kernels(torch.float32)
print(found.library is not None, found.note)
"""
    command = [sys.executable, "-c", code]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=120)[0].strip() for process in processes] == ["True"] * 3
    (kept,) = folder.iterdir()
    assert kept.suffix == ".so"

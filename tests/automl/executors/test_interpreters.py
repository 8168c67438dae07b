"""An interpreter of our own is told what it needs, and has our modules and one thread."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from automl.executors.interpreters import start_interpreter

PROBE = """
import os, sys
from multiprocessing.connection import Connection
import tests.contracts
connection = Connection(int(sys.argv[1]))
with open(int(sys.argv[2])) as file:
    words = file.read()
threads = os.environ["OMP_NUM_THREADS"]
connection.send((words, threads, os.getpgid(0) == os.getpid()))
print("goodbye")
"""


def test_a_module_runs_with_what_it_inherits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    (tmp_path / "words").write_text("hello")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with (tmp_path / "words").open() as words, (tmp_path / "output").open("wb") as output:
        descriptor = words.fileno()
        ours, process = start_interpreter("probe", [descriptor], [descriptor], output.fileno())
    with Connection(ours.detach()) as connection:
        assert connection.recv() == ("hello", "1", True)
    assert process.wait(5) == 0
    assert (tmp_path / "output").read_text() == "goodbye\n"


def test_its_end_of_the_connection_closes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "silent.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with (tmp_path / "output").open("wb") as output:
        ours, process = start_interpreter("silent", [], [], output.fileno())
    with Connection(os.dup(ours.fileno())) as connection, pytest.raises(EOFError):
        connection.recv()
    ours.close()
    assert process.wait(5) == 0

"""Programs end when they should, with all that they have started."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from automl.system.child_processes import Finished, how_it_ended, module_search_path, run_within


def test_a_program_gives_its_exit_code_and_all_that_it_wrote():
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = run_within(20.0, [sys.executable, "-c", code])
    assert done.code == 3
    assert set(done.output.splitlines()) == {"out", "err"}
    assert done.how == "exit code 3"


def test_a_program_that_takes_too_long_is_killed_with_what_it_started(tmp_path: Path):
    pids = tmp_path / "pids"
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"sh did not end within 0\.5 seconds"):
        run_within(0.5, ["/bin/sh", "-c", f"sleep 60 & echo $! $$ > {pids}; wait"])
    assert time.monotonic() - began < 5
    until = time.monotonic() + 5
    for pid in pids.read_text().split():
        while _is_alive(pid) and time.monotonic() < until:
            time.sleep(0.01)
        assert not _is_alive(pid)


def test_what_a_program_leaves_behind_is_not_waited_for():
    began = time.monotonic()
    done = run_within(20.0, ["/bin/sh", "-c", "sleep 5 & echo done"])
    assert done == Finished(0, "done")
    assert time.monotonic() - began < 4


def test_signals_have_names_where_they_have_one():
    assert how_it_ended(-9) == "signal SIGKILL"
    assert how_it_ended(-60) == "signal 60"


def test_the_working_directory_is_named_where_it_was_implied(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert module_search_path(["", "/a"]) == f"{tmp_path}:/a"


def _is_alive(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # a zombie waits for its new parent only

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from storage import processes
from storage.database import Database
from storage.processes import (
    GRACE_SECONDS,
    Claims,
    Process,
    dead_processes,
    forget_dead,
    start_time,
    this_process,
)
from storage.tables import CLAIMS, PROCESSES


def add(database: Database, key: str, process: Process, beaten_at: float = 0.0) -> None:
    with database.write() as connection:
        row = {"process": key, "beaten_at": beaten_at, **asdict(process)}
        connection.execute(PROCESSES.insert(), row)
        claim = {"trial_id": hash(key) % 10**6, "process": key, "lost_attempts": 0}
        connection.execute(CLAIMS.insert(), claim)


def dead(database: Database) -> set[str]:
    with database.read() as connection:
        return dead_processes(connection)


def test_this_process_lives() -> None:
    process = this_process()
    assert process.process_id == os.getpid()
    assert process.is_local
    assert process.lives


def test_ended_process_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = start_time(child.pid)
    assert started
    child.communicate(b"\n")
    assert start_time(child.pid) is None
    assert not replace(this_process(), process_id=child.pid, started=started).lives


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only where there is /proc")
def test_zombie_is_gone() -> None:
    """A killed process whose parent has not asked for its end keeps its id."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    deadline = time.monotonic() + 20
    while start_time(child.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert start_time(child.pid) is None
    child.wait()


def test_process_id_that_was_given_out_again_is_another_process(database: Database) -> None:
    add(database, "reused", replace(this_process(), started="earlier"))
    assert dead(database) == {"reused"}


def test_processes_are_judged(database: Database) -> None:
    me, now = this_process(), time.time()
    add(database, "mine", me)
    add(database, "before the boot", replace(me, boot_id="earlier"))
    add(database, "elsewhere, beating", replace(me, host="elsewhere"), now)
    add(database, "elsewhere, silent", replace(me, host="elsewhere"), now - 2 * GRACE_SECONDS)
    assert dead(database) == {"before the boot", "elsewhere, silent"}
    with database.read() as connection:
        among = {"mine", "elsewhere, silent", "never heard of"}
        assert dead_processes(connection, among) == {"elsewhere, silent", "never heard of"}


def test_dead_process_is_forgotten_and_stays_dead(database: Database) -> None:
    add(database, "mine", this_process())
    add(database, "gone", replace(this_process(), boot_id="earlier"))
    with database.write() as connection:
        forget_dead(connection)
        assert list(connection.scalars(select(PROCESSES.c.process))) == ["mine"]
    assert dead(database) == {"gone"}


def test_released_claim_is_nobodys(database: Database) -> None:
    claims = Claims()
    with database.write() as connection:
        claims.claim(connection, 5)
    claims.registered()
    assert dead(database) == set()
    with database.write() as connection:
        claims.release(connection)
    assert dead(database) == {claims.key}


def test_claim_is_taken_over(database: Database) -> None:
    first, second = Claims(), Claims()
    with database.write() as connection:
        first.claim(connection, 5)
        second.claim(connection, 5, lost_attempts=1)
    with database.read() as connection:
        assert connection.execute(select(CLAIMS)).all() == [(5, second.key, 1)]


def test_beat_is_seen(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = Claims()
    with database.write() as connection:
        claims.register(connection)
    monkeypatch.setattr(processes.time, "time", lambda: 1e12)
    with database.write() as connection:
        claims.beat(connection)
        assert connection.scalar(select(PROCESSES.c.beaten_at)) == 1e12


def test_forked_child_is_another_process() -> None:
    claims = Claims()
    claims.registered()
    key = claims.key
    claims.after_fork()
    assert claims.key != key
    assert not claims.is_registered

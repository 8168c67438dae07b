from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from automl.executors import resources
from automl.executors.resources import available_cores, available_memory, private_memory


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Path:
    """A machine of eight hardware threads on four cores, as files say."""
    for cpu in range(8):
        core = tmp_path / f"devices/system/cpu/cpu{cpu}/topology"
        core.mkdir(parents=True)
        (core / "thread_siblings_list").write_text(f"{cpu % 4},{cpu % 4 + 4}\n")
    (tmp_path / "fs/cgroup").mkdir(parents=True)
    (tmp_path / "meminfo").write_text("MemTotal: 8000 kB\nMemAvailable:    4000 kB\n")
    monkeypatch.setattr(resources, "SYSTEM", tmp_path)
    monkeypatch.setattr(resources, "CGROUP", tmp_path / "fs/cgroup")
    monkeypatch.setattr(resources, "PROC", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_two_hardware_threads_are_one_core(machine):
    assert available_cores() == 4


def test_only_cores_that_this_process_may_use_count(machine, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 4, 5})
    assert available_cores() == 2


@pytest.mark.parametrize(
    ("quota", "n_cores"), [("max 100000", 4), ("150000 100000", 2), ("20000 100000", 1)]
)
def test_a_container_may_have_fewer_cores_than_its_machine(machine, quota, n_cores):
    write(machine / "fs/cgroup/cpu.max", quota)
    assert available_cores() == n_cores


@pytest.mark.parametrize(("quota", "n_cores"), [("-1", 4), ("300000", 3)])
def test_older_containers_say_it_in_two_files(machine, quota, n_cores):
    write(machine / "fs/cgroup/cpu/cpu.cfs_quota_us", quota)
    write(machine / "fs/cgroup/cpu/cpu.cfs_period_us", "100000")
    assert available_cores() == n_cores


def test_memory_is_what_the_machine_has_left(machine):
    assert available_memory() == 4000 * 1024


@pytest.mark.parametrize(
    ("limit", "used"),
    [
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ],
)
def test_a_container_may_have_less_memory_than_its_machine(machine, limit, used):
    write(machine / "fs/cgroup" / limit, "5000")
    write(machine / "fs/cgroup" / used, "2000")
    assert available_memory() == 3000
    write(machine / "fs/cgroup" / limit, "max")
    assert available_memory() == 4000 * 1024


def test_a_system_without_such_files_is_asked_for_its_totals(machine):
    (machine / "meminfo").unlink()
    assert available_memory() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert private_memory() is None


def test_this_machine_has_cores_and_memory():
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    assert (available_memory() or 0) > 2**20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says so")
def test_private_memory_grows_with_what_is_asked_for():
    before = private_memory()
    # New memory of the system: what the allocator gives may be a block that it has had before.
    block = mmap.mmap(-1, 2**26, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    assert private_memory() - before >= 2**26
    del block

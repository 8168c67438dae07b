"""The coordinator's side of the server that forks workers, with a real one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from automl.executors.heartbeat import Pulse
from automl.executors.losses import MAX_FAILED_STARTS
from automl.executors.pool import Pool
from automl.executors.shared_dataset import SharedDataset
from automl.executors.workers import warm_server
from automl.executors.workers.process import ProcessEngine
from automl.executors.workers.process_messages import Assignment, Refused, receive
from automl.executors.workers.process_worker import MODULE, ProcessWorker
from automl.executors.workers.warm_server import (
    ForkedProcess,
    WarmServer,
    give_back,
    loading_ahead,
    share_server,
    take_server,
)
from automl.executors.workers.worker import TrainingSetup
from tests.contracts.child_processes import SERVER, children, is_gone, workers
from tests.contracts.executor_contract import LINEAR, SLOW, curve_alone, train
from tests.contracts.linear_trainer import tiny_dataset, tiny_run, without_seconds

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open") or sys.platform != "linux", reason="there is no server"
)

CPU = ("cpu",)

PROBE = """
import json, os, signal, sys

class Probe:
    def __init__(self, dataset, *, device):
        import numpy, torch
        sys.stderr.write("written")
        sys.stderr.flush()
        raise OSError(json.dumps({
            "environment": dict(os.environ),
            "folder": os.getcwd(),
            "group": os.getpgid(0) == os.getpid(),
            "interrupt": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
            "open": sorted(map(int, os.listdir("/proc/self/fd"))),
            "input": os.readlink("/proc/self/fd/0"),
            "path": sys.path[:2],
            "threads": torch.get_num_threads(),
            "drawn": numpy.random.random(),
        }))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[WarmServer]:
    server = WarmServer()
    yield server
    server.close()


def silent(server: WarmServer) -> tuple[Any, ForkedProcess]:
    """A worker that waits to be told what to train."""
    pulse = Pulse()
    with Path(os.devnull).open("wb") as output, closing(pulse):
        told = [pulse.descriptor, server.pid]
        return server.fork(MODULE, told, [pulse.descriptor], output.fileno())


def make(trainer: str = LINEAR, n_workers: int = 2) -> Pool:
    setup = TrainingSetup(tiny_dataset(), n_workers, trainer)
    return Pool(setup, ProcessEngine(setup))


def answers(assignment: Assignment, server: WarmServer | None) -> dict[str, Any]:
    """What the probe finds in a worker."""
    worker = ProcessWorker(assignment, server)
    try:
        refused = receive(worker.connection)
        assert isinstance(refused, Refused)
        assert worker._output.written() == "written"
        said = refused.message.partition("OSError: ")[2]
        found: dict[str, Any] = json.JSONDecoder().raw_decode(said)[0]  # the line follows
        return found
    finally:
        worker.end()


def test_a_forked_worker_finds_what_an_interpreter_of_its_own_would(
    server: WarmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what has changed since the server began: folder, environment, the path of modules."""
    (tmp_path / "probe.py").write_text(PROBE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("SAID_LATER", "hello \udc80")  # not all that is there is text
    shared = SharedDataset.of(tiny_dataset())
    assignment = Assignment(shared, "probe:Probe", {}, "cpu", None, None)
    alone, forked, again = (answers(assignment, each) for each in (None, server, server))
    shared.close()
    assert len({found.pop("drawn") for found in (alone, forked, again)}) == 3
    assert len(forked["open"]) == len(alone["open"])
    for found in (alone, forked, again):
        del found["open"]  # the numbers of pulse and output differ from worker to worker
        del found["path"][1:]  # an interpreter finds its own folder once more
    assert alone == forked == again
    assert forked["environment"]["SAID_LATER"] == "hello \udc80"
    assert forked["environment"]["OMP_NUM_THREADS"] == "1"
    assert (forked["folder"], forked["path"]) == (str(tmp_path), [str(tmp_path)])
    assert forked["group"]
    assert forked["interrupt"]


def test_all_workers_are_forked_from_one_process_that_has_no_other_threads() -> None:
    with make(n_workers=2) as executor:
        begun = [member.worker.pid for member in executor._members]
        assert sorted(begun) == workers(os.getpid())
        (server,) = {parent for parent in children(os.getpid(), SERVER) if children(parent)}
        assert [task.name for task in Path(f"/proc/{server}/task").iterdir()] == [str(server)]
    assert is_gone(server, 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_is_told_by_which_signal_a_worker_has_ended(server: WarmServer, number: int) -> None:
    connection, process = silent(server)
    with connection:
        assert process.pid is not None
        os.kill(process.pid, number)
        assert process.wait(5) == -number
        assert is_gone(process.pid, 0)
        process.kill()  # without effect on whoever has the number next


def test_it_is_told_with_which_code_a_worker_has_ended(server: WarmServer) -> None:
    connection, process = silent(server)
    assert process.pid is not None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    connection.close()
    assert process.wait(5) == 0


def test_a_worker_that_is_killed_before_it_is_there_does_not_come() -> None:
    server = WarmServer()
    connection, process = silent(server)
    assert not process.has_begun
    process.kill()
    assert process.wait(30) == -signal.SIGKILL
    assert process.has_begun
    connection.close()
    server.close()


def test_a_stopped_worker_can_be_killed(server: WarmServer) -> None:
    connection, process = silent(server)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    process.kill()
    assert process.wait(5) == -signal.SIGKILL
    connection.close()


def test_a_worker_whose_handle_is_lost_ends(server: WarmServer) -> None:
    """Even where somebody holds its connection."""
    connection, process = silent(server)
    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    process._lifeline.close()
    assert is_gone(pid)
    connection.close()


def test_nothing_is_known_of_workers_whose_server_has_ended() -> None:
    server = WarmServer()
    connection, process = silent(server)
    pid = process.pid
    assert pid is not None
    server.close()
    assert is_gone(pid)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(5)
    with pytest.raises(OSError, match="Bad file descriptor"):
        silent(server)
    connection.close()


def test_a_worker_that_never_was_has_no_number() -> None:
    server = WarmServer()
    os.kill(server.pid, signal.SIGSTOP)
    connection, process = silent(server)
    os.kill(server.pid, signal.SIGKILL)
    assert process.pid is None
    with Connection(connection.detach()) as ours, pytest.raises((EOFError, ConnectionError)):
        ours.recv_bytes()
    server.close()


def test_training_goes_on_when_the_server_is_killed() -> None:
    """Its workers end with it; others are interpreters of their own."""
    with make(SLOW, n_workers=1) as executor:
        executor.start([tiny_run(1)])
        executor.next_round()
        (server,) = (p for p in children(os.getpid(), SERVER) if children(p))
        os.kill(server, signal.SIGKILL)
        _, failures = train(executor, [], 1000)
        assert [failure.cause for failure in failures] == ["lost"]
        curves, _ = train(executor, [tiny_run(1)], 2)
        assert without_seconds(curves[1]) == curve_alone(tiny_run(1), 2)


def test_a_server_that_makes_no_worker_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("automl.system.child_processes.END_SECONDS", 0.1)
    with loading_ahead(2, CPU, is_limited=False):
        (server,) = warm_server._waiting
        os.kill(server.pid, signal.SIGSTOP)
        setup = TrainingSetup(tiny_dataset(), 1, LINEAR)
        engine = ProcessEngine(setup)
        first = engine.launch(0)
        assert isinstance(first, ProcessWorker)
        assert not first.has_begun
        first.end()
        second = engine.launch(0)
        assert isinstance(second, ProcessWorker)
        assert second.pid in children(os.getpid(), "process_beginning")
        engine.close()


def test_workers_load_ahead_and_what_nobody_takes_is_ended() -> None:
    with loading_ahead(2, CPU, is_limited=False):
        ahead = take_server(CPU)
        assert ahead is not None
        another = take_server(CPU)
        assert another is not None
        assert another.pid != ahead.pid
        give_back(another)
        assert is_gone(another.pid)
    assert not is_gone(ahead.pid, 0)  # it is its taker's now
    give_back(ahead)
    with loading_ahead("auto", CPU, is_limited=True):
        (pid,) = (server.pid for server in warm_server._waiting)
        with loading_ahead("auto", CPU, is_limited=True):  # as the command line calls the library
            assert [server.pid for server in warm_server._waiting] == [pid]
    assert is_gone(pid)
    with loading_ahead(1, CPU, is_limited=False):
        assert not warm_server._waiting
    with loading_ahead(2, ("cpu", "cuda:0"), is_limited=False):
        assert not warm_server._waiting
        assert take_server(("cuda:0",)) is None


def test_a_fork_of_the_coordinator_does_not_take_its_server() -> None:
    with loading_ahead(2, CPU, is_limited=False):
        (ahead,) = warm_server._waiting
        ahead.owner += 1
        server = take_server(CPU)
        assert server is not None
        assert server.pid != ahead.pid
        give_back(server)
        ahead.close()


def test_the_last_who_needs_a_server_ends_it() -> None:
    assert share_server() is None
    taken = take_server(CPU)
    assert taken is not None
    assert share_server() is taken
    give_back(taken)
    assert not is_gone(taken.pid, 0)
    give_back(taken)
    assert is_gone(taken.pid, 0)
    assert share_server() is None


def test_without_descriptors_of_processes_there_is_no_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    with loading_ahead(2, CPU, is_limited=False):
        assert take_server(CPU) is None
    with make(n_workers=1) as executor:
        assert executor._members[0].worker.pid in children(os.getpid(), "process_beginning")
        curves, _ = train(executor, [tiny_run(1)], 2)
    assert without_seconds(curves[1]) == curve_alone(tiny_run(1), 2)


def test_a_system_that_forbids_descriptors_of_processes_has_no_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "pidfd_open", Mock(side_effect=PermissionError))
    assert take_server(CPU) is None


def test_however_many_workers_a_server_does_not_make_training_goes_on_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are more than the failed starts after which a search is given up."""
    monkeypatch.setattr(warm_server, "MODULE", "tests.contracts.there_is_no_such_server")
    with make(n_workers=MAX_FAILED_STARTS) as executor:
        curves, failures = train(executor, [tiny_run(1)], 2)
    assert failures == []
    assert without_seconds(curves[1]) == curve_alone(tiny_run(1), 2)


COORDINATOR = """
import os, time
from automl.executors.workers.warm_server import WarmServer
from tests.automl.executors.workers.test_warm_server import silent
server = WarmServer()
connection, process = silent(server)
print(server.pid, flush=True)
print(process.pid, flush=True)
if (child := {child}) != 0:
    print(child, flush=True)
    os.kill(os.getpid(), 9)
time.sleep(600)
"""

AT_LAST = 240.0
"""Seconds in which a process ends on a machine that has much else to do: it may load first."""


@pytest.mark.parametrize("has_child", [False, True])
def test_server_and_worker_end_with_a_coordinator_that_is_killed(
    has_child: bool, tmp_path: Path
) -> None:
    """A child of a person's own may still hold all that the coordinator had."""
    code = COORDINATOR.format(child="os.fork()" if has_child else "-1")
    (tmp_path / "coordinator.py").write_text(code)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "coordinator.py")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        *begun, child = [int(process.stdout.readline()) for _ in range(3)]
        assert process.wait() == -signal.SIGKILL
        try:
            assert all(is_gone(pid, AT_LAST) for pid in begun)
        finally:
            if has_child:
                os.kill(child, signal.SIGKILL)


def test_a_server_that_still_loads_ends_with_a_coordinator_that_is_killed(tmp_path: Path) -> None:
    code = "from automl.executors.workers.warm_server import WarmServer\n"
    code += "import os\nprint(WarmServer().pid, flush=True)\nos.kill(os.getpid(), 9)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert is_gone(int(done.stdout), AT_LAST)

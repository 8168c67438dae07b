"""Worker processes from where people start them: a script, standard input, a terminal.

`multiprocessing` would import the script again in each worker, and without a main guard
begin it again there. These workers never see it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.interrupts import hear_interrupts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

ROOT = Path(__file__).parents[2]

BEGIN = """
import time
print("begins", flush=True)
from automl.executors.choosing import make_executor
from tests.contracts.linear_trainer import tiny_dataset, tiny_run

SLOW = "tests.contracts.linear_trainer:SlowTrainer"
executor = make_executor(tiny_dataset(), workers=2, engine="processes", trainer=SLOW)
executor.start([tiny_run(1), tiny_run(2)])
seen = set()
while seen != {1, 2}:
    seen |= {epoch.run_id for epoch in executor.next_round().epochs}
print("workers", *[member.worker.pid for member in executor._members], flush=True)
"""

TRAIN_UNTIL_INTERRUPTED = """
try:
    while True:
        executor.next_round()
except KeyboardInterrupt:
    checkpoint = executor.checkpoint(1)
    before = time.monotonic()
    executor.close()
    print("closed", time.monotonic() - before < 2, checkpoint.epoch > 0, flush=True)
"""


@pytest.fixture
def start_script(tmp_path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Run a script in a folder of its own, in its own process group as a shell would."""
    processes = []

    def start(text: str, *, from_standard_input: bool = False) -> subprocess.Popen[str]:
        (tmp_path / "script.py").write_text(text)
        processes.append(
            subprocess.Popen(
                [sys.executable, *([] if from_standard_input else ["script.py"])],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                process_group=0,
                preexec_fn=hear_interrupts,
            )
        )
        if from_standard_input:
            processes[-1].stdin.write(text)
            processes[-1].stdin.close()
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def wait_for_workers(process: subprocess.Popen[str]) -> list[int]:
    """The ids of the workers, once they train."""
    assert process.stdout.readline() == "begins\n"
    word, *pids = process.stdout.readline().split()
    assert word == "workers"
    assert all(is_running(int(pid)) for pid in pids)
    return [int(pid) for pid in pids]


def is_running(pid: int) -> bool:
    """Whether a process has not ended; whoever adopts an orphan may be late to reap it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def all_end_within(pids: list[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(map(is_running, pids))


def test_a_script_without_a_main_guard_runs_once_and_leaves_no_process(start_script, tmp_path):
    """It does not even close its executor, and works where a file is named like a module."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "torch.py").write_text("raise ImportError('the wrong torch')")
    process = start_script("import os\nos.chdir('elsewhere')\n" + BEGIN + "input()\n")
    workers = wait_for_workers(process)
    process.stdin.write("\n")  # it may end, now that the workers have been seen
    process.stdin.flush()
    assert process.stdout.read() == ""
    assert process.wait(10) == 0
    assert not any(map(is_running, workers))


@pytest.mark.slow
def test_code_from_standard_input_needs_no_file(start_script):
    process = start_script(BEGIN, from_standard_input=True)
    workers = wait_for_workers(process)
    assert process.stdout.read() == ""
    assert process.wait(10) == 0
    assert not any(map(is_running, workers))


def test_an_interrupt_reaches_the_coordinator_only_which_can_still_save_its_runs(start_script):
    process = start_script(BEGIN + TRAIN_UNTIL_INTERRUPTED)
    workers = wait_for_workers(process)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
    assert process.stdout.read() == "closed True True\n"
    assert process.wait(10) == 0
    assert not any(map(is_running, workers))


def test_workers_end_when_their_coordinator_is_killed(start_script):
    names = set(Path("/dev/shm").iterdir())
    process = start_script(BEGIN + TRAIN_UNTIL_INTERRUPTED)
    workers = wait_for_workers(process)
    process.kill()
    process.wait()
    assert all_end_within(workers, seconds=2.0)
    assert set(Path("/dev/shm").iterdir()) == names

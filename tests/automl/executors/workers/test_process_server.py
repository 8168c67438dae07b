"""What the server has loaded; both sides are tested together in `test_warm_server.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl.executors.resources import available_cores

CODE = """
import importlib, os, sys
from automl.executors.workers.process_server import LOADED
for module in LOADED:
    importlib.import_module(module)
print(len(os.listdir("/proc/self/task")), *sys.modules)
"""

TAKEN_OVER = """
import os
from automl.executors.workers.process_server import _take_over
others = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
os.closerange(others[0], others[2])
_take_over([os.dup(1)], [1])
print(*(each for each in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{each}")))
"""

IDLE = """
import socket, sys
from automl.executors.workers.process_server import _load_further
coordinator, connection = socket.socketpair()
coordinator.send(b"a request")
_load_further(connection)
print("sklearn" in sys.modules)
connection.recv(100)
_load_further(connection)
print("sklearn" in sys.modules)
"""

FIRST_ROUND = """
import sys
from automl.executors.choosing import make_executor
from tests.contracts.linear_trainer import tiny_dataset, tiny_run
before = set(sys.modules)
with make_executor(tiny_dataset(), workers=1, trainer="stacked") as executor:
    executor.start([tiny_run(1)])
    executor.next_round()
print(*(set(sys.modules) - before))
"""


def printed(code: str) -> list[str]:
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_server_loads_what_workers_need_without_a_thread() -> None:
    n_threads, *loaded = printed(CODE)
    assert n_threads == "1"
    assert not {"optuna", "sqlalchemy", "pandas", "sklearn", "scipy", "plotly"} & set(loaded)
    needed = {name for name in printed(FIRST_ROUND) if name.startswith("automl.")}
    assert needed - set(loaded) - {"automl.executors.workers.in_process"} == set()


@pytest.mark.skipif(available_cores() == 1, reason="no core is idle")
def test_the_server_goes_on_loading_until_it_is_asked() -> None:
    assert printed(IDLE) == ["False", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_child_keeps_no_descriptor_of_another_one() -> None:
    assert sorted(printed(TAKEN_OVER)) == ["0", "1"]

"""What a process that forks may load: no thread, and no library that nobody needs there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl.data.fitting_libraries import PIECES

CODE = """
import os, sys
from automl.data.fitting_libraries import load_pieces
print(*load_pieces())
print(len(os.listdir("/proc/self/task")), "pandas" in sys.modules)
import pandas
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_pieces_are_loaded_without_a_thread_and_without_pandas() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [*PIECES, "1", "False"]

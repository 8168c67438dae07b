"""What decisions take is loaded beside the first trials, which do not wait for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import automl

ROOT = Path(automl.__file__).parents[1]

CODE = """
import sys
from automl.tuning.policies.freeze_thaw import FreezeThaw
from tests.contracts.policy_contract import view_of

def loaded():
    return [name for name in ("scipy.linalg", "scipy.optimize") if name in sys.modules]

policy = FreezeThaw(20)
print(len(policy.next(view_of(60), 8)), *loaded())
policy.prepare()
policy.prepare()
from automl.tuning.gaussian_process.loading import load_beside
load_beside().join()
from automl.system.threads import libraries
print(*loaded(), libraries.cache_info().currsize, libraries.cache_info().misses)
"""


def test_the_first_trials_need_nothing_of_it_and_it_is_there_for_the_next() -> None:
    """In an interpreter of its own, which has loaded nothing yet."""
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    first, then = done.stdout.splitlines()
    assert first == "8"
    assert then == "scipy.linalg scipy.optimize 1 1"

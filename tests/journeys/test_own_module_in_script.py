"""A person's own network in a script that has no main guard, with two workers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.journeys.own_networks import DIGITS, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers need Linux or macOS")

SEARCH = """
print("runs once")
result = automl.search(
    (images, digits.target), model=build, space="convolutional.toml", workers=2,
    n_trials={n_trials}, max_epochs={max_epochs}, timeout={timeout},
)
print(result.evaluation.scores["accuracy"])
model = result.best_model()
print(type(model.module()).__name__, model.module().training, model.predict(images[:5]).tolist())
"""


def test_a_convolutional_network_learns_images(tmp_path: Path) -> None:
    script = DIGITS + SEARCH.format(n_trials=2, max_epochs=2, timeout=None)
    (tmp_path / "script.py").write_text(script)
    done = run(tmp_path, "script.py")
    assert done.returncode == 0, done.stderr
    first, accuracy, last = done.stdout.splitlines()
    assert first == "runs once"
    assert float(accuracy) > 0.8
    assert last.startswith("Sequential False [")


@pytest.mark.slow
def test_in_a_minute_it_is_right_on_985_of_1000_test_images(tmp_path: Path) -> None:
    """On two idle cores; it takes 25 seconds there."""
    script = DIGITS + SEARCH.format(n_trials=12, max_epochs=15, timeout=60)
    (tmp_path / "script.py").write_text(script)
    done = run(tmp_path, "script.py")
    assert done.returncode == 0, done.stderr
    _, accuracy, last = done.stdout.splitlines()
    assert float(accuracy) >= 0.985
    assert last == "Sequential False [0, 1, 2, 3, 4]"

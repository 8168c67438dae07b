from __future__ import annotations

from pathlib import Path

import pytest

import automl
from examples.shared_study import search_together


@pytest.mark.slow
def test_two_processes_make_the_trials_together_and_a_third_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    assert search_together(url, n_trials=6) == [0, 0]
    first = automl.load_study("shared", url)
    assert [trial.number for trial in first.trials] == list(range(6))
    assert len(automl.resume("shared", url, n_trials=8).trials) == 8

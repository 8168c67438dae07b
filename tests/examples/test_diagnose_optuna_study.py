from __future__ import annotations

from pathlib import Path

import optuna

import automl
from examples.diagnose_optuna_study import make_study


def test_the_range_that_ends_too_early_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/theirs.db"
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    make_study(url)
    optuna.logging.set_verbosity(before)
    written = (tmp_path / "theirs.db").read_bytes()
    (first, *_) = automl.diagnose("theirs", url).diagnoses
    assert first.kind == "range_edge"
    assert [change.parameter for change in first.advice[0].changes] == ["learning_rate"]
    assert (tmp_path / "theirs.db").read_bytes() == written, "it is only read"

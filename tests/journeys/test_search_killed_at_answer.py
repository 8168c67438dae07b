"""Killed between a search and the end of its answer's training: the same command has the answer.

The process kills itself with SIGKILL at a moment of its own code, so that no kill misses it: once
while the networks of the answer train, once before their weights are kept.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import automl
from automl.result import SearchResult
from automl.studies import load_study
from storage.answers import trials_of

ROOT = Path(__file__).parents[2]

DYING = """
import os, signal, sys
from pathlib import Path
from automl.investigation import side_runs
from automl.session import answer_training
from tests.journeys.test_search_killed_at_answer import search

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after_a_round(*arguments, **keywords):
    for result in train_rounds(*arguments, **keywords):
        yield result
        die()

train_rounds = side_runs.train_rounds
if sys.argv[3] == "while training":
    side_runs.train_rounds = die_after_a_round
else:
    answer_training.AnswerTraining._keep = die
search(Path(sys.argv[1]), sys.argv[2])
"""


def search(folder: Path, answer: str) -> SearchResult:
    return automl.search(
        "sklearn:iris",
        study="iris",
        storage=f"sqlite:///{folder}/automl.db",
        n_trials=4,
        folds=2,
        max_epochs=6,
        references=False,
        seed=1,
        slots=2,
        workers=1,
        answer=answer,  # type: ignore[arg-type]
    )


def killed(folder: Path, answer: str, moment: str) -> None:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(folder), answer, moment],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        timeout=240,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("kind", "moment"),
    [
        ("seeds", "while training"),
        ("refit", "before weights are kept"),
        pytest.param("seeds", "before weights are kept", marks=pytest.mark.slow),
        pytest.param("refit", "while training", marks=pytest.mark.slow),
    ],
)
def test_a_killed_and_continued_search_has_the_same_answer(
    kind: str, moment: str, tmp_path: Path
) -> None:
    straight = search(tmp_path, kind)
    folder = tmp_path / "killed"
    killed(folder, kind, moment)
    left = load_study("iris", f"sqlite:///{folder}/automl.db")
    assert left.answer.kind == "single" and left.evaluation is None
    assert any(run.purpose == kind for run in left.records.runs)
    continued = search(folder, kind)
    assert continued.answer.kind == kind
    assert len(continued.answer.members) == len(straight.answer.members)
    assert trials_of(continued.records, continued.answer) == (straight.best.number,)
    assert continued.answer.validation == straight.answer.validation
    before, after = straight.predictions(), continued.predictions()
    assert before is not None and after is not None and before.keys() == after.keys()
    assert all((after[name] == values).all() for name, values in before.items())
    assert not [run for run in continued.records.runs if run.state == "running"]

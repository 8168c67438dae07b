from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automl.report.numbers.generations import (
    LEAST_TRIALS,
    MOST_GENERATIONS,
    N_BEST,
    Narrowing,
    generations_of,
    narrowings,
)
from automl.report.numbers.study import StudyTable, study_table
from storage.records import StudyRecords, TrialRecord
from storage.widening_records import WideningRecord

SPACE = {
    "parameters": {
        "learning_rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        "shape": {"type": "categorical", "choices": ["constant", "funnel"]},
        "momentum": {"type": "float", "low": 0.5, "high": 0.9, "when": {"shape": ["funnel"]}},
    }
}


@pytest.fixture(scope="module")
def narrowing(records: StudyRecords) -> StudyRecords:
    """Sixty trials: learning rates over four decades at first, over half of one at last."""
    draw = np.random.default_rng(0)
    trials = []
    for number, trial in enumerate(records.trials):
        width = 4 if number < 30 else 0.5
        params = {
            "learning_rate": float(10 ** (-2 + width * draw.uniform(-0.5, 0.5))),
            "shape": "funnel" if number >= 30 or draw.random() < 0.5 else "constant",
        }
        trials.append(replace(trial, params=params))
    return replace(records, settings=replace(records.settings, space=SPACE), trials=tuple(trials))


def found(records: StudyRecords) -> dict[str, Narrowing]:
    return {one.axis.name: one for one in narrowings(study_table(records))}


def test_the_interval_of_a_range_shrinks_as_its_proposals_do(narrowing: StudyRecords) -> None:
    rates = found(narrowing)["learning_rate"]
    assert rates.intervals.shape == (MOST_GENERATIONS, 3)
    own = [trial.params["learning_rate"] for trial in narrowing.trials[:10]]
    assert rates.ends(0) == pytest.approx(
        tuple(10 ** np.quantile(np.log10(own), [0.1, 0.9])), rel=1e-6
    )
    widths = rates.intervals[:, 2] - rates.intervals[:, 0]
    assert widths[-1] < 0.25 * widths[0]
    assert list(rates.at) == [0, 14.5, 24.5, 34.5, 44.5, 59]


def test_shares_of_choices_add_up_to_one(narrowing: StudyRecords) -> None:
    shapes = found(narrowing)["shape"]
    assert shapes.shares.sum(axis=1) == pytest.approx(1.0)
    assert 0 < shapes.shares[0, 1] < 1 and shapes.shares[-1].tolist() == [0, 1]


def test_the_best_trials_are_those_of_the_best_places(narrowing: StudyRecords) -> None:
    table = study_table(narrowing)
    (best,) = (one.best for one in narrowings(table) if one.axis.name == "learning_rate")
    assert len(best) == N_BEST
    assert max(table.placed[trial] for trial in best) <= sorted(table.placed.values())[N_BEST - 1]


def test_a_range_that_was_widened_has_several_edges(narrowing: StudyRecords) -> None:
    looks = (WideningRecord(25), WideningRecord(50, {"learning_rate": (1e-4, 10.0)}))
    wider = found(replace(narrowing, widenings=looks))["learning_rate"]
    assert [(edge.from_trial, edge.high) for edge in wider.edges] == [(0, 1.0), (50, 10.0)]
    assert wider.axis.high == 10.0


def test_few_trials_are_one_generation(table: StudyTable) -> None:
    assert narrowings(replace(table, trials=table.trials[: 2 * LEAST_TRIALS - 1])) == ()
    parts = generations_of(table.trials[: 2 * LEAST_TRIALS + 1])
    assert [len(part) for part in parts] == [8, 9]


def test_a_hyperparameter_that_only_some_have_is_drawn_over_those(table: StudyTable) -> None:
    momentum = next(one for one in narrowings(table) if one.axis.name == "momentum")
    assert np.isfinite(momentum.intervals).all()
    assert all("momentum" in trial.params for trial in momentum.best)


def test_nothing_is_drawn_of_a_study_without_trials(records: StudyRecords) -> None:
    assert narrowings(study_table(replace(records, trials=()))) == ()
    waiting = TrialRecord(0, "WAITING", {})
    assert narrowings(study_table(replace(records, trials=(waiting,)))) == ()

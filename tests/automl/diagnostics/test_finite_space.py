"""All that a finite space has was tried, or not: then trials are few, or they are all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from automl.diagnostics.advice import advise_behind
from automl.diagnostics.finite_space import is_exhausted
from automl.diagnostics.search_coverage import diagnose_too_few_trials
from automl.diagnostics.situation import Situation
from search_spaces import SearchSpace, load
from storage.records import StudyRecords, TrialRecord

MLP = load("mlp").for_task("binary")
STARTS = ("normal", "xavier", "he")


def fixed_but(*assignments: str) -> SearchSpace:
    """The built-in space with everything fixed at its default, and these instead.

    What no trial can have then, as the momentum of other optimizers, stays as it is.
    """
    varied = [text.partition("=")[0] for text in assignments]
    others = [
        f"{name}={known.default}"
        for name, known in MLP.hyperparameters.items()
        if name in MLP.parameters and name not in varied and not MLP.parameters[name].when
    ]
    return MLP.narrow([*others, *assignments])


def searched(study: Any, space: SearchSpace, *params: dict[str, Any]) -> StudyRecords:
    trials = [TrialRecord(i, "COMPLETE", one, 0.5 + i) for i, one in enumerate(params)]
    records: StudyRecords = study(space=space.to_dict())
    return replace(records, trials=tuple(trials))


@pytest.mark.parametrize(("starts", "is_all"), [(STARTS, True), (STARTS[:2], False)])
def test_trials_of_all_choices_are_not_few(
    study: Any, starts: Sequence[str], is_all: bool
) -> None:
    space = fixed_but("initialization=normal,xavier,he")
    records = searched(study, space, *({"initialization": one} for one in starts))
    assert is_exhausted(records) is is_all
    assert (diagnose_too_few_trials(records) is None) is is_all
    situation = Situation(records.settings, records.trials[0], is_exhausted=is_all)
    texts = [
        one.text for one in advise_behind(situation, "trees", is_unfitted=False, has_gap=False)
    ]
    assert any("go on to" in text for text in texts) is not is_all


def test_a_parameter_without_its_condition_is_no_further_combination(study: Any) -> None:
    """Momentum is one of some optimizers alone: three combinations of two and two."""
    space = fixed_but("optimizer=momentum,adam", "momentum=0.5,0.9", "adam_beta2=0.99")
    tried = [
        {"optimizer": "momentum", "momentum": 0.5},
        {"optimizer": "momentum", "momentum": 0.9},
        {"optimizer": "adam"},
    ]
    assert is_exhausted(searched(study, space, *tried))
    assert not is_exhausted(searched(study, space, *tried[:2]))


def test_whole_numbers_can_be_counted_and_others_cannot(study: Any) -> None:
    depths = [{"n_layers": n} for n in (1, 2, 3)]
    assert is_exhausted(searched(study, fixed_but("n_layers=1..3"), *depths))
    assert not is_exhausted(searched(study, fixed_but("n_layers=1..4"), *depths))
    rates = [{"learning_rate": rate} for rate in (0.01, 0.02)]
    assert not is_exhausted(searched(study, fixed_but("learning_rate=0.01..0.02"), *rates))


def test_a_trial_that_still_runs_has_tried_nothing_yet(study: Any) -> None:
    space = fixed_but("initialization=normal,xavier,he")
    records = searched(study, space, *({"initialization": one} for one in STARTS))
    running = replace(records.trials[-1], state="RUNNING", value=None)
    assert not is_exhausted(replace(records, trials=(*records.trials[:2], running)))
    assert not is_exhausted(replace(records, trials=()))

"""Length scales of a policy's fits, in the order of their trials."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from automl.report.numbers.beliefs import length_scales
from storage.call_records import BeliefRecord
from storage.errors import DamagedError
from storage.records import StudyRecords


def test_there_is_a_length_for_each_fit_and_the_shortest_at_last_comes_first(
    paused_records: StudyRecords,
) -> None:
    found = length_scales(paused_records)
    assert found is not None
    assert found.n_trials.tolist() == [15, 30, 55]
    assert found.n_epochs.tolist() == [45, 90, 165]
    assert list(found.by_name) == ["learning_rate", "optimizer", "dropout"]
    assert found.by_name["dropout"] == pytest.approx(np.exp([0.4, 0.5, 1.5]))
    # Hvarfner et al. 2024: it grows with the root of the number of parameters.
    assert found.assumed == pytest.approx(math.exp(-0.5) * math.sqrt(3))


def test_fits_of_several_coordinators_stand_in_the_order_of_their_trials(
    paused_records: StudyRecords,
) -> None:
    mixed = replace(paused_records, beliefs=paused_records.beliefs[::-1])
    (found, straight) = (length_scales(one) for one in (mixed, paused_records))
    assert found is not None and straight is not None
    assert found.n_trials.tolist() == straight.n_trials.tolist()


def test_of_what_no_trial_has_had_nothing_was_learned(paused_records: StudyRecords) -> None:
    trials = tuple(
        replace(
            one, params={name: value for name, value in one.params.items() if name != "dropout"}
        )
        for one in paused_records.trials
    )
    found = length_scales(replace(paused_records, trials=trials))
    assert found is not None
    assert list(found.by_name) == ["learning_rate", "optimizer"]


def test_one_fit_or_what_another_policy_believes_is_none(paused_records: StudyRecords) -> None:
    assert length_scales(replace(paused_records, beliefs=paused_records.beliefs[:1])) is None
    other = tuple(BeliefRecord("mine", n, n, {"weights": [0.1]}) for n in (10, 20))
    assert length_scales(replace(paused_records, beliefs=other)) is None
    assert length_scales(replace(paused_records, beliefs=())) is None


def test_a_damaged_one_is_told(paused_records: StudyRecords) -> None:
    damaged = BeliefRecord("freeze_thaw", 60, 200, {"lengths": {"dropout": "long"}})
    with pytest.raises(DamagedError, match="automl_beliefs"):
        length_scales(replace(paused_records, beliefs=(*paused_records.beliefs, damaged)))

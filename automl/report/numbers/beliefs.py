"""What a policy believed as the search went on: how far its trials are alike, by hyperparameter.

A generation is a fit of the policy's model. Only a policy that has one leaves any; what is in
them, `tuning/gaussian_process/belief.py` knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl.report.numbers.trials import Floats
from automl.tuning.gaussian_process.belief import Belief
from storage.records import StudyRecords


@dataclass(frozen=True, slots=True, eq=False)
class LengthScales:
    """How far trials may be apart in a hyperparameter and still be alike, fit by fit.

    Attributes:
        n_trials, n_epochs: of the study, when each fit was made.
        by_name: in widths of the range as it was then, of choices in the distance of any two; the
            shortest at last first; without those that no trial has had, of which nothing could be
            learned. NaN: it was not there.
        assumed: before anything was known, of any hyperparameter.

    Shape:
        n_trials, n_epochs, each of by_name: (G,), G of 2 or more.
    """

    n_trials: Floats
    n_epochs: Floats
    by_name: Mapping[str, Floats]
    assumed: float


def length_scales(records: StudyRecords) -> LengthScales | None:
    """Those of all fits in the order of their trials; None where there are fewer than two.

    Raises:
        DamagedError: one is none.
    """
    found = [
        (record, belief)
        for record in sorted(records.beliefs, key=lambda one: one.n_trials)
        if (belief := Belief.found_in(record.belief)) is not None
    ]
    if len(found) < 2:
        return None
    scales = [belief.length_scales for _, belief in found]
    had = {name for trial in records.trials for name in trial.params}
    names = sorted(scales[-1].keys() & had, key=lambda name: (scales[-1][name], name))
    return LengthScales(
        n_trials=np.array([record.n_trials for record, _ in found], float),
        n_epochs=np.array([record.n_epochs for record, _ in found], float),
        by_name={name: np.array([one.get(name, np.nan) for one in scales]) for name in names},
        assumed=found[-1][1].assumed_scale,
    )

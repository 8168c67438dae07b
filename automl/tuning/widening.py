"""Ranges that grow: where the best trials crowd an end, the range is doubled in the search.

Once in a generation, which is as long as all before together, the ends of all ranges are looked
at, by the rule of the verdict (`diagnostics/range_edge.py`). Where it holds, the range doubles on
its own scale, as far as values are useful: the registry says so, or the table of a person's own
parameter (`useful`). One of which nobody says it may break where it was not meant to go: its range
is left to the person, whom the verdict advises.

A look is stored before the decision that follows it, and the search goes on in the wider space as
a call would that begins then: so a killed and continued search widens alike. Of several
coordinators of a study one looks, and all search in what it has left.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from automl.diagnostics.range_edge import (
    MOST_WIDENING,
    Crowding,
    Range,
    crowded_ranges,
    numeric_ranges,
)
from automl.diagnostics.situation import study_hyperparameters
from automl.errors import ConfigError
from automl.tuning.policies.policy import TrialView, View
from automl.tuning.search_state import SearchState
from automl.wording.numbers import number
from search_spaces import SearchSpace
from search_spaces.parameters import FloatParameter, IntParameter
from storage.ranking import Rank, rank
from storage.records import ParameterValue, StudyRecords, StudySettings
from storage.widening_records import WideningRecord

FIRST_LOOK = 25
"""Trials before the first look: the best quarter of them is six."""


def check_widening(space: SearchSpace) -> None:
    """Refuse to widen a space of which no range may grow.

    Raises:
        ConfigError: says how a range that may is written.
    """
    ranges = [
        one for one in space.parameters.values() if isinstance(one, FloatParameter | IntParameter)
    ]
    known = space.hyperparameters
    if any(map(math.isfinite, itertools.chain(*(known[one.name].useful for one in ranges)))):
        return
    example = ranges[0].to_dict() if ranges else {"low": 0.1, "high": 1.0}
    low, high = example["low"], example["high"]
    raise ConfigError(
        f"widen doubles ranges as far as they say that values are useful, but no range of "
        f'{space.name} says it; write {{"low": {low}, "high": {high}, "useful": [LEAST, MOST]}}, '
        f"or leave widen out"
    )


def widen(state: SearchState) -> None:
    """Look at the ends of the ranges if it is time, and search the wider ones from now on.

    It is to be called before each decision.
    """
    if not state.problem.settings.widen:
        return
    looks = _taken_over(state)  # before a look: another coordinator may have widened either end
    if state.tally.n_asked < _next_look(looks):
        return
    found = _crowded(state.problem.settings, state.decider.view)
    look = WideningRecord(state.tally.n_asked, {one.name: ends for _, one, ends in found})
    name, widenings = state.problem.study_name, state.store.widenings
    with state.store.transaction(at_once=True):
        is_first = widenings.read(name) == looks  # of several coordinators one looks
        if is_first:
            widenings.add(name, look)
    if is_first:
        for crowding, one, ends in found:
            state.say(_told(crowding, one, ends))
    _taken_over(state)


def _taken_over(state: SearchState) -> tuple[WideningRecord, ...]:
    """All looks so far; the search goes on in the ranges that they have left."""
    looks = state.store.widenings.read(state.problem.study_name)
    wider = state.problem.widened(looks)
    if wider is not state.problem:
        state.search_in(wider)
    return looks


def _next_look(looks: Sequence[WideningRecord]) -> int:
    return 2 * looks[-1].from_trial_number if looks else FIRST_LOOK


def _crowded(
    settings: StudySettings, view: View
) -> list[tuple[Crowding, Range, tuple[float, float]]]:
    """The ranges to be widened, with their new ends."""
    found = crowded_ranges(numeric_ranges(StudyRecords(settings)), _ranked(view))
    known = study_hyperparameters(settings)
    return [
        (crowding, one, _doubled(crowding, one))
        for crowding, one in found
        if math.isfinite(known[one.name].useful[crowding.end == "high"])
    ]


def _ranked(view: View) -> list[Mapping[str, ParameterValue]]:
    """Params of the trials that have ended or pause, from the best to the worst."""
    known = [one for one in view.trials.values() if one.state in ("complete", "paused", "pruned")]
    ranked = [(_rank(one), one) for one in known if one.losses and math.isfinite(_value(one))]
    return [one.params for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _rank(trial: TrialView) -> Rank:
    is_complete = trial.state == "complete"
    return rank(trial.number, _value(trial), trial.epoch, is_complete=is_complete)


def _value(trial: TrialView) -> float:
    finite = [loss for loss in trial.losses if math.isfinite(loss)]
    return min(finite, default=math.inf) if trial.state == "complete" else trial.losses[-1]


def _doubled(crowding: Crowding, one: Range) -> tuple[float, float]:
    """The new ends, the one that has moved with as many digits as people read."""
    low, high = one.widened(crowding.end, MOST_WIDENING)
    limit = one.useful
    if crowding.end == "high":
        return low, min(float(f"{high:.3g}"), limit[1])
    return max(float(f"{low:.3g}"), limit[0]), high


def _told(crowding: Crowding, one: Range, ends: tuple[float, float]) -> str:
    return (
        f"{one.name} is searched in {number(ends[0])} to {number(ends[1])} from now on: "
        f"{crowding.n_crowded} of the best {crowding.n_best} trials crowd the "
        f"{'upper' if crowding.end == 'high' else 'lower'} end of {number(one.low)} to "
        f"{number(one.high)}"
    )

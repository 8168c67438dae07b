"""Warm start: what earlier studies know, brought to another one.

    StudyRecords -> EarlierStudy (kept with the study) -> fitted into its space
                 -> first_params: what is tried first
                 -> a sampler's model of the past, as another task

Losses of other data are on another scale, so that of an earlier study only the order of its trials
and the shape of its curves say something. What becomes of params that the space does not have is
said in one line per kind.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from automl.errors import ConfigError
from automl.tuning.tpe.dimensions import Cells, Dimensions, Floats
from automl.tuning.untried import Tried
from automl.wording.counts import count, listing
from automl.wording.printable import one_line
from automl.wording.settings import range_words
from search_spaces import SearchSpace
from search_spaces.declared import family_of
from search_spaces.mapping import NoCounterpart, mapped
from storage.earlier_records import EarlierStudy, EarlierTrial
from storage.records import EpochRecord, ParameterValue, StudyRecords, best_epoch

N_FIRST = 5
"""Trials of each earlier study that are tried first."""

MOST_FIRST = 15
"""Of all earlier studies together: a search of 100 trials is to find something of its own."""

LEAST_NEAR_BEST, SHARE_NEAR_BEST = 10, 0.1
"""The best so many, or the best part if that is more, are good: what is tried first is spread
among them."""

MOST_NAMED = 4
"""Of values or parameters in one line of a message."""


def earlier_study(records: StudyRecords, name: str) -> EarlierStudy:
    """What is kept of a study for another one to learn from.

    Args:
        name: what it is called from now on.

    Raises:
        ConfigError: none of its trials has a finite loss.
    """
    space = SearchSpace.from_dict(records.settings.space)
    trials = tuple(
        EarlierTrial(
            one.number, space.complete(one.params), _losses(records, one.number), one.outcome
        )
        for one in records.trials
        if one.state != "WAITING"
    )
    study = EarlierStudy(name, records.settings.max_epochs, trials)
    if not study.best_first:
        raise ConfigError(
            f"a study to start from must have trials with a loss, but {name!r} has none; "
            "let it train first, or leave it out of warm_start"
        )
    return study


def check_family(records: StudyRecords, space: SearchSpace, name: str) -> None:
    """Check that a study is of the kind of network that is searched, or of an objective too.

    Raises:
        ConfigError: it is not.
    """
    family = family_of(records.settings.space)
    if family != space.family:
        raise ConfigError(
            f"a study to start from must be of the same family as this one, {space.family}, but "
            f"{name!r} is of {family}; leave it out of warm_start"
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """An earlier study in another space.

    Attributes:
        study: its trials that have a counterpart, with params of the space.
        notes: what was changed or left out, a line for each kind.
    """

    study: EarlierStudy
    notes: tuple[str, ...]


def fitted(study: EarlierStudy, space: SearchSpace) -> Fitted:
    """Map the trials of an earlier study into a space.

    A number outside a range goes to its nearer end, a trial with a choice that is not there is
    left out, and what a trial does not have gets its default.
    """
    trials: list[EarlierTrial] = []
    left_out, moved = Counter[str](), Counter[str]()
    missing: dict[str, ParameterValue] = {}
    for trial in study.trials:
        try:
            found = mapped(trial.params, space)
        except NoCounterpart as reason:
            left_out[str(reason)] += 1
            continue
        moved.update(found.moved)
        missing.update({name: found.params[name] for name in found.missing})
        trials.append(replace(trial, params=found.params))
    notes = _notes(space, left_out, moved, missing)
    name = one_line(study.name)
    return Fitted(replace(study, trials=tuple(trials)), tuple(f"{name}: {n}" for n in notes))


def earlier_in(space: SearchSpace, studies: Sequence[EarlierStudy]) -> tuple[EarlierStudy, ...]:
    """Earlier studies, each fitted into a space."""
    return tuple(fitted(study, space).study for study in studies)


def first_params(
    studies: Sequence[EarlierStudy], space: SearchSpace
) -> tuple[Mapping[str, ParameterValue], ...]:
    """What is tried before anything else: good trials of each study, unlike each other, in turn.

    Args:
        studies: fitted into the space.
    """
    dimensions = Dimensions(space)
    of_each = [_spread(study, dimensions) for study in studies]
    in_turn = [one for several in itertools.zip_longest(*of_each) for one in several if one]
    return each_once(in_turn, space)[:MOST_FIRST]


def each_once(
    first: Iterable[Mapping[str, ParameterValue]], space: SearchSpace
) -> tuple[Mapping[str, ParameterValue], ...]:
    """The first params without those that come to the same as earlier ones."""
    known, found = Tried(space), []
    for params in first:
        if params not in known:
            known.add(params)
            found.append(params)
    return tuple(found)


def untried(
    first: Sequence[Mapping[str, ParameterValue]],
    tried: Iterable[Mapping[str, ParameterValue]],
    space: SearchSpace,
) -> tuple[Mapping[str, ParameterValue], ...]:
    """Those of the first params that no trial has, in their order."""
    known = Tried(space)
    for params in tried:
        known.add(params)
    return tuple(params for params in first if params not in known)


def _losses(records: StudyRecords, number: int) -> tuple[float, ...]:
    """The mean over a trial's runs at each epoch, as the search has reported it."""
    curves = [records.epochs.get(run.run_id, ()) for run in records.search_runs(number)]
    curves = [curve for curve in curves if curve]
    n_epochs = max(map(len, curves), default=0)
    means = [fmean(_loss_at(curve, epoch) for curve in curves) for epoch in range(n_epochs)]
    return tuple(itertools.takewhile(math.isfinite, means))


def _loss_at(curve: Sequence[EpochRecord], index: int) -> float:
    if index < len(curve):
        return curve[index].valid_loss
    best = best_epoch(curve)
    return math.inf if best is None else best.valid_loss


def _spread(study: EarlierStudy, dimensions: Dimensions) -> list[Mapping[str, ParameterValue]]:
    """The best trial, then of the good ones always that which is farthest from all chosen."""
    known = study.best_first
    good = known[: max(LEAST_NEAR_BEST, math.ceil(SHARE_NEAR_BEST * len(known)))]
    if not good:
        return []
    places = np.array([dimensions.encode(trial.params) for trial in good])
    are_cells = np.array([isinstance(each, Cells) for each in dimensions.all], bool)
    chosen = [0]
    farness = _distances(places, places[0], are_cells)
    while len(chosen) < N_FIRST and farness.max(initial=0.0) > 0:
        chosen.append(int(np.argmax(farness)))
        farness = np.minimum(farness, _distances(places, places[chosen[-1]], are_cells))
    return [good[index].params for index in chosen]


def _distances(places: Floats, one: Floats, are_cells: np.ndarray) -> Floats:
    """From trials to one of them: 0 to 1 in each parameter, 1 where only one of two has it.

    Shape:
        places: (N, D); one, are_cells: (D,); result: (N,).
    """
    apart = np.abs(places - one)
    apart[:, are_cells] = apart[:, are_cells] > 0
    has, one_has = ~np.isnan(places), ~np.isnan(one)
    total: Floats = np.where(has & one_has, apart, has != one_has).sum(axis=1)
    return total


def _notes(
    space: SearchSpace,
    left_out: Counter[str],
    moved: Counter[str],
    missing: Mapping[str, ParameterValue],
) -> Iterator[str]:
    if left_out:
        values = _named([f"{n} with {what}" for what, n in left_out.most_common()])
        n_trials = count(sum(left_out.values()), "trial")
        yield f"{n_trials} left out, with values that this space does not have: {values}"
    if moved:
        ranges = [
            f"{name} ({range_words(space.parameters[name].to_dict())}; {count(n, 'trial')})"
            for name, n in moved.most_common()
        ]
        yield f"moved to the nearest value of this space: {_named(ranges)}"
    if missing:
        defaults = [f"{name}={value}" for name, value in missing.items()]
        yield f"not known there, taken as the default: {_named(defaults)}"


def _named(words: Sequence[str]) -> str:
    more = len(words) - MOST_NAMED
    return listing([*words[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])

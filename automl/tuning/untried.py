"""Which combinations of values have been tried, and the untried one nearest to a wish.

Trained again, the same params tell how much a seed matters and nothing of other params. So a
proposal that a trial has had already is moved to the nearest combination that none has had; once
a finite space is used up, there is none. Whoever proposes shares this: `ask_many`, and each
policy that makes params of its own.

In 120 proposals, five at once, on each of 30 spaces of 864 combinations TPE proposed 44 different
ones when it was let; 15 combinations were better than the best of its first 60. Moved, it was 120
and 0.3 (benchmarks/duplicates.py). On other spaces, to draw again, up to eight times, before
moving made no difference.

Two trials have the same combination if all parameters that they use have the same values: one
whose condition does not hold is not used, and a fixed one says nothing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Final

import optuna
from optuna.trial import FrozenTrial, TrialState

from search_spaces import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    SearchSpace,
)
from storage.records import ParameterValue

Params = Mapping[str, ParameterValue]
Combination = tuple[object, ...]

MOST_REFUSED: Final = 10_000
"""Untried combinations that are not allowed, beside those that are: some tenths of a second."""

_UNUSED: Final = object()


class Tried:
    """The combinations that trials of a space have had. `params in tried` asks for one."""

    def __init__(self, space: SearchSpace) -> None:
        self._parameters = tuple(space.parameters.values())
        self._names = tuple(space.distributions())
        self._combinations: set[Combination] = set()

    def __contains__(self, params: Params) -> bool:
        return self.combination(params) in self._combinations

    def __len__(self) -> int:
        return len(self._combinations)

    def copy(self) -> Tried:
        """The same combinations, to which others can be added."""
        twin = copy(self)
        twin._combinations = set(self._combinations)
        return twin

    def add(self, params: Params) -> None:
        """Another trial has these params; fixed ones may be there or not."""
        self.add_combination(self.combination(params))

    def add_combination(self, combination: Combination) -> None:
        """Another trial has what `combination` gave of its params."""
        self._combinations.add(combination)

    def combination(self, params: Params) -> Combination:
        """What params have of the parameters that are tried, fixed ones left out."""
        return tuple(params.get(name, _UNUSED) for name in self._names)

    def nearest_untried(
        self, wish: Params, seed: int, allows: Callable[[Params], bool] = lambda _: True
    ) -> dict[str, ParameterValue] | None:
        """All params of an untried combination, of those with the fewest values changed.

        Whole numbers move to their neighbours first, a number of a range to any other. Which
        parameters change, and what ones have that the wish does not use, is drawn.

        Args:
            allows: whether a combination may be tried.

        Returns:
            None: every combination that is allowed has been tried, or so many that are not have
            been met that the others are not worth the time (`MOST_REFUSED`).
        """
        numbers, n_refused = random.Random(seed), 0
        for n_changes in range(len(self._names) + 1):
            for params in self._changed(wish, n_changes, numbers):
                if params in self:
                    continue
                if allows(params):
                    return params
                n_refused += 1
                if n_refused == MOST_REFUSED:
                    return None
        return None

    def _changed(
        self, wish: Params, n_changes: int, numbers: random.Random
    ) -> Iterator[dict[str, ParameterValue]]:
        """Every combination with so many changes, each once; of a range one other number."""

        def walk(params: Params, place: int, n_left: int) -> Iterator[dict[str, ParameterValue]]:
            n_to_come = len(self._parameters) - place
            if n_left > n_to_come:
                return
            if not n_to_come:
                yield dict(params)
                return
            parameter = self._parameters[place]
            name = parameter.name
            if not parameter.is_active(params):
                yield from walk(params, place + 1, n_left)
                return
            own = [wish[name]] if name in wish and wish[name] in parameter else []
            branches: list[tuple[Iterable[ParameterValue], int]] = [
                (own, 0),
                (_others(parameter, own, numbers), len(own)),
            ]
            # With this chance each set of parameters is as likely as another to change first.
            if numbers.random() * n_to_come < n_left:
                branches.reverse()
            for values, n_taken in branches:
                if n_taken <= n_left:
                    for value in values:
                        yield from walk({**params, name: value}, place + 1, n_left - n_taken)

        return walk({}, 0, n_changes)


class TriedReader:
    """Reads what the trials of a study have had, again and again: finished ones once."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._finished = Tried(space)
        self._study: tuple[str, int] | None = None  # the one that was read last
        self._n_seen = 0
        # Of those that had not finished, by number: how many params they had, and combinations.
        self._open: dict[int, tuple[int, Combination]] = {}

    def read(self, study: optuna.Study) -> Tried:
        """What has been tried as the study's storage has it now; what is added stays apart."""
        trials = study._get_trials(deepcopy=False)  # nothing is changed, so that none is copied
        identity = (study.study_name, study._study_id)
        if self._study != identity or len(trials) < self._n_seen:
            self._study, self._n_seen, self._open = identity, 0, {}
            self._finished = Tried(self._space)
        candidates = [trials[n] for n in (*self._open, *range(self._n_seen, len(trials)))]
        self._n_seen = len(trials)
        still_open: dict[int, tuple[int, Combination]] = {}
        for trial in candidates:
            if trial.state.is_finished():
                self._finished.add(trial.params)
            else:
                still_open[trial.number] = self._known(trial)
        self._open = still_open
        tried = self._finished.copy()
        for number, (_, combination) in still_open.items():
            if trials[number].state is not TrialState.WAITING:  # it has no params yet
                tried.add_combination(combination)
        return tried

    def _known(self, trial: FrozenTrial) -> tuple[int, Combination]:
        """Hundreds of trials may be paused: what each has is worked out once."""
        known = self._open.get(trial.number)
        if known is None or known[0] < len(trial.params):  # its sampler draws one by one
            return len(trial.params), self._finished.combination(trial.params)
        return known


def _others(
    parameter: Parameter, own: Sequence[ParameterValue], numbers: random.Random
) -> Iterator[ParameterValue]:
    """What a parameter can be beside its own value; of a range one number, drawn."""
    if isinstance(parameter, FixedParameter):
        yield from () if own else (parameter.value,)
    elif isinstance(parameter, CategoricalParameter):
        others = [choice for choice in parameter.choices if choice not in own]
        yield from numbers.sample(others, len(others))
    elif isinstance(parameter, IntParameter):
        yield from _outward(parameter, own, numbers)
    else:
        assert isinstance(parameter, FloatParameter)
        if parameter.log:
            yield math.exp(numbers.uniform(math.log(parameter.low), math.log(parameter.high)))
        else:
            yield numbers.uniform(parameter.low, parameter.high)


def _outward(
    parameter: IntParameter, own: Sequence[ParameterValue], numbers: random.Random
) -> Iterator[int]:
    """Whole numbers from the own one on, or from any, the nearest first."""
    middle = own[0] if own else numbers.randint(parameter.low, parameter.high)
    assert isinstance(middle, int)
    if not own:
        yield middle
    for distance in range(1, parameter.high - parameter.low + 1):
        for value in (middle - distance, middle + distance):
            if parameter.low <= value <= parameter.high:
                yield value

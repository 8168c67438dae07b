"""What a study tries before its policy is asked: the best of earlier studies, then the portfolio.

Each is tried once, however often the search is continued. Which have been is marked with their
trials: under a limit of latency the params that one comes to follow from what the machine takes
for some networks, which is measured anew in each call. Params tell it of trials without a mark,
which a person has enqueued. One that was moved, since another trial has had its params just now,
has the mark as well: no policy has chosen it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from optuna.trial import FrozenTrial

from automl.tuning.earlier import first_params
from automl.tuning.problem import Problem
from automl.tuning.untried import Tried
from search_spaces import SearchSpace
from storage.earlier_records import EarlierStudy
from storage.records import ParameterValue

Params = Mapping[str, ParameterValue]

TRIED_FIRST: Final = "tried_first"
"""System attribute of a trial that no policy has chosen: the name of what it was made of."""

_NOT_CHOSEN: Final = frozenset({TRIED_FIRST, "fixed_params"})
"""System attributes of trials that no policy has chosen; the second is Optuna's, of those that a
person has enqueued."""

PORTFOLIO: Final = "portfolio"


class FirstTrials:
    """What is to be tried first, by name, and what of it the study has had."""

    def __init__(
        self,
        wanted: Mapping[str, Params],
        space: SearchSpace,
        trials: Sequence[FrozenTrial],
        params_of: Mapping[int, Params],
    ) -> None:
        """Find what is left; nothing where the policy has made trials before.

        So it stays what it was when the study began, whatever a range has become by now.

        Args:
            wanted: in their order, each with its name, which is the same in every call.
            trials: of the study, by now.
            params_of: all params of those that have begun, by number.
        """
        self._wanted, self._space = wanted, space
        self._had: set[str] = set()
        self.note(trials)
        known = Tried(space)
        for params in wanted.values():
            known.add(params)
        others = {one.number for one in trials if not _NOT_CHOSEN.isdisjoint(one.system_attrs)}
        self._is_over = any(
            number not in others and params not in known for number, params in params_of.items()
        )
        self._left = self._untried(list(params_of.values()))

    def left(self, tried: Sequence[Params]) -> Sequence[Params]:
        """What is still to be tried, in its order.

        Args:
            tried: the params of all trials.
        """
        if self._left:
            self._left = self._untried(tried)
        return tuple(self._left.values())

    def take(self, params: Params, proposal: Params | None = None) -> str | None:
        """A trial has been made: the name of what is left, if it was made of that.

        Args:
            proposal: what it was to be, before it was moved to params that no trial has had.
        """
        if not self._left:
            return None
        for made_of in (params, proposal):
            if made_of is None:
                continue
            known = Tried(self._space)
            known.add(made_of)
            name = next((name for name, one in self._left.items() if one in known), None)
            if name is not None:
                self._had.add(name)
                return name
        return None

    def note(self, trials: Sequence[FrozenTrial]) -> None:
        """Trials have been made, here or by another coordinator."""
        marks = (trial.system_attrs.get(TRIED_FIRST) for trial in trials)
        self._had.update(mark for mark in marks if isinstance(mark, str))

    @property
    def n_of_portfolio(self) -> int:
        """How much of the portfolio has been tried."""
        return sum(name.startswith(PORTFOLIO) for name in self._had)

    def _untried(self, tried: Sequence[Params]) -> dict[str, Params]:
        """Each once, of those that come to the same the first."""
        known, left = Tried(self._space), {}
        for params in tried:
            known.add(params)
        for name, params in self._wanted.items():
            if params in known:
                self._had.add(name)
            elif name not in self._had and not self._is_over:
                left[name] = params
                known.add(params)
        return left


def first_trials(
    earlier: Sequence[EarlierStudy],
    problem: Problem,
    trials: Sequence[FrozenTrial],
    params_of: Mapping[int, Params],
) -> FirstTrials:
    """What a search tries first, within its limits.

    Args:
        earlier: studies that the study learns from, fitted into its space.
        trials, params_of: as for `FirstTrials`.
    """
    of_each = {"earlier": first_params(earlier, problem.space), PORTFOLIO: problem.known_good()}
    wanted = {
        f"{source} {place}": params
        for source, several in of_each.items()
        for place, params in enumerate(several)
    }
    if (limits := problem.limits) is not None:
        wanted = {name: limits.brought_within(params) for name, params in wanted.items()}
    return FirstTrials(wanted, problem.space, trials, params_of)

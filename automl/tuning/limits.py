"""Which networks a study may train, as far as that is known before they are built.

    max_parameters   counted from the params, exactly; unknown of a person's own networks
    max_latency      estimated from the params, times what this machine takes for some networks

Proposals are chosen among allowed ones. What is not known here is decided where the network is
built: it is counted and its call is measured there before its first epoch
(`executors/first_look.py`), and a trial over a limit ends with that. So an estimate only spares
trials; none is trained over a limit, and none is the answer.

A proposal that breaks a limit is drawn again, a bounded number of times (`N_DRAWS`); where the
allowed part of a space is too small to be met by chance, it is brought within the limits: one
parameter after the other goes towards the value that it has in the space's smallest network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.trial import FixedTrial

from automl.errors import ConfigError
from automl.training.config import NetworkLimits
from automl.wording.numbers import brief_time
from automl.wording.option_names import named
from automl.wording.settings import parameter_text
from search_spaces import SearchSpace
from storage.records import ParameterValue, StudySettings

N_HALVINGS: Final = 12
"""Of the way from an allowed number to one that is not: to a 4,096th of it."""

Params = Mapping[str, ParameterValue]

N_DRAWS: Final = 100
"""Draws of a proposal before it is brought within the limits: of an allowed part of 1 in 20, one
in 170 proposals has met nothing by then."""


def network_limits(settings: StudySettings) -> NetworkLimits | None:
    """The limits of a study's networks; None where it has none."""
    if not settings.has_limits:
        return None
    return NetworkLimits(settings.max_parameters, settings.max_latency, settings.latency_rows)


def drawn_at_random(space: SearchSpace, seed: int) -> dict[str, ParameterValue]:
    """All params of a trial anywhere in the space, fixed ones included."""
    sampler, nothing = RandomSampler(seed=seed), cast("Any", None)  # it looks at no study
    drawn = {
        name: sampler.sample_independent(nothing, nothing, name, distribution)
        for name, distribution in space.distributions().items()
    }
    return space.suggest(FixedTrial(drawn))


@dataclass(frozen=True, slots=True)
class Size:
    """What is known of a network from its params; None: nothing."""

    n_parameters: int | None = None
    latency: float | None = None  # seconds


@dataclass(frozen=True, eq=False)
class Limits:
    """The limits of a study, and what its networks come to.

    Attributes:
        limits: what a network may be at most.
        size_of: what a network of these params comes to.
    """

    space: SearchSpace
    limits: NetworkLimits
    size_of: Callable[[Params], Size]

    def allows(self, params: Params) -> bool:
        """Whether the network of these params may be trained, as far as is known of it."""
        return self._excess(self.size_of(params)) <= 1.0

    def within(self, draw: Callable[[int], Params]) -> dict[str, ParameterValue]:
        """The first of some draws that is allowed, or the last one brought within the limits.

        Args:
            draw: gives the params of a draw by its number, from 0.
        """
        params: Params = {}
        for number in range(N_DRAWS):
            params = draw(number)
            if self.allows(params):
                return dict(params)
        return self.brought_within(params)

    def brought_within(self, params: Params) -> dict[str, ParameterValue]:
        """Params that are allowed, and differ from these in as few parameters as it takes.

        Those that make the network most smaller come first; the last number that is changed stays
        as near to what it was as fits. Where not even the smallest network is allowed, they are
        its.
        """
        found = dict(params)
        while not self.allows(found):
            nearer = {name: self._replaced(found, name) for name in self.smallest}
            name = min(nearer, key=lambda one: self._excess_of(nearer[one]))
            if self._excess_of(nearer[name]) >= self._excess_of(found):
                return dict(self.smallest)
            if self.allows(nearer[name]):
                return self._nearest(found, nearer[name], name)
            found = nearer[name]
        return found

    def _nearest(
        self, over: Params, allowed: dict[str, ParameterValue], name: str
    ) -> dict[str, ParameterValue]:
        """The number of a parameter that is nearest to the one that is over the limits."""
        distribution = self.space.distributions()[name]
        if not isinstance(distribution, IntDistribution | FloatDistribution) or name not in over:
            return allowed
        near, far = (float(cast("float", one[name])) for one in (allowed, over))
        for _ in range(N_HALVINGS):
            middle = (near * far) ** 0.5 if distribution.log else (near + far) / 2
            value = round(middle) if isinstance(distribution, IntDistribution) else middle
            tried = self._completed({**allowed, name: value})
            if self.allows(tried):
                near, allowed = middle, tried
            else:
                far = middle
        return allowed

    @cached_property
    def smallest(self) -> Params:
        """The params of the network that stays furthest below the limits.

        Found by going to the ends of one parameter after the other while that helps: exact where
        each of them makes a network larger or smaller by itself, as all built-in ones do.
        """
        params = self._completed({})
        while True:
            nearer = [self._completed({**params, **one}) for one in self._ends()]
            best = min(nearer, key=self._excess_of, default=params)
            if self._excess_of(best) >= self._excess_of(params):
                return params
            params = best

    def check(self, latency_of: Callable[[Params], float]) -> None:
        """Refuse limits that leave nothing to train, where that can be known.

        Args:
            latency_of: measures the latency of a network.

        Raises:
            ConfigError: not even the smallest network of the space is allowed.
        """
        limits, smallest = self.limits, self.smallest
        size = self.size_of(smallest)
        most, longest = limits.max_parameters, limits.max_latency
        if most is not None and (size.n_parameters or 0) > most:
            raise self._refusal(
                f"max_parameters must leave room for a network of the space, but got {most:,}: "
                f"the smallest has {size.n_parameters:,}"
            )
        if longest is not None and size.latency is not None and size.latency > longest:
            taken = latency_of(smallest)
            if taken > longest:
                raise self._refusal(
                    f"max_latency must leave time for a network of the space, but got "
                    f"{brief_time(longest)}: the quickest takes {brief_time(taken)} here"
                )

    def _refusal(self, words: str) -> ConfigError:
        free = {name for name, each in self.space.distributions().items() if not each.single()}
        sized = [
            f"{name}={parameter_text(value)}"
            for name, value in self.smallest.items()
            if name in free and self._matters(name)
        ]
        where = f" ({', '.join(sized)})" if sized else ""
        return ConfigError(f"{words}{where}; allow more, or widen the space with {named('set')}")

    def _matters(self, name: str) -> bool:
        """Whether a parameter makes the smallest network larger at any of its ends."""
        others = (self._completed({**self.smallest, **one}) for one in self._ends([name]))
        return any(self._excess_of(one) > self._excess_of(self.smallest) for one in others)

    def _replaced(self, params: Params, name: str) -> dict[str, ParameterValue]:
        return self._completed({**self.smallest, **params, name: self.smallest[name]})

    def _completed(self, params: Params) -> dict[str, ParameterValue]:
        """All params of a trial that has these values, and the first ones where none is given."""
        first = {name: next(iter(self._ends([name])))[name] for name in self.space.distributions()}
        return self.space.suggest(FixedTrial({**first, **params}))

    def _ends(self, names: Iterable[str] | None = None) -> list[dict[str, ParameterValue]]:
        """One parameter each, at the ends of its range or at one of its choices."""
        drawn = self.space.distributions()
        found: list[dict[str, ParameterValue]] = []
        for name in drawn if names is None else names:
            distribution = drawn[name]
            if isinstance(distribution, CategoricalDistribution):
                found += [{name: choice} for choice in distribution.choices]
            elif isinstance(distribution, IntDistribution | FloatDistribution):
                found += [{name: distribution.low}, {name: distribution.high}]
        return found

    def _excess_of(self, params: Params) -> float:
        return self._excess(self.size_of(params))

    def _excess(self, size: Size) -> float:
        """The largest share of a limit that a network takes; more than 1 is over it."""
        shares = [0.0]
        if self.limits.max_parameters and size.n_parameters is not None:
            shares.append(size.n_parameters / self.limits.max_parameters)
        if self.limits.max_latency and size.latency is not None:
            shares.append(size.latency / self.limits.max_latency)
        return max(shares)

"""What to try next: draws from the density of good trials, the most promising of them.

Of draws from the density of the good trials that is taken which is most likely there, as
compared with the density of the others: by Bergstra et al. 2011, section 4, this is the one with
the largest expected improvement. What a draw would cost counts too: expected improvement per
second (Snoek et al. 2012, "Practical Bayesian optimization of machine learning algorithms",
section 3.2).

A proposal is a function of the past and of the trial's seed: not of the process, nor of how many
others are made from the same past.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl.tuning.limits import N_DRAWS, Limits
from automl.tuning.tpe.dimensions import Dimensions, Floats
from automl.tuning.tpe.parzen import Bandwidth, Columns, Parzen
from automl.tuning.tpe.past import Past
from storage.records import ParameterValue

Params = Mapping[str, ParameterValue]
Cost = Callable[[Params], float]


@dataclass(frozen=True, slots=True)
class Choices:
    """The numbers that a TPE is made of.

    Attributes:
        n_startup: trials of which something must be known before there is a model.
        n_draws: from the density of the good trials, for each proposal.
        n_costed: of them, the most promising, whose cost is asked; of the first trials, the draws.
        good_share, most_good: how many trials are good ones.
        width: of a kernel, as a part of a range: of N trials in D dimensions it is this times
            N^(-1 / (D + 4)) (Scott's rule).
        share: what a kernel gives to all choices of a parameter alike.
        prior: the weight of the whole space, where that of a trial is 1.
        cost_power: of the cost, by which expected improvement is divided.
        startup_power: of the cost, by which the chance of each draw of a first trial is divided.

    Source:
        `n_startup`, `n_draws`, `good_share`, `most_good` and `prior` are Optuna's. The others
        were chosen on recorded curves (ARCHITECTURE.md, "What TPE learns, and what a trial
        costs").
    """

    n_startup: int = 10
    n_draws: int = 24
    n_costed: int = 8
    good_share: float = 0.1
    most_good: int = 25
    width: float = 0.1
    share: float = 0.2
    prior: float = 1.0
    cost_power: float = 0.5
    startup_power: float = 1.0


CHOICES = Choices()

EARLIER_TRIALS = 20.0
"""An earlier study counts as so many trials of this one, however many it has: it speaks at first,
and less and less as this one finds out by itself."""

Kernels = tuple[Floats, float]
"""Coordinates of trials, and the weight of each."""


class Model:
    """A past, modelled: proposes as many trials as are asked for.

    Args:
        limits: what a proposal may be; None: anything.
        earlier: pasts of earlier studies. With one there is a model from the first trial on.
    """

    def __init__(
        self,
        dimensions: Dimensions,
        past: Past,
        cost: Cost | None = None,
        limits: Limits | None = None,
        choices: Choices = CHOICES,
        earlier: Sequence[Past] = (),
    ) -> None:
        self._dimensions, self._cost, self._choices = dimensions, cost, choices
        self._limits = limits
        self._columns = Columns(dimensions.all)
        self._good: Parzen | None = None
        n_known = past.n_known + sum(each.n_known for each in earlier)
        if n_known >= choices.n_startup and len(dimensions):
            parts = [self._split(past, float(len(past)))]
            parts += [self._split(each, EARLIER_TRIALS) for each in earlier]
            self._good = self._density([good for good, _ in parts])
            self._others = self._density([others for _, others in parts])
        else:
            self._anywhere = self._density([])

    def propose(self, seeds: Sequence[int]) -> list[dict[str, ParameterValue]]:
        """All params of each trial, fixed ones included, from the seeds of the trials."""
        generators = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]
        if self._good is None:
            return [self._first(numbers) for numbers in generators]
        size = (self._choices.n_draws, 1 + len(self._dimensions))
        # All are drawn at once, each from its own numbers; a density's bits may depend on sizes.
        draws = self._good.draw(np.concatenate([one.random(size) for one in generators]))
        features = self._columns.features(draws, self._dimensions.has(draws))
        parts = np.split(draws, len(seeds)), np.split(features, len(seeds))
        return [
            self._best(own, self._scores(of_own), self._choices.cost_power)
            or self._again(numbers, size)
            for numbers, own, of_own in zip(generators, *parts, strict=True)
        ]

    def _again(
        self, numbers: np.random.Generator, size: tuple[int, int]
    ) -> dict[str, ParameterValue]:
        """A proposal in the place of one whose draws were all over a limit."""
        assert self._good is not None and self._limits is not None
        for _ in range(math.ceil(N_DRAWS / size[0])):
            draws = self._good.draw(numbers.random(size))
            scores = self._scores(self._columns.features(draws, self._dimensions.has(draws)))
            if found := self._best(draws, scores, self._choices.cost_power):
                return found
        best = draws[int(np.argmax(scores))]
        return self._limits.brought_within(self._dimensions.decode(best.tolist()))

    def _first(self, numbers: np.random.Generator) -> dict[str, ParameterValue]:
        """Before there is a model: any of some draws, cheap ones more often."""
        n_draws = self._choices.n_costed
        for _ in range(math.ceil(N_DRAWS / n_draws)):
            draws = self._anywhere.draw(numbers.random((n_draws, 1 + len(self._dimensions))))
            # With Gumbel noise, each is the largest with a chance of the exponential of its score.
            noise = -np.log(-np.log(numbers.random(n_draws)))
            if found := self._best(draws, noise, self._choices.startup_power):
                return found
        assert self._limits is not None, "without limits, any draw will do"
        return self._limits.brought_within(self._dimensions.decode(draws[0].tolist()))

    def _scores(self, features: Floats) -> Floats:
        assert self._good is not None
        return self._good.log_density(features) - self._others.log_density(features)

    def _split(self, past: Past, n_counted: float) -> tuple[Kernels, Kernels]:
        """The good trials of a past and its others, all of which count as so many trials."""
        wanted = math.ceil(self._choices.good_share * len(past))
        n_good = min(wanted, self._choices.most_good, past.n_known)
        weight = n_counted / max(len(past), 1)
        return (past.coordinates[:n_good], weight), (past.coordinates[n_good:], weight)

    def _density(self, kernels: Sequence[Kernels]) -> Parzen:
        centres = np.concatenate(
            [np.empty((0, len(self._dimensions))), *(each for each, _ in kernels)]
        )
        weights = [np.full(len(each), weight) for each, weight in kernels]
        n, d = len(centres), len(self._dimensions)
        width = self._choices.width * max(n, 1) ** (-1 / (d + 4))
        return Parzen(
            self._columns,
            centres,
            np.concatenate([*weights, [self._choices.prior]]),
            Bandwidth(width, self._choices.share),
        )

    def _best(self, draws: Floats, scores: Floats, power: float) -> dict[str, ParameterValue]:
        """The most promising of the draws that are within the limits; empty if none is."""
        order = np.argsort(-scores, kind="stable")
        n_costed = self._choices.n_costed if self._cost is not None and power else 1
        if self._limits is None:
            order = order[:n_costed]
        found = [(int(n), self._dimensions.decode(draws[n].tolist())) for n in order]
        if self._limits is not None:
            found = [one for one in found if self._limits.allows(one[1])][:n_costed]
        if len(found) < 2 or self._cost is None:
            return found[0][1] if found else {}
        costs = np.array([self._cost(params) for _, params in found])
        among = scores[[n for n, _ in found]] - power * np.log(costs)
        return found[int(np.argmax(among))][1]

"""Which hyperparameters mattered, how surely, and which cannot be told from chance.

One computation for the report, the terminal, notebooks and the dashboard. A random forest
learns each trial's place among the others (`places.py`) from its parameters. A parameter's
values are then exchanged among the trials that use it, and how much worse each trial is
predicted by the trees that have not seen it is the parameter's importance (permutation
importance out of bag: Breiman 2001, "Random Forests"). Half of that, over the variance of the
places, estimates the share of the differences between trials that goes back to the parameter,
interactions included (the total-effect index of Sobol and Jansen). Shares have no sum of 1: what
is left is chance, or more than so many trials can tell.

Logarithmic ranges are learned as logarithms. A parameter that a trial does not use stands at the
median of those that do, so that only what switches it on can explain what that changes. Choices
are columns of their own, exchanged together.

PED-ANOVA, Optuna's default, was used before. It compares the density of the best tenth of the
trials with that of all: of 60 trials that is six, its shares sum to 1 on pure noise too, and
what TPE looked at most counts as what mattered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from automl.diagnostics.thresholds import Z_95
from automl.executors.calls_aside import call_aside
from automl.report.numbers.axes import Axis
from automl.report.numbers.places import comparable, places
from automl.report.numbers.trials import Floats, Trial, thin

MIN_TRIALS = 25
"""Measured with eleven parameters of which one has a bowl that explains 85 % (12 seeds), and on
pure noise (100 seeds). Shares of few trials are too low rather than too high.

| trials | bowl found | its share | noise has importances |
|--:|--:|--:|--:|
| 20 | 4 of 12 | 0.09 | 8 % |
| 25 | 10 of 12 | 0.29 | 8 % |
| 40 | 12 of 12 | 0.51 | 4 % |
| 60 | 12 of 12 | 0.69 | 4 % |
| 100 | 12 of 12 | 0.78 | 3 % |
"""

MIN_USERS = 10  # trials that use a parameter; with fewer its values are hardly exchanged
N_IMPORTANCE_TRIALS = 500  # bounds the time, to about 0.2 s
N_TREES, MANY_TRIALS, N_TREES_OF_MANY = 100, 100, 50
"""Of more than 100 trials 50 trees find as much as 100: the bowl's share is 0.779 of 110 trials
and 0.800 of 400 with either (8 seeds; a weaker one's 0.36 and 0.39), and noise had importances in
1 and 0 of 20 seeds. Of 25 trials they find the bowl in 10 of 12 seeds instead of 12."""
N_EXCHANGES = 5
MIN_TRIALS_IN_LEAF = 3
FALSE_ALARMS = 0.05  # of all parameters together (Bonferroni), and of the forest as a whole
Z_ONE_SIDED = NormalDist().inv_cdf(1 - FALSE_ALARMS)


@dataclass(frozen=True, slots=True)
class Importance:
    """The share of the differences between trials that goes back to one parameter."""

    name: str
    share: float  # from 0 to 1
    low: float  # 95 % interval
    high: float
    is_certain: bool  # told from chance, all parameters considered


@dataclass(frozen=True, slots=True)
class Importances:
    """All parameters by their importance, or why there is none."""

    judged: tuple[Importance, ...]  # the largest share first
    unjudged: tuple[str, ...]  # parameters that too few trials use
    n_trials: int
    missing_because: str = ""  # a sentence

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters that vary, the most important first."""
        return (*(one.name for one in self.judged), *self.unjudged)

    @property
    def certain(self) -> tuple[Importance, ...]:
        """Those that can be told from chance."""
        return tuple(one for one in self.judged if one.is_certain)


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """What the forest sees of one parameter: a column, or one for each choice."""

    name: str
    values: Floats  # (N, columns)
    users: NDArray[np.int64]  # trials that use it


def importances(known: Mapping[str, Axis], trials: Sequence[Trial]) -> Importances:
    """Importances of the parameters that vary in enough trials, or why there are none.

    Args:
        known: the axes of the parameters that vary.
    """
    trials = comparable(trials)
    trials = tuple(trials[index] for index in thin(len(trials), N_IMPORTANCE_TRIALS))
    columns = [_column(axis, trials) for axis in known.values()]
    judged = [column for column in columns if len(column.users) >= MIN_USERS]
    if len(trials) < MIN_TRIALS or not judged:
        reason = (
            f"{len(trials)} trials are too few to tell what mattered from chance; {MIN_TRIALS} "
            "are needed."
        )
        return Importances((), tuple(known), len(trials), reason)
    # At the end of a search there is a process that has loaded scikit-learn already.
    found, predicts = call_aside(partial(_by_forest, judged, places(trials)))
    found = sorted(found, key=lambda one: -one.share)
    order = dict.fromkeys((*(one.name for one in found), *known))
    if not predicts:
        reason = (
            f"Which hyperparameters made the difference between {len(trials)} trials cannot be "
            "told from chance: their values do not predict how trials that were left out did."
        )
        return Importances((), tuple(order), len(trials), reason)
    return Importances(tuple(found), tuple(order)[len(found) :], len(trials))


def _column(axis: Axis, trials: Sequence[Trial]) -> _Column:
    """Positions on the parameter's axis, the median where it is not used; choices apart."""
    at = np.array([axis.position(t.params[axis.name]) if axis.name in t.params else np.nan
                   for t in trials])  # fmt: skip
    users = np.flatnonzero(~np.isnan(at))
    if axis.kind == "categorical":
        codes = np.round(at * max(1, len(axis.choices) - 1))
        values = 1.0 * (codes[:, None] == np.arange(len(axis.choices)))
        if len(users):
            values[np.isnan(at)] = values[users].mean(axis=0)
        return _Column(axis.name, values, users)
    if len(users):
        at = np.where(np.isnan(at), np.median(at[users]), at)
    return _Column(axis.name, at[:, None], users)


def _by_forest(columns: Sequence[_Column], target: Floats) -> tuple[list[Importance], bool]:
    """Each parameter's importance, and whether the parameters predict unseen trials at all.

    Shape:
        target: (N,) places.
    """
    variance = float(target.var())
    if variance == 0:
        return [Importance(column.name, 0.0, 0.0, 0.0, False) for column in columns], False
    forest = _Forest(np.hstack([column.values for column in columns]), target)
    errors = (target - forest.predict(forest.inputs[None])[0]) ** 2
    certain = NormalDist().inv_cdf(1 - FALSE_ALARMS / len(columns))
    # All at once: a tree of so few rows is faster than the call of it.
    predicted = forest.predict(np.concatenate(_exchanged(forest.inputs, columns)))
    found = []
    for column, others in zip(columns, np.split(predicted, len(columns)), strict=True):
        worse = ((target - others) ** 2).mean(axis=0) - errors  # (N,)
        share, error = _mean_and_error(worse / (2 * variance))
        found.append(
            Importance(
                column.name,
                share=min(1.0, max(0.0, share)),
                low=min(1.0, max(0.0, share - Z_95 * error)),
                high=min(1.0, max(0.0, share + Z_95 * error)),
                is_certain=share > certain * error,
            )
        )
    explained, error = _mean_and_error((target - target.mean()) ** 2 - errors)
    is_one_certain = explained > 0 and any(one.is_certain for one in found)
    return found, is_one_certain or explained > Z_ONE_SIDED * error


def _mean_and_error(values: Floats) -> tuple[float, float]:
    """The mean over trials and its standard error."""
    return float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5


def _exchanged(
    inputs: NDArray[np.float32], columns: Sequence[_Column]
) -> list[NDArray[np.float32]]:
    """For each parameter, copies of the inputs in which its users have exchanged its values.

    Shape:
        inputs: (N, D); result: (N_EXCHANGES, N, D) each.
    """
    random, first, exchanged = np.random.default_rng(0), 0, []
    for column in columns:
        place = slice(first, first := first + column.values.shape[1])
        copies = np.repeat(inputs[None], N_EXCHANGES, axis=0)
        for copy in copies:
            copy[column.users, place] = inputs[random.permutation(column.users), place]
        exchanged.append(copies)
    return exchanged


class _Forest:
    """A random forest that predicts each of its own rows by the trees that have not seen it."""

    def __init__(self, inputs: Floats, target: Floats) -> None:
        from sklearn.ensemble import RandomForestRegressor  # which takes 0.7 s to be loaded

        self.inputs = inputs.astype(np.float32)  # (N, D), as trees read them
        forest = RandomForestRegressor(
            N_TREES if len(target) <= MANY_TRIALS else N_TREES_OF_MANY,
            min_samples_leaf=MIN_TRIALS_IN_LEAF,
            random_state=0,
            n_jobs=1,
        ).fit(self.inputs, target)
        self._trees = [tree.tree_ for tree in forest.estimators_]
        rows = np.arange(len(target))
        self._unseen = [np.setdiff1d(rows, seen) for seen in forest.estimators_samples_]

    def predict(self, inputs: NDArray[np.float32]) -> Floats:
        """Mean over the trees that have not seen a row; 0.5, the mean place, without any.

        Shape:
            inputs: (copies, N, D); result: (copies, N).
        """
        copies, n, columns = inputs.shape
        total = np.zeros((copies, n))
        for tree, unseen in zip(self._trees, self._unseen, strict=True):
            rows = inputs.take(unseen, axis=1).reshape(-1, columns)
            total[:, unseen] += tree.predict(rows).reshape(copies, -1)
        count = np.bincount(np.concatenate(self._unseen), minlength=n)
        mean: Floats = np.where(count > 0, total / np.maximum(1, count), 0.5)
        return mean

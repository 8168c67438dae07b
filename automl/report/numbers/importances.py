"""Which hyperparameters mattered, how surely, and which cannot be told from chance.

One computation for the report, the terminal, notebooks and the dashboard. A forest of extremely
randomized trees (Geurts et al. 2006) learns each trial's place among the others (`places.py`)
from its parameters. A parameter's values are then exchanged among the trials that use it, and
how much worse each trial is predicted by the trees that have not seen it is the parameter's
importance (permutation importance out of bag: Breiman 2001, "Random Forests"). Half of that,
over the variance of the places, estimates the share of the differences between trials that goes
back to the parameter, interactions included (the total-effect index of Sobol and Jansen). The
shares have no sum of 1: what is left is chance, or more than so many trials can tell.

* Logarithmic ranges are learned as logarithms. A parameter that a trial does not use stands at
  the median of those that do, so that only the parameter that switches it on can explain what
  that changes. One that few trials use is not judged.
* The interval is that of a mean over trials. On pure noise 1.5 to 3 % of the 95 % intervals lie
  above 0 (15 parameters, 12 to 40 trials, 40 seeds), as they should. A parameter is certain if
  its share is above 0 at 5 % for all parameters together (Bonferroni).
* There are importances only where a parameter is certain, or where the forest as a whole
  predicts unseen trials better than their mean does, at 5 %. Pure noise passes in 3 % of the
  studies.
* With 12 trials and 14 idle parameters beside one that explains 80 %, a forest explains 6 % of
  unseen trials, with 20 trials 37 %: hence `MIN_TRIALS`. Shares of few trials are too low
  rather than too high: in that example 0.30 with 20 trials, 0.45 with 40, 0.58 with 80.

PED-ANOVA, Optuna's default, was used before. It compares the density of the best tenth of the
trials with that of all: of 60 trials that is six, its shares sum to 1 on pure noise too, and
what TPE looked at most counts as what mattered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from automl.report.numbers.parameters import Axis, axes
from automl.report.numbers.places import comparable, places
from automl.report.numbers.trials import Floats, StudyTable, Trial, thin

MIN_TRIALS = 20
MIN_USERS = 10  # trials that use a parameter; with fewer its values are hardly exchanged
N_IMPORTANCE_TRIALS = 500  # bounds the time, to about 2 s
N_TREES = 100
N_EXCHANGES = 5
MIN_TRIALS_IN_LEAF = 2
SHARE_OF_COLUMNS = 0.5  # looked at for each split
FALSE_ALARMS = 0.05  # of all parameters together
Z_95 = NormalDist().inv_cdf(0.975)
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


def importances(table: StudyTable) -> Importances:
    """Importances of the parameters that vary in enough trials, or why there are none."""
    known = axes(table)
    trials = comparable(table.trials)
    trials = tuple(trials[index] for index in thin(len(trials), N_IMPORTANCE_TRIALS))
    columns = [_column(axis, trials) for axis in known.values()]
    judged = [column for column in columns if len(column.users) >= MIN_USERS]
    if len(trials) < MIN_TRIALS or not judged:
        reason = (
            f"{len(trials)} trials are too few to tell what mattered from chance; {MIN_TRIALS} "
            "are needed."
        )
        return Importances((), tuple(known), len(trials), reason)
    found, predicts = _by_forest(judged, places(trials))
    found = sorted(found, key=lambda one: -one.share)
    order = dict.fromkeys((*(one.name for one in found), *known))
    if not predicts:
        reason = (
            f"The differences between {len(trials)} trials cannot be told from chance by any "
            "hyperparameter: what they have predicts nothing about trials that were left out."
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
    random = np.random.default_rng(0)
    certain = NormalDist().inv_cdf(1 - FALSE_ALARMS / len(columns))
    found, first = [], 0
    for column in columns:
        width = column.values.shape[1]
        exchanged = forest.exchanged(column.users, slice(first, first + width), random)
        first += width
        worse = ((target - forest.predict(exchanged)) ** 2).mean(axis=0) - errors  # (N,)
        share, error = _mean_and_error(worse / (2 * variance))
        low, high = share - Z_95 * error, share + Z_95 * error
        found.append(
            Importance(column.name, *(max(0.0, x) for x in (share, low, high)),
                       is_certain=share > certain * error)
        )  # fmt: skip
    explained, error = _mean_and_error((target - target.mean()) ** 2 - errors)
    is_one_certain = explained > 0 and any(one.is_certain for one in found)
    return found, is_one_certain or explained > Z_ONE_SIDED * error


def _mean_and_error(values: Floats) -> tuple[float, float]:
    """The mean over trials and its standard error."""
    return float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5


class _Forest:
    """A random forest that predicts each of its own rows by the trees that have not seen it."""

    def __init__(self, inputs: Floats, target: Floats) -> None:
        self.inputs = inputs.astype(np.float32)  # (N, D), as trees read them
        forest = ExtraTreesRegressor(
            N_TREES,
            bootstrap=True,
            min_samples_leaf=MIN_TRIALS_IN_LEAF,
            max_features=SHARE_OF_COLUMNS,
            random_state=0,
            n_jobs=1,
        ).fit(self.inputs, target)
        self._trees = [tree.tree_ for tree in forest.estimators_]
        self._unseen = np.ones((N_TREES, len(target)), dtype=bool)
        for unseen, seen in zip(self._unseen, forest.estimators_samples_, strict=True):
            unseen[seen] = False

    def exchanged(
        self, users: NDArray[np.int64], columns: slice, random: np.random.Generator
    ) -> NDArray[np.float32]:
        """Copies of the inputs in which users have exchanged their values of some columns.

        Shape:
            result: (N_EXCHANGES, N, D).
        """
        copies = np.repeat(self.inputs[None], N_EXCHANGES, axis=0)
        for copy in copies:
            copy[users, columns] = self.inputs[random.permutation(users), columns]
        return copies

    def predict(self, inputs: NDArray[np.float32]) -> Floats:
        """Mean over the trees that have not seen a row; 0.5, the mean place, without any.

        Shape:
            inputs: (copies, N, D); result: (copies, N).
        """
        copies, n, columns = inputs.shape
        flat = inputs.reshape(copies * n, columns)
        total = np.zeros((copies, n))
        for tree, unseen in zip(self._trees, self._unseen, strict=True):
            total += tree.predict(flat).reshape(copies, n) * unseen
        count = self._unseen.sum(axis=0)
        mean: Floats = np.where(count > 0, total / np.maximum(1, count), 0.5)
        return mean

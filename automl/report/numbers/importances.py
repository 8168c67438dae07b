"""Which hyperparameters mattered: Optuna's importances of a study rebuilt from records.

`optuna.importance` asks for a `Study`. One is rebuilt in memory from the stored trials, so
that a report needs no database; Optuna's default evaluator is PED-ANOVA (Watanabe et al.
2023, arXiv 2304.10255), which handles conditional parameters. One that only a few trials use
is not judged: three values of `decay_fraction` in 41 trials once explained 74 %.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import optuna
from optuna.importance import PedAnovaImportanceEvaluator

from automl.report.numbers.parameters import Axis, axes
from automl.report.numbers.trials import StudyTable, Trial, sample_trials

N_IMPORTANCE_TRIALS = 2000  # bounds the time; importances no longer move by then
MIN_TRIALS = 10  # with fewer that use a parameter, its share of the variance is noise
MIN_BETTER_TRIALS = 5  # that Optuna's documentation of PED-ANOVA wants among the better trials


@dataclass(frozen=True, slots=True)
class Importances:
    """Shares of the variation among the better trials, the largest first; they sum to 1."""

    names: tuple[str, ...]
    shares: tuple[float, ...]  # of the first names
    n_trials: int
    missing_because: str = ""

    @property
    def judged(self) -> tuple[str, ...]:
        """Parameters that have a share."""
        return self.names[: len(self.shares)]

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Parameters that too few trials used."""
        return self.names[len(self.shares) :]


def importances(table: StudyTable) -> Importances:
    """Importances of the parameters that vary in enough trials, or why there are none."""
    known = axes(table)
    trials = sample_trials(table.valued, N_IMPORTANCE_TRIALS)
    used = {name: sum(name in trial.params for trial in trials) for name in known}
    judged = [name for name in known if used[name] >= MIN_TRIALS]
    if len(trials) < MIN_TRIALS or not judged:
        reason = f"{len(trials)} trials have a loss; {MIN_TRIALS} are needed."
        return Importances(tuple(known), (), len(trials), reason)
    evaluator = PedAnovaImportanceEvaluator(
        target_quantile=max(0.1, MIN_BETTER_TRIALS / len(trials))  # 0.1: Optuna's default
    )
    try:
        with warnings.catch_warnings():
            # A parameter that all trials but one use: Optuna leaves that one out, and warns.
            warnings.filterwarnings("ignore", message="Some regimes for parameter")
            # All values alike: Optuna warns, and calls all parameters equally important.
            warnings.filterwarnings("error", message="Target and region quantiles")
            shares = optuna.importance.get_param_importances(
                rebuilt_study(trials, known), evaluator=evaluator, params=judged
            )
    except (RuntimeError, ValueError, UserWarning) as error:
        return Importances(tuple(known), (), len(trials), f"Optuna says: {error}")
    order = sorted(judged, key=lambda name: -shares[name])
    unjudged = [name for name in known if name not in judged]
    return Importances(
        (*order, *unjudged), tuple(float(shares[name]) for name in order), len(trials)
    )


def rebuilt_study(trials: tuple[Trial, ...], known: Mapping[str, Axis]) -> optuna.Study:
    """An in-memory study in which these trials are complete."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study()
        distributions = {name: _distribution(axis) for name, axis in known.items()}
        study.add_trials([_frozen(trial, known, distributions) for trial in trials])
    finally:
        optuna.logging.set_verbosity(verbosity)
    return study


def _frozen(
    trial: Trial,
    known: Mapping[str, Axis],
    distributions: Mapping[str, optuna.distributions.BaseDistribution],
) -> optuna.trial.FrozenTrial:
    params = {n: v for n, v in trial.params.items() if n in known and _fits(known[n], v)}
    with warnings.catch_warnings():
        # Choices that are neither str, number nor None only warn; the space allows no others.
        warnings.simplefilter("ignore", UserWarning)
        return optuna.trial.create_trial(
            params=params,
            distributions={name: distributions[name] for name in params},
            value=trial.value,
        )


def _fits(axis: Axis, value: object) -> bool:
    """Whether the stored range holds the value; an enqueued trial may lie outside."""
    if axis.kind == "categorical":
        return value in axis.choices
    return isinstance(value, int | float) and axis.low <= value <= axis.high


def _distribution(axis: Axis) -> optuna.distributions.BaseDistribution:
    if axis.kind == "categorical":
        return optuna.distributions.CategoricalDistribution(axis.choices)
    if axis.kind == "int":
        return optuna.distributions.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return optuna.distributions.FloatDistribution(axis.low, axis.high, log=axis.log)

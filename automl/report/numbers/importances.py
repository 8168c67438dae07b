"""Which hyperparameters mattered: Optuna's importances of a study rebuilt from records.

`optuna.importance` asks for a `Study`. One is rebuilt in memory from the stored trials, so
that a report needs no database; Optuna's default evaluator is PED-ANOVA (Watanabe et al.
2023, arXiv 2304.10255), which handles conditional parameters.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import optuna

from automl.report.numbers.parameters import Axis, axes
from automl.report.numbers.trials import StudyTable, Trial, sample_trials

N_IMPORTANCE_TRIALS = 2000  # bounds the time; importances no longer move by then
MIN_TRIALS = 10  # with fewer, a share of the variance is noise


@dataclass(frozen=True, slots=True)
class Importances:
    """Shares of the variation among the better trials, the largest first; they sum to 1."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    n_trials: int
    missing_because: str = ""


def importances(table: StudyTable) -> Importances:
    """Importances of all parameters that vary, or the reason why there are none."""
    known = axes(table)
    trials = sample_trials(table.valued, N_IMPORTANCE_TRIALS)
    if len(trials) < MIN_TRIALS:
        reason = f"{len(trials)} trials have a loss; {MIN_TRIALS} are needed."
        return Importances(tuple(known), (), len(trials), reason)
    try:
        with warnings.catch_warnings():
            # All values alike: Optuna warns, and calls all parameters equally important.
            warnings.filterwarnings("error", message="Target and region quantiles")
            shares = optuna.importance.get_param_importances(rebuilt_study(trials, known))
    except (RuntimeError, ValueError, UserWarning) as error:
        return Importances(tuple(known), (), len(trials), f"Optuna says: {error}")
    order = sorted(shares, key=lambda name: -shares[name])
    order += [name for name in known if name not in shares]
    return Importances(
        tuple(order), tuple(float(shares.get(name, 0.0)) for name in order), len(trials)
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

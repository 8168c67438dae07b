"""Studies that people made with Optuna alone, read as records: what curves and params allow.

An own loop that reports intermediate values has curves, and its distributions are a search space.
What such a study does not say stays unknown: losses of train rows (NaN), what was trained on, how
it was decided. Seconds of a trial are spread over its epochs evenly. A study that is maximized is
read with its signs turned round, so that lower is better as everywhere; one of several objectives
is refused, since it has no best trial. Attributes of other people mean nothing here, and are left.
Nothing is written: `storage/untouched.py` opens a database without changing it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from automl.errors import StudyError
from search_spaces.declared import FOREIGN_FAMILY
from storage import Store
from storage.optuna_storage import OptunaStorage
from storage.records import (
    Diagnosis,
    EpochRecord,
    Json,
    ParameterValue,
    RunRecord,
    RunState,
    StudyRecords,
    StudySettings,
    TrialRecord,
)
from storage.records import TrialState as RecordedState
from storage.score_records import MAXIMIZED

_STATES: Mapping[TrialState, RecordedState] = {
    TrialState.COMPLETE: "COMPLETE",
    TrialState.PRUNED: "PRUNED",
    TrialState.FAIL: "FAIL",
    TrialState.RUNNING: "RUNNING",
    TrialState.WAITING: "WAITING",
}

_RUN_STATES: Mapping[TrialState, RunState] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


def read_foreign(storage: OptunaStorage, study_name: str) -> StudyRecords:
    """A study of Optuna alone as records. A trial's run has the trial's number.

    Raises:
        StudyError: it has several objectives.
    """
    study_id = storage.get_study_id_from_name(study_name)
    directions = storage.get_study_directions(study_id)
    if len(directions) > 1:
        raise StudyError(
            f"a study must have one objective to be read, but {study_name!r} has "
            f"{len(directions)}: it has no best trial, but a front of them. "
            "optuna.visualization.plot_pareto_front and Optuna Dashboard show that"
        )
    is_maximized = directions[0] is StudyDirection.MAXIMIZE
    sign = -1.0 if is_maximized else 1.0
    trials = storage.get_all_trials(study_id, deepcopy=False)
    first_step = min((step for one in trials for step in one.intermediate_values), default=1)
    curves = {one.number: _curve(one, sign, shift=int(first_step == 0)) for one in trials}
    longest = max((curve[-1].epoch for curve in curves.values() if curve), default=1)
    return StudyRecords(
        settings=StudySettings(
            study_name=study_name,
            task="objective",
            loss=MAXIMIZED if is_maximized else "objective",
            target="",
            data_source="searched with Optuna alone",
            data_fingerprint="",
            split={},
            space=_space(trials),
            max_epochs=longest,
            patience=longest,
            seed=0,
            space_source="",
            created_at=_created_at(trials),
        ),
        trials=tuple(_trial(one, sign) for one in trials),
        runs=tuple(
            RunRecord(
                run_id=one.number,
                trial_number=one.number,
                purpose="search",
                seed=0,
                state=_RUN_STATES.get(one.state, "running"),
            )
            for one in trials
            if one.state is not TrialState.WAITING
        ),
        epochs={number: curve for number, curve in curves.items() if curve},
    )


def is_readable(store: Store, study_name: str) -> bool:
    """Whether a study is of this program, or one of Optuna that has a single objective."""
    if store.read_settings(study_name) is not None:
        return True
    study_id = store.optuna_storage.get_study_id_from_name(study_name)
    return len(store.optuna_storage.get_study_directions(study_id)) == 1


def diagnose_foreign(records: StudyRecords) -> Diagnosis:
    """What is not known of such a study, said once where its verdicts are."""
    turned = (
        " It is maximized: its values stand here with their signs turned round, as losses."
        if records.settings.loss == MAXIMIZED
        else ""
    )
    has_curves = any(len(curve) > 1 for curve in records.epochs.values())
    curves = (
        "" if has_curves else " Its trials report no intermediate values, so it has no curves."
    )
    return Diagnosis(
        "made_by_optuna",
        "info",
        "This study was made with Optuna alone: losses on train rows, scores on test rows, who "
        "decided, and conditions of parameters are not known. Seconds of an epoch are its "
        f"trial's, evenly spread.{turned}{curves}",
    )


def _trial(trial: FrozenTrial, sign: float) -> TrialRecord:
    started, finished = trial.datetime_start, trial.datetime_complete
    return TrialRecord(
        number=trial.number,
        state=_STATES[trial.state],
        params={name: _plain(value) for name, value in trial.params.items()},
        value=None if not trial.values else sign * trial.values[0],
        started_at=None if started is None else started.timestamp(),
        finished_at=None if finished is None else finished.timestamp(),
    )


def _curve(trial: FrozenTrial, sign: float, shift: int) -> tuple[EpochRecord, ...]:
    """Intermediate values as epochs; of a trial without any its value, as of one epoch."""
    reported = dict(sorted(trial.intermediate_values.items()))
    if not reported and trial.values:
        reported, shift = {1: trial.values[0]}, 0
    seconds = _seconds(trial) / max(1, len(reported))
    return tuple(
        EpochRecord(
            run_id=trial.number,
            epoch=step + shift,
            step=step + shift,
            train_loss=math.nan,
            valid_loss=sign * value,
            valid_loss_standard_error=math.nan,
            train_metric=math.nan,
            valid_metric=sign * value,
            learning_rate=math.nan,
            gradient_norm=math.nan,
            seconds=seconds,
        )
        for step, value in reported.items()
    )


def _seconds(trial: FrozenTrial) -> float:
    if trial.datetime_start is None or trial.datetime_complete is None:
        return 0.0
    return max(0.0, (trial.datetime_complete - trial.datetime_start).total_seconds())


def _created_at(trials: Sequence[FrozenTrial]) -> float:
    began = [one.datetime_start for one in trials if one.datetime_start is not None]
    return min(began).timestamp() if began else 0.0


def _space(trials: Sequence[FrozenTrial]) -> dict[str, Json]:
    """The widest range that each parameter has had, in the order in which they were first drawn.

    Which conditions they hang on stands in the person's code alone.
    """
    known: dict[str, list[BaseDistribution]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            known.setdefault(name, []).append(distribution)
    return {
        "name": "optuna",
        "family": FOREIGN_FAMILY,
        "parameters": {name: _parameter(found) for name, found in known.items()},
    }


def _parameter(found: Sequence[BaseDistribution]) -> dict[str, Json]:
    last = found[-1]
    if isinstance(last, CategoricalDistribution):
        choices = list(dict.fromkeys(
            _plain(choice)
            for one in found
            if isinstance(one, CategoricalDistribution)
            for choice in one.choices
        ))  # fmt: skip
        return _fixed(choices[0]) if len(choices) == 1 else {
            "type": "categorical",
            "choices": choices,
        }  # fmt: skip
    ranges = [one for one in found if isinstance(one, FloatDistribution | IntDistribution)]
    low, high = min(one.low for one in ranges), max(one.high for one in ranges)
    if low == high:
        return _fixed(low)
    kind = "int" if all(isinstance(one, IntDistribution) for one in ranges) else "float"
    return {"type": kind, "low": low, "high": high, "log": all(one.log for one in ranges)}


def _fixed(value: ParameterValue) -> dict[str, Json]:
    return {"type": "fixed", "value": value}


def _plain(value: Any) -> ParameterValue:
    """A choice as it is compared and shown: lists and the like as their text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value, default=str)

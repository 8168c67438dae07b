"""Studies and trials as plain values, under the keys that `--json` promises.

Records in, one object out. Every command calls the same thing by the same key: moments are
ISO 8601 in UTC, durations are seconds, params are all that a trial had, fixed ones too.
"""

from __future__ import annotations

from collections.abc import Sequence

from automl.diagnostics.headline import headline, shown_diagnoses, shown_diagnoses_of_trial
from automl.diagnostics.standing import Standing, standing
from automl.diagnostics.trade_off import latency_of, n_parameters_of, smallest_equal
from automl.listed_json import diagnosis_json, finite, settings_json
from automl.options.values import DEFAULT_STORAGE
from automl.wording.moments import iso_moment
from automl.wording.scores import scores_in_order
from automl.wording.stops import stop_sentence
from search_spaces.space import completed
from storage.answers import (
    answers_side_by_side,
    evaluation_of,
    single_answer,
    study_answer,
    study_evaluation,
    study_importances,
    trials_of,
)
from storage.call_records import StopReason
from storage.effort import effort_of_trial, search_effort, side_effort
from storage.listed_studies import listed_study
from storage.records import EpochRecord, Json, StudyRecords, StudySettings, TrialRecord
from storage.score_records import AnswerRecord, EvaluationRecord, MetricWorth


def study_json(records: StudyRecords, storage: str = DEFAULT_STORAGE) -> dict[str, Json]:
    """What there is to say of a stored study; what its call adds is the caller's.

    Args:
        storage: the database that commands in advice name.
    """
    best, search = records.best_trial, search_effort(records)
    evaluation = study_evaluation(records, "test")
    verdict = next(iter(shown_diagnoses(records, storage)), None)
    return {
        **settings_json(listed_study(records)),
        "stopped": None if records.stop is None else _stop(records.stop),
        "n_epochs": search.n_epochs,
        "training_seconds": round(search.seconds, 3),
        "n_side_epochs": side_effort(records).n_epochs,  # confirming, promoting, ...
        "limits": _limits(records.settings),
        "best": None if best is None else trial_json(records, best),
        "smallest_equal": _smallest_equal(records),
        "answer": _answer(records),
        "test": None if evaluation is None else _test(evaluation, records.settings),
        "column_importances": _column_importances(records),
        "standing": _standing(standing(records)),
        "warm_start": list(records.settings.warm_start),
        "widened": _widened(records),
        "headline": list(headline(records).lines),
        "diagnosis": None if verdict is None else diagnosis_json(verdict),
    }


def shown_json(records: StudyRecords, storage: str = DEFAULT_STORAGE) -> dict[str, Json]:
    """A stored study with all of its trials and verdicts.

    Args:
        storage: the database that commands in advice name.
    """
    return {
        **study_json(records, storage),
        "diagnoses": [diagnosis_json(one) for one in shown_diagnoses(records, storage)],
        "trials": [trial_json(records, one) for one in records.trials],
    }


def trial_json(records: StudyRecords, trial: TrialRecord) -> dict[str, Json]:
    """One trial."""
    effort = effort_of_trial(records, trial.number)
    return {
        "trial_number": trial.number,
        "outcome": trial.outcome,
        "cause": trial.cause,  # why it ended by itself; null: it did not
        "params": completed(records.settings.space, trial.params),
        # Of a complete one its best epoch's, of any other its last; null: none.
        "valid_loss": finite(trial.value),
        "n_epochs": effort.n_epochs,
        "best_epochs": list(effort.best_epochs),  # one, or one per fold
        "n_parameters": n_parameters_of(records, trial.number),  # of one network
        "latency": latency_of(trial),  # seconds of one call; null: not measured
        "started_at": iso_moment(trial.started_at),
        "finished_at": iso_moment(trial.finished_at),  # null: it may go on
        "training_seconds": round(effort.seconds, 3),
    }


def shown_trial_json(
    records: StudyRecords, trial: TrialRecord, storage: str = DEFAULT_STORAGE
) -> dict[str, Json]:
    """One trial of a study with its verdicts and curves.

    Args:
        storage: the database that commands in advice name.
    """
    verdicts = shown_diagnoses_of_trial(records, trial.number, storage)
    return {
        "study": records.settings.study_name,
        **trial_json(records, trial),
        "diagnoses": [diagnosis_json(one) for one in verdicts],
        "folds": [
            {
                "fold": run.fold,
                "epochs": [_epoch(one) for one in records.epochs.get(run.run_id, ())],
            }
            for run in records.search_runs(trial.number)
        ],
    }


def _epoch(record: EpochRecord) -> dict[str, Json]:
    """One epoch; null: not known, or no number."""
    return {name: finite(getattr(record, name)) for name in EPOCH_VALUES}


EPOCH_VALUES = (
    *("epoch", "step", "train_loss", "valid_loss", "valid_loss_standard_error", "train_metric"),
    *("valid_metric", "learning_rate", "gradient_norm", "seconds"),
)
"""Of each epoch of a curve."""


def best_json(records: StudyRecords, best: TrialRecord, weights: Sequence[str]) -> dict[str, Json]:
    """The best trial with its scores.

    Args:
        weights: the files of its weights, one, or one per fold; none: they are not kept.
    """
    own = single_answer(records, best.number)
    scores = {name: evaluation_of(records, own, name) for name in ("valid", "test")}
    return {
        "study": records.settings.study_name,
        "metric": records.settings.metric,
        **trial_json(records, best),
        **{
            name: None if found is None else _test(found, records.settings)
            for name, found in scores.items()
        },
        "weights": list(weights),
    }


def _answer(records: StudyRecords) -> dict[str, Json] | None:
    """What is handed over, and what it was held against; null where no trial has completed."""
    answer = study_answer(records)
    if answer is None:
        return None
    return {
        "kind": answer.kind,
        "trial_numbers": list(trials_of(records, answer)),
        "n_networks": len(answer.members),
        "n_parameters": answer.n_parameters,  # of all of them; null: not counted
        "threshold": answer.threshold,  # of the second of two classes; null: 0.5
        "held_against": {one.kind: _worth(one) for one in answers_side_by_side(records)},
    }


ROUNDING = 1e-12
"""What means of the same losses in another order differ by at most: no luck at all."""


def _worth(answer: AnswerRecord) -> dict[str, Json] | None:
    """On validation rows that the choice had not seen."""
    worth = answer.validation
    if worth is None:
        return None
    gain = worth.gain
    return {
        "valid_loss": worth.loss,
        "interval": [worth.low, worth.high],
        "luck": 0.0 if abs(worth.luck) < ROUNDING else worth.luck,
        "gain": None if gain is None else gain.value,  # over the best trial alone
        "gain_interval": None if gain is None else [gain.low, gain.high],
        "metric": None if worth.metric is None else _metric_worth(worth.metric),
    }


def _metric_worth(worth: MetricWorth) -> dict[str, Json]:
    """The same in the study's metric."""
    gains = {"gain": worth.gain, "threshold_gain": worth.threshold_gain}
    return {
        "score": worth.score,
        "value": worth.value,
        "interval": [worth.low, worth.high],
        **{name: None if gain is None else gain.value for name, gain in gains.items()},
        **{
            f"{name}_interval": None if gain is None else [gain.low, gain.high]
            for name, gain in gains.items()
        },
    }


def _limits(settings: StudySettings) -> dict[str, Json]:
    """What a network may be at most; null: anything."""
    return {
        "max_parameters": settings.max_parameters,
        "max_latency": settings.max_latency,
        "latency_rows": settings.latency_rows,
    }


def _smallest_equal(records: StudyRecords) -> dict[str, Json] | None:
    """The smallest network that cannot be told from the best one, if it is another."""
    found = smallest_equal(records)
    if found is None:
        return None
    return {
        "trial_number": found.trial.number,
        "n_parameters": n_parameters_of(records, found.trial.number),
        "valid_loss": found.loss,
        "standard_error": found.standard_error,
    }


def _stop(stop: StopReason) -> dict[str, Json]:
    return {"because": stop.because, **stop.details, "message": stop_sentence(stop)}


def _widened(records: StudyRecords) -> list[Json]:
    """The ranges that were widened, each with the first trial that may lie in the new one."""
    return [
        {"parameter": name, "range": list(ends), "from_trial": look.from_trial_number}
        for look in records.widenings
        for name, ends in look.ranges.items()
    ]


def diagnosed_json(records: StudyRecords, storage: str = DEFAULT_STORAGE) -> dict[str, Json]:
    """How a study stands, and all that was noticed of it.

    Args:
        storage: the database that commands in advice name.
    """
    return {
        "study": records.settings.study_name,
        "standing": _standing(standing(records)),
        "headline": list(headline(records).lines),
        "diagnoses": [diagnosis_json(one) for one in shown_diagnoses(records, storage)],
    }


def _standing(found: Standing) -> dict[str, Json]:
    gain = found.gain
    return {
        "kind": found.kind,
        "reference": found.reference,
        "score": found.score,
        "gain": None if gain is None else gain.value,
        "interval": None if gain is None else [gain.low, gain.high],
    }


def _column_importances(records: StudyRecords) -> dict[str, Json] | None:
    """Which columns the answer uses; null where that was never measured."""
    found = study_importances(records)
    if found is None:
        return None
    return {
        "missing_because": found.missing_because,  # null: they were measured
        "n_columns": found.n_columns,
        "n_rows": found.n_rows,
        "n_repeats": found.n_repeats,
        "columns": [
            {
                "name": one.name,
                # By score, how much better it is with the column than with its values shuffled.
                "gains": {
                    name: {"value": gain.value, "interval": [gain.low, gain.high]}
                    for name, gain in one.gains.items()
                },
                "alike": dict(one.alike),  # columns that tell nearly the same
            }
            for one in found.columns
        ],
    }


def _test(evaluation: EvaluationRecord, settings: StudySettings) -> dict[str, Json]:
    return {
        **{name: evaluation.scores[name] for name in scores_in_order(evaluation.scores, settings)},
        "only_class": evaluation.only_class,  # that is predicted for all rows; null: several are
        "interval": {name: list(bounds) for name, bounds in evaluation.intervals.items()},
        "references": {one.name: dict(one.scores) for one in evaluation.references},
    }

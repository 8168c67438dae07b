"""What a network's size is worth: smaller ones that are as good, and those over a limit.

Where the answers of a study were held against each other, the smaller one is what that choice
found to be as good, row by row (`tuning/cross_fitting.py`), so that there is one everywhere, and
none where it found none. Else "as good" is the one-standard-error rule
(`thresholds.SAME_LOSS_STANDARD_ERRORS`). All trials are judged on the same rows, so it calls more
networks as good than a paired test would: of two within one standard error, one may be better all
the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from automl.diagnostics.evidence import trial_facts
from automl.diagnostics.situation import change_range, named, space_parameters
from automl.diagnostics.thresholds import FAILURE_SHARE, SAME_LOSS_STANDARD_ERRORS
from automl.wording.counts import agree, count, listing
from automl.wording.numbers import brief_time, number
from automl.wording.scores import gain_text
from storage.answers import answers_side_by_side, standing_answers, trials_of
from storage.records import TRAINED, Advice, Diagnosis, StudyRecords, StudySettings, TrialRecord
from storage.score_records import AnswerRecord, PairedDifference, metric_to_choose_by


@dataclass(frozen=True, slots=True)
class SmallestEqual:
    """The trial of the fewest parameters among those as good as the best one."""

    trial: TrialRecord
    best: TrialRecord
    loss: float  # its lowest validation loss
    standard_error: float  # of the best one's validation loss
    n_equal: int | None = None  # complete trials within it, itself included, where that decides
    gain: PairedDifference | None = None  # over the best, on held-out rows, where those do


def smallest_equal(records: StudyRecords) -> SmallestEqual | None:
    """The smallest network as good as the best one; None where the best one is the smallest."""
    best, error = records.best_trial, standard_error_of_best(records)
    if best is None or error is None or best.value is None:
        return None
    held = {one.kind: one for one in _last_choice(records) if one.validation is not None}
    if "single" in held and trials_of(records, held["single"]) == (best.number,):
        answer = held.get("smallest")
        return None if answer is None else _of_answer(records, best, error, answer)
    limit = best.value + SAME_LOSS_STANDARD_ERRORS * error
    equal = [
        trial
        for trial in records.complete_trials
        if (trial.value or 0.0) <= limit and n_parameters_of(records, trial.number)
    ]
    smallest = min(equal, key=lambda t: n_parameters_of(records, t.number) or 0, default=None)
    best_size = n_parameters_of(records, best.number)
    if smallest is None or best_size is None:
        return None
    if (n_parameters_of(records, smallest.number) or 0) >= best_size:
        return None
    return SmallestEqual(smallest, best, smallest.value or 0.0, error, len(equal))


def _last_choice(records: StudyRecords) -> tuple[AnswerRecord, ...]:
    """What the last choice held against each other; the best trial where it left no other answer.

    A refit, which can be held against nothing, is no part of it, wherever it stands.
    """
    judged = tuple(one for one in records.answers if one.kind != "refit")
    records = replace(records, answers=judged)
    return answers_side_by_side(records) or standing_answers(records)[-1:]


def _of_answer(
    records: StudyRecords, best: TrialRecord, error: float, answer: AnswerRecord
) -> SmallestEqual | None:
    """The trial of an answer and what it gains over the best; None where it is not smaller."""
    number = next(iter(trials_of(records, answer)), best.number)
    gain = None if answer.validation is None else answer.validation.gain
    trial = next((one for one in records.trials if one.number == number), None)
    facts, size = trial_facts(records, number), n_parameters_of(records, number)
    if trial is None or facts is None or size is None:
        return None
    if size >= (n_parameters_of(records, best.number) or 0):
        return None
    return SmallestEqual(trial, best, facts.valid_loss, error, gain=gain)


def standard_error_of_best(records: StudyRecords) -> float | None:
    """Of the best trial's validation loss; None where no trial has completed."""
    best = records.best_trial
    facts = trial_facts(records, best.number) if best else None
    return None if facts is None else facts.valid_noise


def n_parameters_of(records: StudyRecords, trial_number: int) -> int | None:
    """Trainable numbers of a trial's network: of several folds', the first one's."""
    runs = records.search_runs(trial_number)
    return runs[0].n_parameters if runs else None


def latency_of(trial: TrialRecord) -> float | None:
    """Seconds of one call of a trial's network; None where they were not measured."""
    found = trial.user_attributes.get("latency")
    return float(found) if isinstance(found, int | float) else None


def diagnose_smallest_equal(records: StudyRecords) -> Diagnosis | None:
    """The smallest network whose loss cannot be told from the best one's."""
    found = smallest_equal(records)
    if found is None:
        return None
    small, best = found.trial, found.best
    size = n_parameters_of(records, small.number) or 0
    best_size = n_parameters_of(records, best.number) or 0
    cost = found.loss - (best.value or 0.0)
    times = latency_of(small), latency_of(best)
    slower = ""
    if times[0] is not None and times[1] is not None:
        slower = f" A call of it takes {brief_time(times[0])} against {brief_time(times[1])}."
    by_metric = metric_to_choose_by(records.settings.metric) is not None
    within = "by its loss, within the error" if by_metric else "within the error"
    return Diagnosis(
        kind="smaller_equal",
        severity="info",
        message=(
            f"A network of {size:,} parameters is as good {within}: trial {small.number} "
            f"has them, the best trial {best.number} has {best_size:,}. "
            f"{_cost_words(found)}.{slower}"
        ),
        evidence={
            "trial": small.number,
            "n_parameters": size,
            "best_trial": best.number,
            "best_n_parameters": best_size,
            "cost": cost,
            "standard_error": found.standard_error,
            **({} if found.n_equal is None else {"n_equal": found.n_equal}),
        },
    )


def _cost_words(found: SmallestEqual) -> str:
    """How its loss lies beside the best one's, by what decided that it is as good."""
    alike = ": the two cannot be told apart"
    if (gain := found.gain) is not None:
        alike = "" if gain.is_better or gain.is_worse else alike
        beside = f"{gain_text('loss', gain)}, beside the best trial's"
        return f"On held-out validation rows its loss is {beside}{alike}"
    best, error = found.best.value or 0.0, number(found.standard_error, 2)
    return (
        f"It costs {number(found.loss - best, 2)} in validation loss ({number(found.loss)} "
        f"against {number(best)}), within one standard error ({error}){alike}"
    )


def diagnose_refused(records: StudyRecords) -> Diagnosis | None:
    """Trials that were not trained, since their networks were over a limit."""
    refused = [trial for trial in records.trials if trial.outcome == "refused"]
    if not refused:
        return None
    n_trials, share = len(records.trials), len(refused) / len(records.trials)
    return Diagnosis(
        kind="over_limit",
        severity="warning" if share >= FAILURE_SHARE else "info",
        message=(
            f"{len(refused)} of {count(n_trials, 'trial')} {agree(len(refused), 'was', 'were')} "
            f"refused: their networks are larger or slower than allowed "
            f"({limits_in_words(records.settings)}), and were not trained."
        ),
        evidence={"n_refused": len(refused), "share": share},
        advice=_fit_in(records, refused),
    )


def limits_in_words(settings: StudySettings) -> str:
    """What a network may be at most: "200,000 parameters, 2 ms for a call of 1 row"."""
    words = []
    if settings.max_parameters is not None:
        words.append(count(settings.max_parameters, "parameter"))
    if settings.max_latency is not None:
        rows = count(settings.latency_rows, "row")
        words.append(f"{brief_time(settings.max_latency)} for a call of {rows}")
    return listing(words)


def _fit_in(records: StudyRecords, refused: list[TrialRecord]) -> tuple[Advice, ...]:
    """End the range of widths where networks have been allowed so far."""
    name = named(records.settings, "width")
    entry = space_parameters(records.settings).get(name or "", {})
    low, high = entry.get("low"), entry.get("high")
    if name is None or not isinstance(low, int | float) or not isinstance(high, int | float):
        return ()
    allowed = [t for t in records.trials if t.outcome in TRAINED]
    widths = [w for t in allowed if isinstance(w := t.params.get(name), int | float)]
    over = [w for t in refused if isinstance(w := t.params.get(name), int | float)]
    if not widths or 2 * sum(w > max(widths) for w in over) <= len(over):
        return ()
    text = f"Search {name} up to {number(max(widths))}: wider networks are over the limit."
    is_whole = entry.get("type") == "int"
    return (Advice(text, (change_range(name, low, max(widths), is_whole=is_whole),)),)

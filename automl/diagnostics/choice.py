"""The answer, and what it was held against: records in, sentences and a table out.

Losses here are of validation rows that a choice had not seen (`CrossFitted`), so that the choice
itself is paid for; where a metric has chosen, it takes the place of the loss. What choosing the
best of many trials flatters it by, its winner's curse, is the difference to the rows that it was
chosen by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from automl.diagnostics.metric_choice import HELD_OUT, chosen_by, metric_of, metric_sentences
from automl.diagnostics.thresholds import LEAST_ENSEMBLE_SHARE, LEAST_LUCK_SHARE
from automl.wording.counts import agree, count, trial_words
from automl.wording.option_names import named
from automl.wording.scores import difference_text, gain_text, interval_text, score_name, score_text
from storage.answers import (
    answers_side_by_side,
    evaluation_of,
    kept_weights,
    study_answer,
    trials_of,
)
from storage.records import CAUSES, RunRecord, StudyRecords
from storage.score_records import (
    N_SEEDS,
    AnswerRecord,
    EvaluationRecord,
    MetricWorth,
    PairedDifference,
)

KIND_WORDS = {
    "single": "best trial",
    "ensemble": "ensemble",
    "smallest": "smallest as good",
    "seeds": "several seeds",
    "refit": "refit on all rows",
}
"""The first column of the table, by kind."""

SMALLEST_BY_LOSS = "smallest, by loss"
"""It is the smallest that is as good by the loss, beside answers that a metric has chosen."""

TOGETHER = {"ensemble": "ensemble", "seeds": "mean of seeds"}
"""What heads the scores of several networks that were chosen, or trained, to predict together."""

NOT_FOUND = {
    "ensemble": "Several trials together were asked for, but trial {number}, the best, is handed "
    "over alone: no other whose weights are kept adds to it.",
    "smallest": "The smallest trial as good as the best was asked for: it is trial {number}, the "
    "best itself, of those whose weights are kept.",
    "seeds": "Further seeds of the best trial were asked for, but trial {number} is handed over "
    "as it is: {why}.",
    "refit": "A refit on train and validation rows was asked for, but trial {number}, the best, "
    "is handed over as it is: {why}.",
}
"""By the kind that was asked for."""

BY_METRIC = ("single", "ensemble")
"""Kinds that a study's metric chooses; others go by the loss."""

NO_TIME = "there was no time to train for it, which the same command with more time does"
STOPPED = "the search was stopped before it was trained, which the same command does"
OVERTAKEN = "another trial has become the best meanwhile, and the same command trains for that"
NOT_YET = "nothing has been trained for it yet, which the same command does"
NOT_ALL_YET = "not all of it has been trained yet, which the same command does"
WITHOUT_ITS_OWN = (
    "the networks that were trained for it are there, but not its own weights, with which they "
    "predict; the same command trains them again"
)
NOT_USED = (
    "the networks that were trained for it could not be used: a file of weights is gone or "
    "damaged, which the same command mends, one of them predicts what is no number, or there are "
    "too few validation rows to choose by"
)
"""Why networks of an answer are missing. The first three are noted by who trains them."""

REFIT_SCORES = (
    "It was trained on the validation rows too, so that only test rows can tell how good it is; "
    "the others' losses are no measure of it."
)

TRIALS_NAMED = 6
"""Of an answer of more trials than that, how many there are is said."""


def choice_head(records: StudyRecords) -> tuple[str, ...]:
    """The titles of the table's columns: answers stand side by side by what they are chosen by."""
    name = score_name(_score(records))
    return ("answer", "trials", "parameters", f"valid {name}", "95 % interval", f"test {name}")


def _score(records: StudyRecords) -> str:
    """The score that answers were held against each other by."""
    worths = (metric_of(one) for one in answers_side_by_side(records))
    return next((worth.score for worth in worths if worth is not None), "loss")


def is_worth_it(ensemble: AnswerRecord) -> bool:
    """Whether several trials together gain enough over the best one, on rows of no choice."""
    worth = ensemble.validation
    if worth is None:
        return False
    gain, value = (worth.gain, worth.loss)
    if worth.metric is not None:
        gain, value = (worth.metric.gain, worth.metric.value)
    return gain is not None and gain.value > LEAST_ENSEMBLE_SHARE * abs(value)


def scored_name(records: StudyRecords, evaluation: EvaluationRecord) -> str:
    """What has the scores of an evaluation: a trial's network, or several that are together."""
    answer = next((one for one in records.answers if one.answer_id == evaluation.answer_id), None)
    if answer is None or _is_of_one(records, answer):
        return "network"
    return TOGETHER.get(answer.kind, "network")


def _is_of_one(records: StudyRecords, answer: AnswerRecord) -> bool:
    """Whether it is an ensemble that came to one trial, another than the best alone."""
    return answer.kind == "ensemble" and len(trials_of(records, answer)) == 1


def choice_sentences(records: StudyRecords) -> list[str]:
    """What the answer is, what an ensemble gains, how far the best trial is luck.

    Nothing where the answer was held against nothing, unless another one was asked for; but what
    the study's metric has decided, and that one class only is predicted, is always said.
    """
    answers = {one.kind: one for one in answers_side_by_side(records)}
    now = study_answer(records)
    if now is None:
        return []
    by_metric = chosen_by(records) if metric_of(now) and now.kind in BY_METRIC else ""
    if "single" not in answers:
        said = [f"The answer is {_what(records, now)}{by_metric}."] if by_metric else []
        return [*said, *_not_found(records, now), *metric_sentences(records)]
    said = [f"The answer is {_what(records, now)}{by_metric}."]
    if now.kind == "refit":
        said.append(REFIT_SCORES)
    which = "seeds" if now.kind == "seeds" else "ensemble"
    other, whose = answers.get(which), {"seeds": "their", "ensemble": "the ensemble's"}[which]
    if other is not None and other.validation:
        worth = metric_of(other)
        gain, score = (worth.gain, worth.score) if worth else (other.validation.gain, "loss")
        if gain:
            little = ", which is not worth its networks" if _is_little(now, other, gain) else ""
            said.append(
                f"{HELD_OUT} {whose} {score_name(score)} is {gain_text(score, gain)}, than "
                f"the best trial's{little}."
            )
    luck = [] if metric_of(answers["single"]) else _luck(answers["single"])
    smaller = _smaller_is_lower(records, now, answers.get("smallest"))
    return [*said, *_not_found(records, now), *luck, *smaller, *metric_sentences(records)]


def _smaller_is_lower(
    records: StudyRecords, now: AnswerRecord, smallest: AnswerRecord | None
) -> list[str]:
    """That the smallest as good has a lower loss than what is handed over, if both look so."""
    worths = now.validation, None if smallest is None else smallest.validation
    if smallest is None or worths[0] is None or worths[1] is None or metric_of(now):
        return []
    losses = tuple(score_text("loss", one.loss) for one in worths if one)
    if worths[1].loss >= worths[0].loss or smallest.members == now.members or len({*losses}) < 2:
        return []
    which = trial_words(trials_of(records, smallest)).capitalize()
    return [
        f"{which}, the smallest as good, has a lower held-out loss than the answer ({losses[1]} "
        f"against {losses[0]}); it is handed over with {named('answer', 'smallest')}."
    ]


def _is_little(now: AnswerRecord, other: AnswerRecord, gain: PairedDifference) -> bool:
    """Whether the best trial stands alone although an ensemble is better, by next to nothing."""
    is_ensemble = now.kind == "single" and other.kind == "ensemble"
    return is_ensemble and gain.value > 0 and not is_worth_it(other)


def _not_found(records: StudyRecords, now: AnswerRecord) -> list[str]:
    """That what was asked for is not there, or not all of it, and why."""
    asked = records.policies[-1].answer if records.policies else "single"
    if now.kind == asked == "seeds" and (n_seeds := _n_seeds(records, now)) < N_SEEDS:
        why = _why_not_all(records, now)
        return [
            f"The answer that was asked for has {count(N_SEEDS, 'further seed')}, but "
            f"{n_seeds:,} {agree(n_seeds, 'is', 'are')} there: {why}."
        ]
    is_there = any(one.kind == asked for one in answers_side_by_side(records))
    if is_there or now.kind != "single" or asked not in NOT_FOUND:
        return []
    why = _why_not_trained(records, asked, now.best_trial_number)
    number = trials_of(records, now)[0]  # by a metric it may be another than that of the loss
    return [NOT_FOUND[asked].format(number=number, why=why)]


def _why_not_trained(records: StudyRecords, kind: str, number: int) -> str:
    """What the call that asked for it has noted; else by the runs that were to be the answer."""
    runs = [run for run in records.runs if run.purpose == kind and run.trial_number == number]
    if noted := _noted(records, number):
        return noted
    kept = kept_weights(records)
    if any(run.run_id in kept for run in runs):
        own = {run.run_id for run in records.search_runs(number)}
        return NOT_USED if own <= kept.keys() else WITHOUT_ITS_OWN
    return _failure(runs) or NOT_YET


def _why_not_all(records: StudyRecords, now: AnswerRecord) -> str:
    """Why an answer has fewer networks than were to be trained for it."""
    number = now.best_trial_number
    runs = [run for run in records.runs if (run.purpose, run.trial_number) == (now.kind, number)]
    return _noted(records, number) or _failure(runs) or NOT_ALL_YET


def _noted(records: StudyRecords, number: int) -> str | None:
    """What the last call has noted, of this trial: another may be the best since."""
    last = records.policies[-1]
    return last.untrained if last.untrained_trial in (None, number) else None


def _failure(runs: Iterable[RunRecord]) -> str:
    return training_failed({run.cause for run in runs if run.state == "failed"})


def training_failed(causes: Collection[str | None]) -> str:
    """Why runs that were to be an answer have failed; empty where they were cut off at most."""
    found = sorted(str(cause) for cause in causes if cause not in (None, "interrupted"))
    reasons = "; ".join(CAUSES.get(cause, cause) for cause in found)
    return f"its training has failed ({reasons})" if found else ""


def choice_rows(records: StudyRecords) -> list[tuple[str, ...]]:
    """The answers side by side as texts, under `choice_head`; the one that stands is marked."""
    now = study_answer(records)
    return [
        _row(records, one, is_standing=now is not None and one.members == now.members)
        for one in answers_side_by_side(records)
    ]


def _row(records: StudyRecords, answer: AnswerRecord, *, is_standing: bool) -> tuple[str, ...]:
    test, score = evaluation_of(records, answer, "test"), _score(records)
    worth = answer.validation
    in_metric = None if worth is None else worth.metric
    value, ends = (None, ()) if worth is None else (worth.loss, (worth.low, worth.high))
    if score != "loss":
        value, ends = (None, ()) if in_metric is None else _value_and_ends(in_metric)
    return (
        ("→ " if is_standing else "") + _kind_words(answer.kind, score),
        _which(trials_of(records, answer)),
        "–" if answer.n_parameters is None else f"{answer.n_parameters:,}",
        score_text(score, value),
        interval_text(score, ends) or "–",
        score_text(score, None if test is None else test.scores.get(score)),
    )


def _kind_words(kind: str, score: str) -> str:
    """What an answer is, and by what where that is not what the others are chosen by."""
    if kind == "smallest" and score != "loss":
        return SMALLEST_BY_LOSS
    return KIND_WORDS.get(kind, kind)


def _which(numbers: Sequence[int]) -> str:
    """The one trial by its number, of several how many they are."""
    return trial_words(numbers) if len(numbers) == 1 else f"{len(numbers)}"


def _value_and_ends(worth: MetricWorth) -> tuple[float, tuple[float, float]]:
    return worth.value, (worth.low, worth.high)


def _what(records: StudyRecords, answer: AnswerRecord) -> str:
    numbers = trials_of(records, answer)
    if answer.kind in ("seeds", "refit"):
        return _what_was_trained(records, answer)
    size = "" if answer.n_parameters is None else f", {count(answer.n_parameters, 'parameter')}"
    if answer.kind == "smallest":
        by_loss = "" if _score(records) == "loss" else " by loss"
        words = f"the smallest that cannot be told from the best{by_loss}"
        return f"{trial_words(numbers)}, {words}{size}"
    if _is_of_one(records, answer):
        return f"{trial_words(numbers)}, the only one that the ensemble is made of{size}"
    if len(numbers) == 1:
        best = "the best"
        if numbers[0] != answer.best_trial_number and answer.kind == "single":
            best += f" (the lowest validation loss has trial {answer.best_trial_number})"
        return f"{trial_words(numbers)}, {best}{size}"
    named = named_trials(numbers)
    networks = count(len(answer.members), "network")
    return f"an ensemble, the weighted mean of {named} ({networks}{size})"


def _what_was_trained(records: StudyRecords, answer: AnswerRecord) -> str:
    """Of the answers that took training of their own."""
    trial = f"trial {answer.best_trial_number}, the best"
    size = "" if answer.n_parameters is None else f", {count(answer.n_parameters, 'parameter')}"
    if answer.kind == "refit":
        n_epochs = len(records.epochs.get(answer.members[0].run_id, ()))
        epochs = count(n_epochs, "epoch")
        return f"{trial}, trained again on train and validation rows for {epochs}{size}"
    seeds = count(_n_seeds(records, answer), "further seed")
    networks = count(len(answer.members), "network")
    return f"{trial}, together with {seeds} of it: the mean of {networks}{size}"


def _n_seeds(records: StudyRecords, answer: AnswerRecord) -> int:
    """How many further seeds of the best trial are in an answer."""
    n_folds = max(1, len(records.search_runs(answer.best_trial_number)))
    return len(answer.members) // n_folds - 1


def named_trials(numbers: Sequence[int]) -> str:
    """A few trials by their numbers, of more how many they are."""
    few = len(numbers) <= TRIALS_NAMED
    return trial_words(numbers) if few else count(len(numbers), "trial")


def _luck(single: AnswerRecord) -> list[str]:
    """How much of the best trial's loss is the winner's curse."""
    worth = single.validation
    if worth is None or worth.n_candidates < 2:
        return []
    among = f"the best of {count(worth.n_candidates, 'trial')}"
    if worth.luck <= LEAST_LUCK_SHARE * abs(worth.loss):
        return [
            f"That trial {single.best_trial_number} is {among} flatters its validation loss by "
            "next to nothing: on held-out rows such a choice does as well."
        ]
    return [
        f"That trial {single.best_trial_number} is {among} flatters its validation loss by "
        f"{difference_text('loss', worth.luck)}: such a choice loses so much on held-out rows."
    ]

"""Which columns the answer uses, in words, and what is worth a warning of it.

Judged from the importances that were measured when the search had ended
(`automl/tuning/column_importances.py`): how much worse the answer predicts with a column's values
shuffled among the rows. One column alone that carries all is what a leak looks like, and what a
strong predictor looks like, too: a person must tell. A column that costs nothing when it is
shuffled may be idle, or another one tells the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from automl.diagnostics.thresholds import (
    CARRIED_SHARE,
    IDLE_SHARE,
    LEAST_COLUMNS,
    LEAST_EXPLAINED,
    OTHERS_SHARE,
)
from automl.wording.counts import agree, count, listing
from automl.wording.numbers import number
from automl.wording.scores import HIGHER_IS_BETTER, difference_text, score_name
from storage.answers import evaluation_of, measurable_answer, study_answer, study_importances
from storage.records import Diagnosis, StudyRecords
from storage.score_records import ColumnImportance, ImportancesRecord, PairedDifference

N_NAMED = 3
"""Columns in a sentence."""

NEVER_MEASURED = "it was not measured before the search was left, which the same command does"
NO_ANSWER = "no trial has completed"

Use = tuple[ColumnImportance, PairedDifference]


def shown_score(found: ImportancesRecord) -> str:
    """The score that columns are ranked by: that of the study's metric, where rows define it."""
    is_known = any(found.metric in one.gains for one in found.columns)
    return str(found.metric) if found.metric is not None and is_known else "loss"


def ranked_columns(found: ImportancesRecord) -> list[Use]:
    """The columns with what is lost without them by that score, the most important first."""
    score = shown_score(found)
    uses = [(one, one.gains[score]) for one in found.columns if score in one.gains]
    return sorted(uses, key=lambda use: -use[1].value)


def missing_use(records: StudyRecords) -> str:
    """Why it is not known which columns the answer uses; empty where it is."""
    found = study_importances(records)
    if found is not None and found.missing_because is None:
        return ""
    why = NEVER_MEASURED if found is None else found.missing_because
    if study_answer(records) is None:
        why = NO_ANSWER
    return f"Which columns the answer uses is not known: {why}."


def column_sentences(records: StudyRecords) -> list[str]:
    """The columns that matter most; nothing of a study that has no answer or no columns."""
    found = study_importances(records)
    if found is None:
        return []
    if found.missing_because is not None:
        return [missing_use(records)]
    score, of_all = shown_score(found), _of_all(found)
    certain = [use for use in ranked_columns(found) if use[1].is_better]
    if not certain:
        return [f"No column matters by more than chance, {of_all}."]
    worse = "lower" if score in HIGHER_IS_BETTER else "higher"
    first, *others = [
        f"{one.name} ({difference_text(score, gain.value)})" for one, gain in certain[:N_NAMED]
    ]
    name, gain = certain[0][0].name, difference_text(score, certain[0][1].value)
    first = f"{name} ({score_name(score)} {gain} {worse} with its values shuffled)"
    most = agree(len(certain[:N_NAMED]), "The column that matters", "The columns that matter")
    said = [f"{most} most{_to_whom(records)}, {of_all}: {listing([first, *others])}."]
    doubled = alike_sentence([one for one, _ in certain[:N_NAMED]], 1)
    return [*said, doubled] if doubled else said


def _of_all(found: ImportancesRecord) -> str:
    """Among how many columns: where time was short, not all of them were measured."""
    there, n_measured = count(found.n_columns, "column"), len(found.columns)
    if n_measured == found.n_columns:
        return f"of {there}"
    return f"of the {n_measured} of {there} that were measured"


def _to_whom(records: StudyRecords) -> str:
    """Whose networks were asked, where it is not the answer: those of which it is a refit."""
    answer, asked = study_answer(records), measurable_answer(records)
    if answer is None or asked is None or asked.members == answer.members:
        return ""
    return f" to trial {answer.best_trial_number}"


def alike_sentence(columns: Sequence[ColumnImportance], at_most: int) -> str:
    """Which of these columns another one stands for, each pair once; empty where none does."""
    pairs: dict[frozenset[str], tuple[str, str, float]] = {}
    for one in columns:
        for other, strength in list(one.alike.items())[:1]:
            pairs.setdefault(frozenset((one.name, other)), (one.name, other, strength))
    if not pairs:
        return ""
    (name, other, strength), *more = list(pairs.values())[:at_most]
    said = f"{name} and {other} tell nearly the same (correlation of ranks {strength:.2f})"
    if more:
        named = [f"{one} and {its} ({strength:.2f})" for one, its, strength in more]
        said += f", and so do {'; '.join(named)}"
    return f"{said}: each counts for less than both."


def diagnose_columns(records: StudyRecords, data: Sequence[Diagnosis]) -> list[Diagnosis]:
    """One column that carries all, and columns without effect.

    Args:
        data: what was found in the data: of a column that is told of there nothing more is said.
    """
    found = study_importances(records)
    if found is None or found.missing_because is not None:
        return []
    judged = (_one_column(records, found, data), _without_effect(found))
    return [one for one in judged if one is not None]


def _one_column(
    records: StudyRecords, found: ImportancesRecord, data: Sequence[Diagnosis]
) -> Diagnosis | None:
    """A column without which nearly all that was learned is lost, where no other is worth much."""
    evaluation = evaluation_of(records, measurable_answer(records), "valid")
    if evaluation is None or len(found.columns) < LEAST_COLUMNS:
        return None
    guessing, loss = evaluation.reference_scores("guessing").get("loss"), evaluation.scores["loss"]
    first, *others = found.columns
    best_of_others = max((one.loss.value for one in others), default=0.0)
    if guessing is None or guessing - loss < LEAST_EXPLAINED * guessing:
        return None
    is_alone = best_of_others <= OTHERS_SHARE * first.loss.value and not first.alike
    if first.loss.low < CARRIED_SHARE * (guessing - loss) or not is_alone:
        return None
    if any(first.name in _subjects(one) for one in data):
        return None
    without = loss + first.loss.value
    measured = "" if len(found.columns) == found.n_columns else " that were measured"
    return Diagnosis(
        kind="one_column",
        severity="info",
        message=(
            f"One column: the answer rests on {first.name}. With its values shuffled the "
            f"validation loss is {number(without)} instead of {number(loss)} (guessing: "
            f"{number(guessing)}); of the other {count(len(others), 'column')}{measured} none "
            f"adds more than {number(max(0.0, best_of_others), 2)}. If it is not known when a "
            "prediction is needed, every score here is too good."
        ),
        evidence={
            "subject": first.name,
            "loss_before": loss,
            "loss_shuffled": without,
            "baseline_loss": guessing,
            "best_of_others": best_of_others,
            "n_rows": found.n_rows,
        },
    )


def _subjects(one: Diagnosis) -> set[str]:
    """The columns that a finding in the data speaks of as telling the target."""
    if one.kind not in ("leakage", "only_predictor"):
        return set()
    columns = one.evidence.get("columns", ())
    named = columns if isinstance(columns, list | tuple) else ()
    return {str(one.evidence.get("subject")), *(str(name) for name in named)}


def _without_effect(found: ImportancesRecord) -> Diagnosis | None:
    """Many columns change nothing by more than chance when they are shuffled."""
    idle = [one for one in found.columns if not one.loss.is_better]
    n_measured = len(found.columns)
    if n_measured < LEAST_COLUMNS or len(idle) <= IDLE_SHARE * n_measured:
        return None
    doubles = [one for one in idle if one.alike]
    but = "Together they may matter: columns that tell the same stand for each other"
    if doubles:
        name, other = doubles[0].name, next(iter(doubles[0].alike))
        but += f", as {name} and {other} do"
    return Diagnosis(
        kind="idle_columns",
        severity="info",
        message=(
            f"Idle columns: {_of_all(found)} {len(idle)} "
            f"{agree(len(idle), 'makes', 'make')} no difference beyond chance to the validation "
            f"loss when the values of one are shuffled ({count(found.n_rows, 'row')}, "
            f"{count(found.n_repeats, 'repeat')}). {but}."
        ),
        evidence={
            "n_idle": len(idle),
            "columns": [one.name for one in idle],
            "n_rows": found.n_rows,
            "n_repeats": found.n_repeats,
        },
    )

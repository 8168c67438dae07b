"""What is said of the columns that an answer uses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl.diagnostics.column_use import (
    alike_sentence,
    column_sentences,
    diagnose_columns,
    missing_use,
    ranked_columns,
    shown_score,
)
from automl.diagnostics.study_verdict import diagnose_study
from storage.answers import single_answer
from storage.records import DataCheckRecord, Diagnosis, StudyRecords
from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    ColumnImportance,
    EvaluationRecord,
    ImportancesRecord,
    PairedDifference,
    ReferenceRecord,
)
from tests.automl.diagnostics.conftest import make_study

LOSS, GUESSING = 0.1, 1.0


def gain(value: float, error: float = 0.01) -> PairedDifference:
    return PairedDifference(value, error, value - 2 * error, value + 2 * error)


def column(name: str, value: float, **alike: float) -> ColumnImportance:
    return ColumnImportance(name, {"loss": gain(value)}, alike)


def study(
    *columns: ColumnImportance, loss: float = LOSS, metric: str | None = None
) -> StudyRecords:
    """A study whose answer uses these columns."""
    records = make_study([(0.2, 0.3), (0.05, loss)])
    answer = replace(single_answer(records, 0), answer_id=7)
    guessing = (ReferenceRecord("guessing", {"loss": GUESSING}),)
    evaluations = (EvaluationRecord(7, "valid", {"loss": loss}, references=guessing),)
    found = ImportancesRecord(7, columns, len(columns), 200, 5, metric=metric)
    return replace(records, answers=(answer,), evaluations=evaluations, importances=(found,))


SHARED = [column(name, value) for name, value in (("a", 0.5), ("b", 0.3), ("c", 0.2), ("d", 0.1))]


def test_the_columns_that_matter_most_are_one_sentence() -> None:
    records = study(*SHARED, column("e", 0.001))
    assert column_sentences(records) == [
        "The columns that matter most, of 5 columns: a (loss 0.5 higher with its values "
        "shuffled), b (0.3) and c (0.2)."
    ]
    assert missing_use(records) == ""
    (alone,) = column_sentences(study(SHARED[0], column("e", 0.001)))
    assert alone.startswith("The column that matters most, of 2 columns: a (loss 0.5 higher")
    (none,) = column_sentences(study(column("e", 0.001)))
    assert none == "No column matters by more than chance, of 1 column."


def test_the_metric_of_the_study_is_what_is_said() -> None:
    """By which the order may be another one."""
    columns = [
        ColumnImportance("a", {"loss": gain(0.5), "roc_auc": gain(0.05)}),
        ColumnImportance("b", {"loss": gain(0.3), "roc_auc": gain(0.2)}),
    ]
    records = study(*columns, metric="roc_auc")
    assert column_sentences(records) == [
        "The columns that matter most, of 2 columns: b (ROC AUC 0.2 lower with its values "
        "shuffled) and a (0.05)."
    ]
    undefined = replace(records.importances[0], columns=(column("a", 0.5),))
    assert shown_score(undefined) == "loss"
    assert [one.name for one, _ in ranked_columns(undefined)] == ["a"]


def test_doubles_are_said_once() -> None:
    twins = (column("a", 0.5, b=0.97), column("b", 0.4, a=0.97), column("c", 0.01))
    _, said = column_sentences(study(*twins))
    assert said == (
        "a and b tell nearly the same (correlation of ranks 0.97): each counts for less than both."
    )


def test_several_pairs_are_one_sentence() -> None:
    columns = [column("a", 0.5, b=0.97), column("c", 0.4, d=1.0), column("d", 0.4, c=1.0)]
    assert alike_sentence(columns, 3) == (
        "a and b tell nearly the same (correlation of ranks 0.97), and so do c and d (1.00): each "
        "counts for less than both."
    )
    assert alike_sentence(columns, 1).count("and") == 1
    assert alike_sentence([column("a", 0.5)], 3) == ""


def test_why_nothing_is_known_is_said() -> None:
    records = study(*SHARED)
    failed = ImportancesRecord(7, missing_because="there was no time left for it")
    (said,) = column_sentences(replace(records, importances=(failed,)))
    assert said == "Which columns the answer uses is not known: there was no time left for it."
    never = replace(records, importances=())
    assert column_sentences(never) == [] == diagnose_columns(never, [])
    assert "which the same command does" in missing_use(never)


def test_of_a_refit_it_is_said_whose_networks_were_asked() -> None:
    records = study(*SHARED)
    refit = AnswerRecord("refit", (AnswerMember(99, 1.0),), 0, 8)
    (said,) = column_sentences(replace(records, answers=(*records.answers, refit)))
    assert said.startswith("The columns that matter most to trial 0, of 4 columns: a")


IDLE = [column(name, 0.01) for name in "bcd"]


def kinds(records: StudyRecords, *data: Diagnosis) -> list[str]:
    return [one.kind for one in diagnose_columns(records, data)]


def test_one_column_that_carries_all_is_told() -> None:
    records = study(column("a", 0.85), *IDLE)
    first, second = diagnose_columns(records, [])
    assert (first.kind, first.severity) == ("one_column", "info")
    assert first.message.startswith(
        "One column: the answer rests on a. With its values shuffled the validation loss is 0.95 "
        "instead of 0.1 (guessing: 1); of the other 3 columns none adds more than 0.01."
    )
    assert not first.advice and second.kind == "idle_columns"
    assert {"one_column", "idle_columns"} <= {one.kind for one in diagnose_study(records)}


def test_what_was_not_measured_is_not_spoken_of() -> None:
    def of_many(*columns: ColumnImportance) -> StudyRecords:
        records = study(*columns)
        return replace(records, importances=(replace(records.importances[0], n_columns=400),))

    assert kinds(of_many(column("a", 0.85))) == [], "nothing is known of the other 399"
    records = of_many(column("a", 0.85), *IDLE)
    first, second = diagnose_columns(records, [])
    assert "of the other 3 columns that were measured none adds more" in first.message
    assert "of the 4 of 400 columns that were measured 3 make no difference" in second.message
    assert "most, of the 4 of 400 columns that were measured: a" in column_sentences(records)[0]


@pytest.mark.parametrize(
    "records",
    [
        study(column("a", 0.6), *IDLE),  # a third of what was learned is left
        study(column("a", 0.85), column("b", 0.1), column("c", 0.01), column("d", 0.0)),
        study(column("a", 0.3), *IDLE, loss=0.7),  # little is explained
        study(column("a", 0.85, b=0.95), *IDLE),  # it is there twice
        study(column("a", 0.85), column("b", 0.0)),  # of two columns it is no news
    ],
)
def test_a_strong_column_is_no_such(records: StudyRecords) -> None:
    assert "one_column" not in kinds(records)


def of_400(records: StudyRecords) -> StudyRecords:
    """The same, where there were 400 columns and no time to measure the others."""
    found = replace(records.importances[0], n_columns=400)
    return replace(records, importances=(found,))


def test_nothing_is_said_of_columns_that_were_not_measured() -> None:
    assert kinds(of_400(study(column("a", 0.85)))) == [], "none other was looked at"
    assert kinds(of_400(study(column("a", 0.85), *IDLE[:2]))) == []
    one, idle = diagnose_columns(of_400(study(column("a", 0.85), *IDLE)), [])
    assert "; of the other 3 columns that were measured none adds more than" in one.message
    assert idle.message.startswith(
        "Idle columns: of the 4 of 400 columns that were measured 3 make no difference"
    )
    (most,) = column_sentences(of_400(study(*SHARED[:2])))
    assert most.startswith(
        "The columns that matter most, of the 2 of 400 columns that were measured: a (loss 0.5"
    )
    (none,) = column_sentences(of_400(study(IDLE[0])))
    assert (
        none
        == "No column matters by more than chance, of the 1 of 400 columns that were measured."
    )


def test_what_the_data_tell_of_a_column_is_not_told_twice() -> None:
    records = study(column("a", 0.85), *IDLE)
    leak = Diagnosis("leakage", "problem", "", {"subject": "a", "columns": 3})
    parts = Diagnosis("leakage", "problem", "", {"subject": "a + b", "columns": ["a", "b"]})
    other = Diagnosis("leakage", "problem", "", {"subject": "z"})
    assert "one_column" not in kinds(records, leak)
    assert "one_column" not in kinds(records, parts)
    assert "one_column" in kinds(records, other)
    details = {"others": 0.0, "renames": 1.0}
    told = replace(records, data_checks=(DataCheckRecord("leakage", "a", 1.0, details),))
    found = [one.kind for one in diagnose_study(told)]
    assert "leakage" in found and "one_column" not in found


def test_columns_without_effect_are_counted() -> None:
    (said,) = diagnose_columns(study(SHARED[0], SHARED[1], *IDLE), [])
    assert said.message == (
        "Idle columns: of 5 columns 3 make no difference beyond chance to the validation loss "
        "when the values of one are shuffled (200 rows, 5 repeats). Together they may matter: "
        "columns that tell the same stand for each other."
    )
    assert said.evidence["columns"] == ["b", "c", "d"] and not said.advice
    doubled = (*SHARED[:1], *IDLE[:2], column("x", 0.0, y=0.99), column("y", 0.0, x=0.99))
    (twins,) = diagnose_columns(study(*doubled), [])
    assert twins.message.endswith("stand for each other, as x and y do.")
    assert kinds(study(*SHARED, *IDLE[:2])) == []


def test_idle_columns_are_said_from_two_fifths_on() -> None:
    """Half of all may be the noise of a table of which more is noise: see `IDLE_SHARE`."""
    assert "idle_columns" not in kinds(study(*SHARED, column("e", 0.01)))
    assert "idle_columns" in kinds(study(*SHARED, *(column(name, 0.01) for name in "efgh")))

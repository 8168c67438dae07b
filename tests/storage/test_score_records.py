from __future__ import annotations

from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    ColumnImportance,
    CrossFitted,
    EvaluationRecord,
    ImportancesRecord,
    MetricWorth,
    PairedDifference,
    ReferenceRecord,
)


def test_a_gain_is_that_of_a_reference_by_a_score() -> None:
    gain = PairedDifference(0.2, 0.1, 0.0, 0.4)
    guessing = ReferenceRecord("guessing", {"loss": 0.7}, network_gains={"loss": gain})
    record = EvaluationRecord(0, "test", {"loss": 0.5}, references=(guessing,))
    assert record.gain("guessing", "loss") is gain
    assert record.gain("guessing", "accuracy") is None
    assert record.gain("linear_model", "loss") is None


def test_a_pair_is_decided_where_its_interval_leaves_zero_out() -> None:
    better = PairedDifference(0.2, 0.05, 0.1, 0.3)
    unclear = PairedDifference(0.2, 0.2, -0.2, 0.6)
    worse = PairedDifference(-0.2, 0.05, -0.3, -0.1)
    assert [each.is_better for each in (better, unclear, worse)] == [True, False, False]
    assert [each.is_worse for each in (better, unclear, worse)] == [False, False, True]


def test_each_record_is_shown_in_a_line_by_what_matters_of_it() -> None:
    gain = PairedDifference(0.2, 0.05, 0.1, 0.3)
    trees = ReferenceRecord("boosted_trees", {"loss": 0.7, "accuracy": 0.5}, {"loss": (0.6, 0.8)})
    worth = MetricWorth("f1", 0.81234, 0.7, 0.9)
    chosen = CrossFitted(0.5, 0.4, 0.6, 0.01, 32, metric=worth)
    shown = {
        gain: "PairedDifference(0.2 (0.1 to 0.3))",
        worth: "MetricWorth(f1=0.8123 (0.7 to 0.9))",
        chosen: "CrossFitted(loss=0.5 (0.4 to 0.6), f1=0.8123, 32 candidates)",
        AnswerRecord("ensemble", (AnswerMember(1, 0.5), AnswerMember(2, 0.5)), 7, 3, 12345): (
            "AnswerRecord(ensemble, 2 runs, best trial 7, 12,345 parameters)"
        ),
        ImportancesRecord(
            3, (), 61, 300, 5
        ): "ImportancesRecord(0 of 61 columns, 300 rows, 5 repeats)",
        ImportancesRecord(3, missing_because="no time"): "ImportancesRecord(missing: 'no time')",
    }
    for record, line in shown.items():
        assert repr(record) == line
    evaluation = EvaluationRecord(0, "test", {"loss": 0.5, "accuracy": 0.75}, references=(trees,))
    assert repr(evaluation) == (
        "EvaluationRecord(test rows: loss=0.5, accuracy=0.75; beside boosted_trees)"
    )
    assert repr(trees) == "ReferenceRecord(boosted_trees: loss=0.7, accuracy=0.5)"
    assert repr(ColumnImportance("age", {"loss": gain}, {"years": 0.9})) == (
        "ColumnImportance('age', loss=0.2 (0.1 to 0.3); like years)"
    )

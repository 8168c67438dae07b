from __future__ import annotations

from storage.score_records import EvaluationRecord, PairedDifference, ReferenceRecord


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

"""What a network's size is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl.diagnostics.no_result import diagnose_no_result
from automl.diagnostics.trade_off import (
    diagnose_refused,
    diagnose_smallest_equal,
    limits_in_words,
    smallest_equal,
)
from storage.records import StudyRecords, TrialRecord
from storage.score_records import AnswerMember, AnswerRecord, CrossFitted, PairedDifference


def with_latencies(records: StudyRecords, *seconds: float) -> StudyRecords:
    trials = tuple(
        replace(trial, user_attributes={"latency": one})
        for trial, one in zip(records.trials, seconds, strict=True)
    )
    return replace(records, trials=trials)


def test_the_smallest_network_within_one_standard_error_is_named(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.205), curve(1.0, 0.5), curve(1.0, 0.2), error=0.02)
    found = smallest_equal(records)
    assert found is not None
    assert (found.trial.number, found.best.number, found.n_equal) == (0, 2, 2)
    diagnosis = diagnose_smallest_equal(records)
    assert diagnosis is not None
    assert diagnosis.message.startswith(
        "A network of 100 parameters is as good within the error: trial 0 has them, the best "
        "trial 2 has 300."
    )
    assert "A call" not in diagnosis.message
    by_metric = replace(records, settings=replace(records.settings, metric="mae"))
    found_by = diagnose_smallest_equal(by_metric)
    assert found_by is not None and "is as good by its loss, within the error" in found_by.message


def test_one_beyond_the_standard_error_is_not(study: Any, curve: Any) -> None:
    assert smallest_equal(study(curve(1.0, 0.23), curve(1.0, 0.2), error=0.02)) is None


def test_the_times_of_calls_are_told_where_they_were_measured(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.205), curve(1.0, 0.2), error=0.02)
    diagnosis = diagnose_smallest_equal(with_latencies(records, 25e-6, 1.5e-3))
    assert diagnosis is not None
    assert diagnosis.message.endswith("A call of it takes 25 us against 1.5 ms.")


def refused(number: int, width: int) -> TrialRecord:
    return TrialRecord(number, "PRUNED", {"hidden_size": width}, cause="over_limit")


def limited(study: Any, curve: Any, *widths: int) -> StudyRecords:
    """Two trials of widths 16 and 20 that were trained, and refused ones of other widths."""
    records = study(curve(1.0, 0.2), curve(1.0, 0.3))
    entry = {"type": "int", "low": 16, "high": 256, "log": True}
    settings = replace(
        records.settings,
        max_parameters=900,
        space={"family": "mlp", "parameters": {"hidden_size": entry}},
    )
    trained = [
        replace(trial, params={"hidden_size": width})
        for trial, width in zip(records.trials, (16, 20), strict=True)
    ]
    others = [refused(2 + place, width) for place, width in enumerate(widths)]
    return replace(records, settings=settings, trials=(*trained, *others))


def test_refused_trials_are_counted_apart_with_what_was_allowed(study: Any, curve: Any) -> None:
    diagnosis = diagnose_refused(limited(study, curve, 100, 200, 300))
    assert diagnosis is not None
    assert diagnosis.severity == "warning"
    assert "3 of 5 trials were refused" in diagnosis.message
    assert "larger or slower than allowed (900 parameters)" in diagnosis.message
    (advice,) = diagnosis.advice
    assert [(one.parameter, one.set) for one in advice.changes] == [("hidden_size", "16..20")]


def test_no_range_is_advised_where_width_does_not_tell_them_apart(study: Any, curve: Any) -> None:
    diagnosis = diagnose_refused(limited(study, curve, 18, 17, 300))
    assert diagnosis is not None
    assert diagnosis.advice == ()


def test_a_study_without_refused_trials_needs_no_word(study: Any, curve: Any) -> None:
    assert diagnose_refused(study(curve(1.0, 0.2))) is None


def test_where_all_are_refused_there_is_no_result(study: Any, curve: Any) -> None:
    records = limited(study, curve)
    records = replace(records, trials=(refused(0, 100), refused(1, 200)), epochs={}, runs=())
    diagnosis = diagnose_no_result(records)
    assert "2 of 2 trials were refused: the network is larger or slower" in diagnosis.message
    assert "--max-parameters" in diagnosis.advice[0].text


def test_limits_are_told_in_words(study: Any, curve: Any) -> None:
    settings = study(curve(1.0, 0.2)).settings
    both = replace(settings, max_parameters=200_000, max_latency=2e-3, latency_rows=32)
    assert limits_in_words(both) == "200,000 parameters and 2 ms for a call of 32 rows"
    assert limits_in_words(replace(settings, max_latency=5e-5)) == "50 us for a call of 1 row"


def held_against_each_other(study: Any, curve: Any, **better: float) -> StudyRecords:
    """Trial 0 is within one standard error of the best, trial 2; the answers name trial 1."""
    records = study(
        curve(1.0, 0.201), curve(1.0, 0.206), curve(1.0, 0.2), error=0.02, baseline=None
    )
    runs = tuple(
        replace(run, n_parameters=size)
        for run, size in zip(records.runs, (150, 100, 300), strict=True)
    )
    paused = replace(records.trials[1], state="PRUNED", value=0.9)  # its last loss
    gain = PairedDifference(-0.006, 0.005, better.get("low", -0.016), better.get("high", 0.004))
    single = AnswerRecord(
        "single", (AnswerMember(2, 1.0),), 2, answer_id=11, n_parameters=300,
        validation=CrossFitted(0.2, 0.19, 0.21, 0.0, 3),
    )  # fmt: skip
    smallest = AnswerRecord(
        "smallest", (AnswerMember(1, 1.0),), 2, answer_id=12, n_parameters=100,
        validation=CrossFitted(0.206, 0.19, 0.22, 0.0, 3, gain),
    )  # fmt: skip
    trials = (records.trials[0], paused, records.trials[2])
    return replace(records, runs=runs, trials=trials, answers=(smallest, single))


def test_the_smallest_is_the_one_that_the_choice_of_the_answer_found(
    study: Any, curve: Any
) -> None:
    """Of an unfinished trial, too, which the rule of one standard error does not look at."""
    records = held_against_each_other(study, curve)

    found, diagnosis = smallest_equal(records), diagnose_smallest_equal(records)

    assert found is not None and diagnosis is not None
    assert (found.trial.number, found.loss) == (1, pytest.approx(0.206, abs=1e-4))
    assert diagnosis.message == (
        "A network of 100 parameters is as good within the error: trial 1 has them, the best "
        "trial 2 has 300. On held-out validation rows its loss is higher by 0.006, 95 % interval "
        "0.016 higher to 0.004 lower, beside the best trial's: the two cannot be told apart."
    )


def test_what_held_out_rows_tell_apart_is_not_said_to_be_alike(study: Any, curve: Any) -> None:
    diagnosis = diagnose_smallest_equal(held_against_each_other(study, curve, high=-0.001))

    assert diagnosis is not None
    assert diagnosis.message.endswith("0.001 to 0.016, beside the best trial's.")


def among_others(records: StudyRecords, *others: AnswerRecord) -> StudyRecords:
    """The best trial is handed over; no smaller network was found, and all trials are complete."""
    _, single = records.answers
    finished = replace(records.trials[1], state="COMPLETE", value=0.206)
    trials = (records.trials[0], finished, records.trials[2])
    return replace(records, trials=trials, answers=(*others, single))


def test_where_the_choice_found_no_smaller_one_none_is_named(study: Any, curve: Any) -> None:
    """Though trials 0 and 1 are within one standard error of the best."""
    records = held_against_each_other(study, curve)
    members = (AnswerMember(1, 0.5), AnswerMember(2, 0.5))
    ensemble = replace(records.answers[0], kind="ensemble", members=members)

    assert smallest_equal(among_others(records, ensemble)) is None
    assert diagnose_smallest_equal(among_others(records, ensemble)) is None
    assert smallest_equal(among_others(records)) is None  # the best trial was all that was left


def test_without_a_choice_one_standard_error_decides(study: Any, curve: Any) -> None:
    records = among_others(held_against_each_other(study, curve))
    single = replace(records.answers[0], validation=None)

    found = smallest_equal(replace(records, answers=(single,)))

    assert found is not None and found.trial.number == 1


def test_a_refit_between_answers_hides_no_choice(study: Any, curve: Any) -> None:
    """It was handed over once, and the best trial again since."""
    records = held_against_each_other(study, curve)
    smallest, single = records.answers
    refit = AnswerRecord("refit", (AnswerMember(9, 1.0),), 2, answer_id=13)
    again = replace(single, answer_id=14)

    found = smallest_equal(replace(records, answers=(single, smallest, refit, again)))

    assert found is not None and found.trial.number == 1 and found.gain is not None

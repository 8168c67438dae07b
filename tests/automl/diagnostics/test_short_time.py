"""A search that was cut short says so first, and asks for more time and not for more trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl.commands_to_type import next_command
from automl.diagnostics import diagnose_study
from automl.diagnostics.headline import headline
from automl.diagnostics.short_time import diagnose_short_time, short_time
from storage.call_records import PolicyRecord, StopReason
from storage.records import StudyRecords


@pytest.fixture
def cut_short(study: Any, curve: Any, beside: Any) -> StudyRecords:
    """One epoch of a second, in 25."""
    records: StudyRecords = beside(study(curve(1.0, 0.5)[:1]), {"linear_model": 0.9})
    (epoch,) = records.epochs[0]
    stop = StopReason("timeout", {"timeout": 25.0}, n_trials=1)
    return replace(
        records,
        settings=replace(records.settings, is_from_files=True, data_source="a.csv"),
        trials=(replace(records.trials[0], params={"a": 1, "b": 2}),),
        runs=(replace(records.runs[0], state="complete", cause="out_of_time"),),
        epochs={0: (replace(epoch, seconds=1.0),)},
        stops=(stop,),
        policies=(PolicyRecord(0, "tpe", "none", timeout=25.0, n_workers=2),),
    )


def test_what_the_time_went_to_comes_first(cut_short: StudyRecords) -> None:
    words = (
        "24 s of 25 s went to reading, starting and scoring, and 1 epoch was trained, of the 20 "
        "that a trial may have: give it at least 2 min 10 s"
    )
    shown = headline(cut_short)
    assert shown.standing.kind == "unknown"
    assert shown.standing.sentence == f"Too early to tell: {words}."
    first, *others = diagnose_study(cut_short)
    assert (first.kind, first.message) == ("too_little_time", f"Too little time: {words}.")
    assert "too_few_trials" not in {one.kind for one in others}
    command = next_command(cut_short, first.advice[0].changes)
    assert command is not None and "--timeout 130" in command and "--n-trials" not in command


def test_earlier_calls_have_had_time_of_their_own(cut_short: StudyRecords) -> None:
    again = replace(cut_short, stops=(replace(cut_short.stops[0], n_trials=0), *cut_short.stops))
    found = short_time(again)
    assert found is not None and found.training is None
    assert found.words.startswith("1 epoch was trained, of the 20")


def test_many_trials_that_have_hardly_begun_are_no_more(cut_short: StudyRecords) -> None:
    (trial,), (run,), (epoch,) = cut_short.trials, cut_short.runs, cut_short.epochs[0]
    n_trials = 15
    curves = {i: tuple(replace(epoch, run_id=i, epoch=n) for n in (1, 2)) for i in range(n_trials)}
    begun = replace(
        cut_short,
        trials=tuple(replace(trial, number=i, params={"a": i}) for i in range(n_trials)),
        runs=tuple(replace(run, run_id=i, trial_number=i) for i in range(n_trials)),
        epochs=curves,
        stops=(replace(cut_short.stops[0], n_trials=n_trials),),
    )
    found = short_time(begun)
    assert found is not None
    assert "30 epochs were trained, no trial for more than 2 of its 20: give" in found.words
    third = (*curves[0], replace(epoch, epoch=3))
    assert short_time(replace(begun, epochs={**curves, 0: third})) is None


def test_a_search_that_has_trained_or_was_given_no_time_is_not_cut_short(
    cut_short: StudyRecords, study: Any, curve: Any
) -> None:
    whole = study(curve(1.0, 0.5))
    assert short_time(replace(cut_short, epochs=whole.epochs)) is None
    assert short_time(replace(cut_short, stops=())) is None
    (run,) = cut_short.runs
    for cause in ("early_stopped", None):
        assert short_time(replace(cut_short, runs=(replace(run, cause=cause),))) is None
    by_trials = StopReason("n_trials", {"n_trials": 1}, n_trials=1)
    assert diagnose_short_time(replace(cut_short, stops=(by_trials,))) is None
    assert short_time(replace(cut_short, epochs={})) is None


def test_what_is_better_all_the_same_is_said_to_be(cut_short: StudyRecords, beside: Any) -> None:
    better = beside(cut_short, {"linear_model": 5.0}, baseline=5.0)
    assert headline(better).standing.kind == "better"

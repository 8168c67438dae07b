"""Advice is planned as runs, trained side by side, and judged with an interval."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, TableEncoding, TableInputs
from automl.errors import StudyError
from automl.executors.choosing import make_executor
from automl.investigation.confirmation import (
    UNCHANGED,
    ConfirmationPlan,
    judge_confirmation,
    least_difference,
    paired_interval,
    plan_confirmation,
    verdict_on,
)
from automl.tuning.planned_runs import EndedRun, PlannedRun
from automl.tuning.planned_training import train_runs
from search_spaces import load
from storage.records import (
    Advice,
    Diagnosis,
    EpochRecord,
    SpaceChange,
    StudyRecords,
    StudySettings,
    TrialRecord,
)

SPACE = (
    load("mlp")
    .for_task("regression")
    .narrow(["optimizer=adam", "learning_rate=1e-5..1e-3", "hidden_size=4..64", "batch_size=32"])
)


def make_records(learning_rate: float = 1e-4) -> StudyRecords:
    settings = StudySettings(
        study_name="sine",
        task="regression",
        loss="mean_squared",
        target="y",
        data_source="",
        data_fingerprint="",
        split={},
        space=SPACE.to_dict(),
        max_epochs=6,
        patience=3,
        seed=0,
        n_rows={"train": 120, "valid": 60, "test": 0},
    )
    trial = TrialRecord(0, "COMPLETE", {"learning_rate": learning_rate, "hidden_size": 16}, 0.5)
    return StudyRecords(settings, (trial,))


def make_dataset() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(180, 1, generator=generator) * 4 - 2
    y = torch.sin(2 * x[:, 0])
    codes = torch.zeros((180, 0), dtype=torch.int64)
    train, valid, test = (
        Split(TableInputs(x[a:b], x[a:b], codes[a:b]), y[a:b])
        for a, b in ((0, 120), (120, 180), (180, 180))
    )
    scaling = InputScaling(torch.zeros(1), torch.ones(1))
    names = ("standard", "min_max", "robust", "quantile")
    fold = Fold(train, valid, test, TableEncoding(dict.fromkeys(names, scaling)))
    return Dataset("regression", "mean_squared", 1, (fold,))


def advise(*changes: SpaceChange) -> Diagnosis:
    return Diagnosis("steps_too_small", "problem", "", advice=(Advice("", changes),))


FASTER = advise(SpaceChange("learning_rate", "0.003..0.03"))


def test_changed_and_unchanged_runs_share_their_seeds() -> None:
    plan = plan_confirmation(make_records(), [FASTER], n_seeds=4)

    by_label = {
        label: [r.config.seed for r in plan.runs if r.label == label]
        for label in (UNCHANGED, plan.changes[0].label)
    }
    assert by_label[UNCHANGED] == by_label[plan.changes[0].label]
    assert len(set(by_label[UNCHANGED])) == 4
    assert {run.purpose for run in plan.runs} == {"confirm"}


def test_runs_are_planned_for_equal_epochs() -> None:
    plan = plan_confirmation(make_records(), [FASTER])

    assert {run.config.training.max_epochs for run in plan.runs} == {6}
    assert {run.config.training.patience for run in plan.runs} == {6}


def test_the_same_change_is_tried_once() -> None:
    plan = plan_confirmation(make_records(), [FASTER, FASTER])

    assert len(plan.changes) == 1


def test_changes_beyond_the_limit_are_counted_and_named() -> None:
    advised = [advise(SpaceChange("dropout", f"0.{i}")) for i in range(1, 9)]
    plan = plan_confirmation(make_records(), advised, n_seeds=1)

    assert [change.label for change in plan.changes] == [f"dropout=0.{i}" for i in range(1, 7)]
    assert plan.left_out == ("dropout=0.7", "dropout=0.8")
    last = judge_confirmation(plan, ended_with(plan, *[1.0] * 7))[-1]
    assert last.kind == "advice_left_out"
    assert last.message == (
        "2 further changes were not tried, since 6 are at a time: dropout=0.7; dropout=0.8."
    )
    few = plan_confirmation(make_records(), advised[:6], n_seeds=1)
    kinds = [one.kind for one in judge_confirmation(few, ended_with(few, *[1.0] * 7))]
    assert "advice_left_out" not in kinds


def test_without_a_completed_trial_there_is_nothing_to_change() -> None:
    empty = dataclasses.replace(make_records(), trials=())

    with pytest.raises(StudyError, match="completed trial"):
        plan_confirmation(empty, [FASTER])


def test_good_advice_helps_when_it_is_really_trained() -> None:
    """The whole way, on an executor: a hundredfold learning rate on a curve that crawls."""
    plan = plan_confirmation(make_records(), [FASTER], n_seeds=5)
    runs = [run.numbered(number) for number, run in enumerate(plan.runs)]
    executor = make_executor(make_dataset(), trainer="plain", workers=1)

    ended = train_runs(executor, runs)
    (diagnosis,) = judge_confirmation(plan, ended)

    assert {len(run.curve) for run in ended} == {6}
    assert diagnosis.kind == "advice_helps"
    assert diagnosis.evidence["gain_low"] > 0
    assert "5 seeds, paired, 6 epochs each" in diagnosis.message


def ended_with(plan: ConfirmationPlan, *ends: float | str) -> list[EndedRun]:
    """The runs of a plan, each with its loss; or failed by a cause, the better for it."""

    def ended(run: PlannedRun, end: float | str) -> EndedRun:
        loss = 1e-9 if isinstance(end, str) else end
        epoch = EpochRecord(1, 1, 1, loss, loss, 0.0, loss, loss, 0.0, 0.0, 0.0)
        return EndedRun(run, (epoch,), end if isinstance(end, str) else None)

    return [ended(run, end) for run, end in zip(plan.runs, ends, strict=True)]


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ((0.5, 0.51, 0.49), "advice_helps"),
        ((1.5, 1.51, 1.49), "advice_harms"),
        ((0.5, 1.7, 0.9), "advice_undecided"),
    ],
)
def test_verdict_follows_the_interval(after: tuple[float, ...], kind: str) -> None:
    plan = plan_confirmation(make_records(), [FASTER], n_seeds=3)

    (diagnosis,) = judge_confirmation(plan, ended_with(plan, 1.0, 1.02, 0.98, *after))

    assert diagnosis.kind == kind
    assert "; 3 seeds, paired" in diagnosis.message and "failed" not in diagnosis.message


@pytest.mark.parametrize("cause", ["crashed", "lost", "out_of_memory", "timed_out", "diverged"])
def test_a_change_whose_runs_all_fail_says_so(cause: str) -> None:
    plan = plan_confirmation(make_records(), [FASTER], n_seeds=2)

    (diagnosis,) = judge_confirmation(plan, ended_with(plan, 1.0, 1.0, cause, cause))

    assert diagnosis.kind == "advice_failed"
    assert f"2 of 4 runs failed and do not count: 2 {cause.replace('_', ' ')}" in diagnosis.message
    assert "gain" not in diagnosis.evidence


def test_a_difference_that_does_not_matter_is_none_however_certain() -> None:
    """0.0001 against 0.0001006, with every seed: significant, and of no consequence."""
    plan = plan_confirmation(make_records(), [FASTER], n_seeds=3)
    before, after = (1.0e-4, 1.01e-4, 0.99e-4), (1.006e-4, 1.016e-4, 0.996e-4)

    for ends in ((*before, *after), (*after, *before)):
        (diagnosis,) = judge_confirmation(plan, ended_with(plan, *ends))

        assert diagnosis.kind == "advice_no_difference"
        assert (diagnosis.severity, diagnosis.advice) == ("info", ())
        assert "It makes no difference that matters." in diagnosis.message


def test_what_matters_is_a_share_of_what_is_left_and_of_guessing() -> None:
    assert least_difference(0.5, 1.0) == pytest.approx(0.005)
    assert least_difference(1e-4, 1.0) == pytest.approx(0.001)
    assert least_difference(30.0, 900.0) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("interval", "kind"),
    [
        ((0.02, 0.015, 0.03), "advice_helps"),
        ((-0.02, -0.03, -0.005), "advice_harms"),
        ((0.002, 0.001, 0.003), "advice_no_difference"),
        ((-0.002, -0.009, 0.005), "advice_no_difference"),
        ((0.008, 0.004, 0.012), "advice_undecided"),  # certain, but perhaps too small
        ((0.02, -0.01, 0.05), "advice_undecided"),
        ((0.02, -math.inf, math.inf), "advice_undecided"),
    ],
)
def test_an_interval_is_held_against_what_matters(
    interval: tuple[float, float, float], kind: str
) -> None:
    assert verdict_on(*interval, least=0.01) == kind


def test_names_of_parameters_keep_their_spelling() -> None:
    plan = plan_confirmation(make_records(), [FASTER], n_seeds=3)

    (diagnosis,) = judge_confirmation(plan, ended_with(plan, 1.0, 1.02, 0.98, 0.5, 0.51, 0.49))

    assert diagnosis.message.startswith(
        "Tried in trial 0's configuration: learning_rate=0.00949. It helps. Validation loss 0.5 "
        "against 1 unchanged, lower by 0.5"
    )


def test_runs_that_failed_are_no_evidence_and_the_pairs_that_are_left_are_counted() -> None:
    plan = plan_confirmation(make_records(), [FASTER], n_seeds=4)
    ended = ended_with(plan, 1.0, 1.02, "lost", 0.98, 1.5, "crashed", 1.5, 1.48)

    (diagnosis,) = judge_confirmation(plan, ended)

    assert diagnosis.kind == "advice_harms"
    assert diagnosis.evidence["n_seeds"] == 2
    assert diagnosis.evidence["n_seeds_planned"] == 4
    assert diagnosis.evidence["n_failed"] == 2
    assert diagnosis.evidence["loss_after"] == pytest.approx(1.49)
    assert "only 2 of 4 seeds" in diagnosis.message
    assert "2 of 8 runs failed and do not count: 1 lost, 1 crashed." in diagnosis.message


@pytest.mark.parametrize(
    ("unchanged", "kind"), [(1.0, "advice_undecided"), ("diverged", "advice_helps")]
)
def test_a_change_that_diverges_where_the_configuration_does_not_is_no_help(
    unchanged: float | str, kind: str
) -> None:
    plan = plan_confirmation(make_records(), [FASTER], n_seeds=4)
    ended = ended_with(plan, unchanged, 1.0, 1.02, 0.98, "diverged", 0.5, 0.51, 0.49)

    (diagnosis,) = judge_confirmation(plan, ended)

    assert diagnosis.kind == kind
    assert ("it diverged where unchanged did not" in diagnosis.message) is (unchanged == 1.0)


def test_interval_is_students() -> None:
    mean, low, high = paired_interval([1.0, 2.0, 3.0])

    assert mean == 2
    assert high - mean == pytest.approx(4.303 / math.sqrt(3), rel=1e-3)
    assert mean - low == pytest.approx(high - mean)


def test_one_pair_has_no_interval() -> None:
    assert paired_interval([0.5]) == (0.5, -math.inf, math.inf)

"""Bootstraps, halves and growing shares of the rows are planned, trained and judged."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, TableEncoding, TableInputs
from automl.errors import StudyError
from automl.executors.choosing import make_executor
from automl.investigation.retraining import (
    judge_data_size,
    judge_decomposition,
    plan_data_size,
    plan_decomposition,
)
from automl.training.batches import rows_of
from automl.tuning.planned_runs import EndedRun
from automl.tuning.planned_training import train_runs
from search_spaces import load
from storage.records import EpochRecord, StudyRecords, StudySettings, Task, TrialRecord


def make_records(task: Task = "regression", n_train: int = 121) -> StudyRecords:
    space = load("mlp").for_task(task).narrow(["optimizer=adam", "learning_rate=0.01"])
    settings = StudySettings(
        study_name="plane",
        task=task,
        loss="mean_squared" if task == "regression" else "binary_cross_entropy",
        target="y",
        data_source="",
        data_fingerprint="",
        split={},
        space=space.to_dict(),
        max_epochs=3,
        patience=3,
        seed=0,
        n_rows={"train": n_train, "valid": 60, "test": 0},
    )
    trial = TrialRecord(4, "COMPLETE", {"hidden_size": 16}, 0.5)
    return StudyRecords(settings, (trial,))


def make_dataset(task: Task, n_train: int = 121) -> Dataset:
    generator = torch.Generator().manual_seed(2)
    n_rows = n_train + 60
    x = torch.randn(n_rows, 3, generator=generator)
    noisy = x[:, 0] + 0.5 * torch.randn(n_rows, generator=generator)
    y = noisy if task == "regression" else (noisy > 0).long()
    codes = torch.zeros((n_rows, 0), dtype=torch.int64)
    bounds = ((0, n_train), (n_train, n_rows), (n_rows, n_rows))
    splits = [Split(TableInputs(x[a:b], x[a:b], codes[a:b]), y[a:b]) for a, b in bounds]
    scaling = InputScaling(torch.zeros(3), torch.ones(3))
    names = ("standard", "min_max", "robust", "quantile")
    fold = Fold(*splits, TableEncoding(dict.fromkeys(names, scaling)))
    loss = "mean_squared" if task == "regression" else "binary_cross_entropy"
    return Dataset(task, loss, 1 if task == "regression" else 2, (fold,))


def test_halves_of_a_division_share_no_row() -> None:
    """With an odd number of rows one is left out."""
    runs = [run for run in plan_decomposition(make_records()) if run.purpose == "half"]

    first, second = (rows_of(run.config.rows, 121) for run in runs[:2])

    assert first is not None and second is not None
    assert len(first) == len(second) == 60
    assert not set(first.tolist()) & set(second.tolist())


def test_divisions_differ() -> None:
    runs = [run for run in plan_decomposition(make_records()) if run.purpose == "half"]

    assert len({run.config.rows.seed for run in runs if run.config.rows}) == 10


def test_bootstraps_draw_with_replacement() -> None:
    runs = [run for run in plan_decomposition(make_records()) if run.purpose == "bootstrap"]

    drawn = rows_of(runs[0].config.rows, 121)

    assert len(runs) == 20
    assert drawn is not None
    assert len(drawn) == 121 and len(set(drawn.tolist())) < 121


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_decomposition_runs_the_whole_way(task: Task) -> None:
    records, dataset = make_records(task), make_dataset(task)
    planned = plan_decomposition(records, n_bootstraps=4, n_halves=2)
    runs = [run.numbered(number) for number, run in enumerate(planned)]
    executor = make_executor(dataset, trainer="plain", workers=1)

    ended = train_runs(executor, runs, keep="best")
    diagnosis = judge_decomposition(records, ended, dataset)

    evidence = diagnosis.evidence
    assert diagnosis.kind == "decomposition"
    assert diagnosis.trial_number == 4
    assert evidence["bias_and_noise"] + evidence["net_variance"] == pytest.approx(evidence["loss"])
    assert "halves" in diagnosis.message


def test_decomposition_without_two_bootstraps_is_refused() -> None:
    records = make_records()

    failed = [EndedRun(run, (), "out_of_memory", "1 GiB") for run in plan_decomposition(records)]

    with pytest.raises(StudyError, match=r"there are 0\. 40 of 40 runs failed .* out of memory"):
        judge_decomposition(records, failed, make_dataset("regression"))


def test_data_sizes_grow_to_all_rows() -> None:
    runs = plan_data_size(make_records(n_train=400), n_seeds=2)

    shares = [run.rows_fraction for run in runs]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(runs) == 2 * len(set(shares))


def test_a_small_data_set_has_no_curve() -> None:
    with pytest.raises(StudyError, match="4 sizes"):
        plan_data_size(make_records(n_train=30))


def test_data_size_curve_sees_that_rows_help() -> None:
    records = make_records(n_train=1000)
    ended = []
    for run in plan_data_size(records):
        jitter = 1e-3 * (run.config.seed % 3)
        loss = 0.1 + 5 / (1000 * run.rows_fraction) ** 0.5 + jitter
        record = EpochRecord(1, 1, 1, loss, loss, 0.0, loss, loss, 0.0, 0.0, 0.0)
        ended.append(EndedRun(run, (record,)))

    diagnosis = judge_data_size(records, ended)

    expected = 5 / 1000**0.5 - 5 / 2000**0.5
    assert diagnosis.evidence["gain"] == pytest.approx(expected, rel=0.2)
    assert diagnosis.message.startswith("More rows would help:")
    assert "failed" not in diagnosis.message

    broken = [*ended, EndedRun(ended[0].planned, ended[0].curve, "lost", "signal SIGKILL")]
    assert judge_data_size(records, broken).message == (
        f"{diagnosis.message} 1 of 22 runs failed and do not count: 1 lost (signal SIGKILL)."
    )


def test_best_trial_must_have_completed() -> None:
    with pytest.raises(StudyError, match="completed trial"):
        plan_data_size(dataclasses.replace(make_records(), trials=()))

"""Which columns an answer uses, where it is known what the target is made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torch import nn

import automl
from automl.options.loading import load_again
from automl.result import SearchResult
from automl.tuning import column_importances as module
from automl.tuning.column_importances import NO_COLUMNS, NO_TIME, TOO_MANY, measure_importances
from automl.tuning.network_problem import NetworkProblem
from storage import open_store
from storage.answers import study_importances, trials_of
from storage.score_records import ColumnImportance, ImportancesRecord

N = 900
WEIGHTS = {"strong": 3.0, "weak": 1.0, "noise": 0.0}
LEVEL = 2.0


def table(n_rows: int = N, seed: int = 0) -> pd.DataFrame:
    """A sum of numbers and a category; a column that is another one twice, and a fixed one."""
    random = np.random.default_rng(seed)
    numbers = {name: random.normal(size=n_rows) for name in WEIGHTS}
    city, shared = random.choice(list("abcd"), n_rows), random.normal(size=n_rows)
    target = sum(weight * numbers[name] for name, weight in WEIGHTS.items())
    target = target + LEVEL * (city == "a") + 1.5 * shared + 0.3 * random.normal(size=n_rows)
    return pd.DataFrame(
        {**numbers, "city": city, "twin": shared, "other twin": np.exp(shared), "fixed": 7}
        | {"y": target}
    )


def searched(folder: Path, frame: pd.DataFrame, **options: object) -> SearchResult:
    frame.to_csv(folder / "rows.csv", index=False)
    budget = {"n_trials": 3, "max_epochs": 25, "folds": 1, "workers": 1, "references": False}
    return automl.search(
        folder / "rows.csv",
        target="y",
        storage=f"sqlite:///{folder}/automl.db",
        **{**budget, **options},  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    return searched(tmp_path_factory.mktemp("known"), table())


def measured(result: SearchResult) -> ImportancesRecord:
    found = study_importances(result.records)
    assert found is not None and found.missing_because is None, found
    return found


def by_name(result: SearchResult) -> dict[str, ColumnImportance]:
    return {one.name: one for one in result.column_importances}


def again(result: SearchResult, seconds: float = 1.0, **records: object) -> ImportancesRecord:
    """What is measured of a study that has no importances yet; they are kept."""
    known = replace(result.records, importances=(), **records)  # type: ignore[arg-type]
    data = load_again(known.settings)
    problem = NetworkProblem(known.settings, data.dataset)
    with open_store(result.storage) as store, problem.predicting() as predict:
        measure_importances(store, problem, known, data.encoders, predict, seconds)
        return store.read_study(result.study_name).importances[-1]


def test_columns_matter_as_much_as_the_target_is_made_of_them(known: SearchResult) -> None:
    """A shuffled column of a sum adds twice its part of the variance to the squared error."""
    found, variance = by_name(known), table()["y"].var()
    assert known.column_importances[0].name == "strong"
    parts = {"strong": 9.0, "weak": 1.0, "city": LEVEL**2 * 0.25 * 0.75}
    for name, part in parts.items():
        gain = found[name].loss
        assert gain.is_better
        assert gain.value == pytest.approx(2 * part / variance, rel=0.35), name
        assert gain.low < 2 * part / variance < 1.2 * gain.high
    assert abs(found["noise"].loss.value) < 0.1 * found["weak"].loss.value


def test_a_fixed_column_is_none_and_all_rows_are_used(known: SearchResult) -> None:
    found = measured(known)
    assert "fixed" not in by_name(known)
    assert (found.n_columns, len(found.columns)) == (6, 6)
    assert found.n_rows == known.records.settings.n_rows["valid"] and found.n_repeats == 5
    assert found.answer_id == known.answer.answer_id


def test_a_column_that_is_there_twice_is_said(known: SearchResult) -> None:
    found = by_name(known)
    assert found["twin"].alike == {"other twin": pytest.approx(1.0)}
    assert found["other twin"].alike == {"twin": pytest.approx(1.0)}
    assert found["strong"].alike == found["city"].alike == {}
    alone = 2 * 1.5**2 / table()["y"].var()
    shared = found["twin"].loss.value + found["other twin"].loss.value
    assert shared < 1.1 * alone  # each has less than it would have alone


def test_the_same_command_gives_the_same_figures(
    known: SearchResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many columns are predicted at once."""
    for at_once in (module.ROWS_AT_ONCE, 1):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", at_once)
        one = again(known)
        for column, before in zip(one.columns, known.column_importances, strict=True):
            assert column.name == before.name and column.alike == before.alike
            assert column.loss.value == pytest.approx(before.loss.value, rel=1e-5, abs=1e-7)
            assert column.loss.high == pytest.approx(before.loss.high, rel=1e-5, abs=1e-7)


def test_of_too_many_columns_the_strongest_are_measured(known: SearchResult) -> None:
    settings = known.records.settings
    shares = [10 ** (-power / 8) for power in range(8, 48)]
    records = [again(known, seconds) for seconds in shares]
    some = [one for one in records if one.missing_because is None and len(one.columns) < 6]
    assert some, "no time was enough for some columns only"
    for one in some:
        assert one.n_columns == 6 and one.n_rows == 100 < settings.n_rows["valid"]
        assert "strong" in {column.name for column in one.columns}
    assert records[-1].missing_because == TOO_MANY


def test_what_nobody_waits_for_is_left_and_had_later(known: SearchResult) -> None:
    bare = replace(known.records, importances=())
    data = load_again(bare.settings)
    problem = NetworkProblem(bare.settings, data.dataset)
    with open_store(known.storage) as store, problem.predicting() as predict:
        arguments = (store, problem, bare, data.encoders, predict, 1.0)
        measure_importances(*arguments, is_over=lambda: True)
        left = store.read_study(known.study_name).importances
        assert left[-1].missing_because == NO_TIME and left[-1].columns == ()
        late = replace(bare, importances=(left[-1],))
        measure_importances(*arguments[:2], late, *arguments[3:])
        assert len(store.read_study(known.study_name).importances) == len(left) + 1
        whole = replace(bare, importances=(known.records.importances[0],))
        measure_importances(*arguments[:2], whole, *arguments[3:])
        assert len(store.read_study(known.study_name).importances) == len(left) + 1


def test_an_ensemble_of_folds_is_asked_for_each_row_by_its_own_fold(tmp_path: Path) -> None:
    frame = table(500, seed=1)
    frame["y"] = np.where(frame["y"] > frame["y"].median(), "yes", "no")
    result = searched(
        tmp_path, frame, folds=3, answer="ensemble", metric="roc_auc", n_trials=4, max_epochs=12
    )
    found = measured(result)
    assert len(result.answer.members) == 3 * len(trials_of(result.records, result.answer))
    n_rows = result.records.settings.n_rows
    assert found.n_rows == n_rows["train"] + n_rows["valid"]
    columns = by_name(result)
    assert found.columns[0].name == "strong" and found.metric == "roc_auc"
    area = columns["strong"].gains["roc_auc"]
    assert area.is_better and 0.1 < area.value < 0.5
    assert area.value > 3 * abs(columns["noise"].gains["roc_auc"].value)


def flat(params: dict[str, object], dataset: object) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(1))


@pytest.mark.parametrize("shape", [(4,), (2, 2)])
def test_columns_of_a_persons_own_network_are_shuffled_and_places_of_arrays_not(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    """Another process predicts."""
    x = np.random.default_rng(0).normal(size=(240, *shape)).astype(np.float32)
    targets = (x.reshape(240, 4)[:, 2] > 0).astype(int)
    result = automl.search(
        (x, targets),
        model=flat,
        study="own",
        storage=f"sqlite:///{tmp_path}/automl.db",
        n_trials=2,
        max_epochs=5,
        folds=1,
        workers=1,
        references=False,
    )
    found = study_importances(result.records)
    assert found is not None
    if len(shape) > 1:
        assert result.column_importances == () and found.missing_because == NO_COLUMNS
    else:
        first, *others = result.column_importances
        assert len(others) == 3 and first.loss.is_better
        assert first.loss.value > 3 * max(abs(one.loss.value) for one in others)
        assert first.name == "x3"

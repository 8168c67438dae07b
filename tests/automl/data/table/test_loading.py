from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data import ColumnOptions, LoadedData, SplitOptions, load_dataset
from automl.data.kinds import read_data
from automl.data.row_weights import pooled_weights
from automl.errors import ConfigError, DataError
from automl.options.data_options import DataOptions
from search_spaces.hyperparameters import hyperparameter

N = 150


@pytest.fixture(scope="module")
def messy() -> pd.DataFrame:
    """A messy table: gaps, marks, an id, free text, a date, a boolean, duplicates."""
    generator = np.random.default_rng(0)
    age = generator.integers(18, 80, N).astype(str).astype(object)
    age[::9] = "?"
    frame = pd.DataFrame(
        {
            "Id": range(1, N + 1),
            "age": age,
            "garage": generator.choice(["None", "NA", "attached"], N),
            "married": generator.choice(["yes", "no"], N),
            "seen": pd.date_range("2023-01-01", periods=N, freq="3D").strftime("%d.%m.%Y"),
            "note": [f"some words on row {i}" for i in range(N)],
            "house": [f"h{i % 30}" for i in range(N)],
            "label": generator.choice(["good", "bad", "ugly"], N, p=[0.5, 0.3, 0.2]),
            "price": generator.lognormal(10, 1, N),
        }
    )
    frame.loc[3, "label"] = None
    return frame


@pytest.fixture
def frame(messy: pd.DataFrame) -> pd.DataFrame:
    return messy.copy()


@pytest.fixture(scope="module")
def loaded(messy: pd.DataFrame) -> LoadedData:
    return load(messy)


def load(frame: pd.DataFrame, target: str = "label", **options: Any) -> LoadedData:
    return load_dataset(frame, target=target, **options)


def test_a_messy_table_is_understood(loaded: LoadedData) -> None:
    data = loaded
    assert data.columns == {
        "Id": "dropped: id-like",
        "age": "numeric",
        "garage": "categorical",
        "married": "boolean",
        "seen": "date",
        "note": "dropped: free text",
        "house": "categorical",
        "price": "numeric",
    }
    assert (data.goal.task, data.goal.loss) == ("multiclass", "cross_entropy")
    assert data.goal.class_names == ("bad", "good", "ugly")
    assert data.messages[0] == "rows without label, left out: 1"
    assert any("dropped as id-like: Id" in line for line in data.messages)
    assert sum(data.n_rows.values()) == N - 1
    assert len(data.dataset.folds[0].encoding.cardinalities) == 1  # house


def test_tensors_are_complete_and_finite(loaded: LoadedData) -> None:
    data = loaded
    assert len(data.dataset.folds) == len(data.encoders) == 5
    for fold, preprocessor in zip(data.dataset.folds, data.encoders, strict=True):
        for split in (fold.train, fold.valid, fold.test):
            assert split.inputs.numeric.shape == (len(split), len(preprocessor.feature_names))
            assert torch.isfinite(split.inputs.numeric).all()
            assert torch.isfinite(split.inputs.quantile).all()
            assert split.inputs.numeric.dtype == split.inputs.quantile.dtype == torch.float32
            assert split.inputs.categories.dtype == split.targets.dtype == torch.int64
        assert set(fold.encoding.scalings) == set(hyperparameter("scaling").words)


def test_regression_is_standardized_per_fold(frame: pd.DataFrame) -> None:
    data = load(frame, "price", loss="huber")
    assert (data.goal.task, data.goal.loss, data.goal.class_names) == ("regression", "huber", ())
    for fold in data.dataset.folds:
        assert fold.train.targets.mean().item() == pytest.approx(0, abs=1e-5)
    originals = {round(v, 1) for v in data.dataset.folds[0].original_targets("test").tolist()}
    assert originals <= {round(v, 1) for v in frame["price"]}


def test_file_frame_and_gzip_are_the_same_data(
    tmp_path: Path, frame: pd.DataFrame, loaded: LoadedData
) -> None:
    frame.to_csv(tmp_path / "houses.csv", index=False)
    frame.to_csv(tmp_path / "houses.csv.gz", index=False)
    files = [
        load_dataset(source, target="label")
        for source in (tmp_path / "houses.csv", str(tmp_path / "houses.csv.gz"))
    ]
    everything = [loaded, *files]
    assert len({data.fingerprint for data in everything}) == 1
    assert [data.name for data in everything] == ["data", "houses", "houses"]
    assert files[1].source == str(tmp_path / "houses.csv.gz")
    first, *others = (data.dataset.folds[0].train for data in everything)
    for other in others:
        assert other.inputs.numeric.equal(first.inputs.numeric)
        assert other.targets.equal(first.targets)


def test_the_split_seed_changes_the_split_alone(frame: pd.DataFrame, loaded: LoadedData) -> None:
    first = loaded
    other = load(frame, splits=SplitOptions(split_seed=1))
    assert first.fingerprint == other.fingerprint
    assert not first.dataset.folds[0].train.targets.equal(other.dataset.folds[0].train.targets)
    assert other.split["seed"] == 1


def test_choices_overrule_what_is_inferred(frame: pd.DataFrame) -> None:
    choices = ColumnOptions(drop=("note", "price"), categorical=("age",), numeric=("Id",))
    data = load(frame, columns=choices)
    assert data.columns["note"] == "dropped: asked for"
    assert data.columns["age"] == "categorical"
    assert data.columns["Id"] == "numeric"


def test_group_and_time_are_kept_in_the_split(frame: pd.DataFrame) -> None:
    by_group = load(frame, splits=SplitOptions(group="house", folds=1))
    assert by_group.columns["house"] == "dropped: group"
    assert (by_group.split["kind"], by_group.split["group"]) == ("group", "house")
    by_time = load(frame, splits=SplitOptions(time="seen", folds=1))
    days = [
        by_time.dataset.folds[0]
        .split(name)
        .inputs.numeric[:, by_time.encoders[0].feature_names.index("seen: days")]
        for name in ("train", "valid", "test")
    ]
    assert days[0].max() < days[1].min() <= days[1].max() < days[2].min()


def weighted(frame: pd.DataFrame, **options: Any) -> LoadedData:
    return read_data(frame, asked := DataOptions(target="price", **options)).load_data(asked)


def test_a_column_of_weights_is_no_input(frame: pd.DataFrame) -> None:
    weights = np.random.default_rng(1).uniform(1, 9, N)
    weights[:4] = 0
    heavy = frame.assign(heft=weights)
    loaded = weighted(heavy, weight=" heft ", folds=1)
    same_rows = weighted(frame[4:], folds=1)
    assert loaded.columns["heft"] == "dropped: weight"
    assert loaded.n_rows == same_rows.n_rows
    for name in ("train", "valid", "test"):
        split, plain = loaded.dataset.folds[0].split(name), same_rows.dataset.folds[0].split(name)
        assert split.weights is not None and plain.weights is None
        assert split.weights.mean().item() == pytest.approx(1, rel=1e-5)
        for mine, other in zip(split.inputs.columns(), plain.inputs.columns(), strict=True):
            assert torch.equal(mine, other)
        values = loaded.dataset.folds[0].original_targets(name).numpy()
        rows = np.abs(heavy["price"].to_numpy() - values[:, None]).argmin(axis=1)
        given = weights[rows]
        np.testing.assert_allclose(split.weights, given / given.mean(), rtol=1e-5)
    said = " ".join(loaded.messages)
    assert "rows of weight 0, left out: 4" in said and "weights by heft, 1" in said


def test_equal_weights_are_the_data_without(frame: pd.DataFrame) -> None:
    loaded = weighted(frame.assign(heft=2.5), weight="heft")
    plain = weighted(frame.assign(heft=2.5), drop=("heft",))
    assert not loaded.dataset.is_weighted
    assert loaded.fingerprint == plain.fingerprint
    mine, other = loaded.dataset.folds[0], plain.dataset.folds[0]
    assert torch.equal(mine.train.targets, other.train.targets)
    assert (mine.target_mean, mine.target_scale) == (other.target_mean, other.target_scale)
    assert "all rows weigh the same" in " ".join(loaded.messages)


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        ("hefty", "--weight must name a column, but there is no 'hefty'"),
        ("price", "must name a feature, but 'price' is the target"),
        ("house", "finite numbers from 0 on, but 'house' is 'h0' in row 1 .150 such rows."),
        ("age", "'age' is '[?]' in row 1"),
        ("nothing", "'nothing' is zero in every row"),
    ],
)
def test_weights_that_are_none_get_one_line(frame: pd.DataFrame, weight: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        weighted(frame.assign(nothing=0), weight=weight)


def test_weights_near_the_largest_numbers_are_weights(frame: pd.DataFrame) -> None:
    loaded = weighted(frame.assign(heft=np.linspace(1e308, 1.7e308, N)), weight="heft", folds=1)
    (fold,) = loaded.dataset.folds
    pooled = pooled_weights((fold.valid, fold.test))
    assert pooled is not None and np.isfinite(pooled).all() and pooled.mean() == pytest.approx(1)


def test_test_rows_have_weights_too(frame: pd.DataFrame) -> None:
    heavy = frame.assign(heft=np.arange(1, N + 1))
    loaded = weighted(heavy[:120], weight="heft", test=heavy[120:])
    test = loaded.dataset.folds[0].test
    assert test.weights is not None and test.mean_weight == pytest.approx(135.5)
    with pytest.raises(DataError, match="test rows must have the column of weights"):
        weighted(heavy[:120], weight="heft", test=frame[120:])


def test_own_files_for_valid_and_test_rows(
    tmp_path: Path, frame: pd.DataFrame, loaded: LoadedData
) -> None:
    """They need not have columns that are left out."""
    frame.iloc[:40].drop(columns=["Id", "note"]).to_csv(tmp_path / "test.csv", index=False)
    splits = SplitOptions(valid=frame.iloc[40:70], test=tmp_path / "test.csv")
    data = load(frame.iloc[70:], splits=splits)
    assert dict(data.n_rows) == {"train": 80, "valid": 30, "test": 39}
    assert data.split["test"] == str(tmp_path / "test.csv")
    assert data.split["valid"] == "DataFrame"
    assert len(data.dataset.folds) == 1
    assert data.fingerprint != loaded.fingerprint


def test_numbers_in_the_test_file_may_be_written_otherwise(frame: pd.DataFrame) -> None:
    """A column that is numeric in the table is so in the test rows, too."""
    numeric = frame.assign(age=range(N))
    test = numeric.iloc[:30].assign(age=["?", "7", "none"] * 10)
    data = load(numeric, splits=SplitOptions(test=test))
    age = data.encoders[0].feature_names.index("age")
    assert data.columns["age"] == "numeric"
    assert torch.isfinite(data.dataset.folds[0].test.inputs.numeric[:, age]).all()


def test_arrays_bring_their_own_test_rows() -> None:
    generator = np.random.default_rng(0)
    arrays = {
        f"{kind}_{part}": generator.normal(size=(n, 3))
        if kind == "x"
        else generator.integers(0, 3, n)
        for kind in "xy"
        for part, n in (("train", 100), ("test", 40))
    }
    data = load_dataset(arrays)
    assert (data.goal.name, data.n_rows["test"], data.source) == ("y", 40, "arrays")
    assert data.goal.class_names == ("0", "1", "2")


def test_iris_needs_no_target() -> None:
    data = load_dataset("sklearn:iris")
    assert data.name == "iris"
    assert data.goal.class_names == ("setosa", "versicolor", "virginica")
    assert data.dataset.folds[0].encoding.n_features == 4


def test_class_weights_on_demand(frame: pd.DataFrame, loaded: LoadedData) -> None:
    weights = load(frame, class_weights=True).dataset.folds[0].class_weights
    assert weights is not None
    assert weights[2] > weights[0] > weights[1]  # ugly is rarest, good the commonest
    assert loaded.dataset.folds[0].class_weights is None
    with pytest.raises(ConfigError, match="class weights need classes"):
        load(frame, "price", class_weights=True)


def test_an_imbalanced_table_keeps_its_rare_class_everywhere() -> None:
    frame = pd.DataFrame({"x": np.arange(N) / 7, "y": ["a"] * (N - 3) + ["b"] * 3})
    fold = load(frame, "y", splits=SplitOptions(folds=1)).dataset.folds[0]
    assert [int((fold.split(name).targets == 1).sum()) for name in ("train", "valid", "test")] == [
        1,
        1,
        1,
    ]


def test_what_was_noticed_is_kept(loaded: LoadedData) -> None:
    checks = {(check.kind, check.subject): check for check in loaded.data_checks}
    assert checks["missing_target", "label"].value == 1
    assert checks["dropped_column", "note"].details["why"] == "free text"
    assert ("missing_values", "age") in checks
    assert ("imbalance", "ugly") in checks


GOOD = {"a": np.arange(20) / 3, "y": ["p", "q"] * 10}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": ["p"] * 20}, "at least two classes, but 'y' is 'p' in every row"),
        ({"y": [None] * 20}, "'y' is missing in every row"),
        ({"y": ["p"] * 19 + ["q"]}, "a single one of 'q'"),
        ({"y": [5.0] * 20}, "at least two classes"),
        ({"a": 1.0}, "every column beside the target is dropped as constant"),
        ({"a": [f"name {i}" for i in range(20)]}, "dropped as id-like"),
        ({"a": [np.inf, *range(19)]}, "'a' is infinite in row 1"),
        ({"y": [np.inf, *np.arange(19) / 7]}, "'y' is infinite in row 1"),
    ],
)
def test_bad_tables_get_one_line(changes: Mapping[str, Any], message: str) -> None:
    with pytest.raises(DataError) as raised:
        load(pd.DataFrame({**GOOD, **changes}), "y")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_one_row_is_too_few() -> None:
    with pytest.raises(DataError, match="at least 10 rows with a target, but DataFrame has 1"):
        load(pd.DataFrame({"a": [1], "y": ["p"]}), "y")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"target": "lable"},
            "--target must name a column, but there is no 'lable'; did you mean",
        ),
        ({"target": None}, "a target must be named"),
        ({"columns": ColumnOptions(drop=("agee",))}, "--drop must name a column"),
        ({"columns": ColumnOptions(drop=("label",))}, "'label' is the target"),
        (
            {"columns": ColumnOptions(drop=("age",), numeric=("age",))},
            "'age' is in --drop and --numeric",
        ),
        ({"columns": ColumnOptions(numeric=("garage",))}, "'garage' holds"),
        ({"splits": SplitOptions(group="hous")}, "did you mean 'house'"),
        ({"splits": SplitOptions(time="garage")}, "dates or numbers without gaps"),
        ({"splits": SplitOptions(time="age")}, "'age' holds '?'"),
        ({"splits": SplitOptions(test="none.csv")}, "there is no 'none.csv'"),
        ({"splits": SplitOptions(folds=1000)}, "ask for fewer with --folds"),
    ],
)
def test_bad_choices_get_one_line(
    frame: pd.DataFrame, options: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as raised:
        load_dataset(frame, **{"target": "label", **options})
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_every_row_has_a_group(frame: pd.DataFrame) -> None:
    frame.loc[5, "house"] = None
    with pytest.raises(DataError, match="'house' is empty in 1 row; fill it"):
        load(frame, splits=SplitOptions(group="house"))


def test_test_rows_must_fit_the_table(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'price' is missing"):
        load(frame, splits=SplitOptions(test=frame.drop(columns="price")))
    with pytest.raises(DataError, match="the test rows must have the target"):
        load(frame, splits=SplitOptions(test=frame.drop(columns="label")))
    with pytest.raises(DataError, match="'awful' in row 1 of the valid or test rows"):
        load(frame, splits=SplitOptions(test=frame.iloc[:20].assign(label="awful")))

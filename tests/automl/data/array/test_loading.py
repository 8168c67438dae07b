from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data import LoadedData, SplitOptions, load_dataset
from automl.data.array.inputs import ArrayEncoding, ArrayInputs
from automl.data.kinds import read_data
from automl.data.references import fit_references
from automl.errors import ConfigError, DataError
from automl.options.data_options import DataOptions

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(60, 1, 3, 3))
Y = np.array(["cat", "dog"])[(X.mean(axis=(1, 2, 3)) > 0).astype(int)]
ONE_FOLD = SplitOptions(folds=1)


def load(data: Any, **options: Any) -> LoadedData:
    return load_dataset(data, family="own", **{"splits": ONE_FOLD, **options})


def test_arrays_become_a_data_set_of_their_own_shape() -> None:
    data = load((X, Y))
    fold = data.dataset.folds[0]
    assert isinstance(fold.train.inputs, ArrayInputs) and isinstance(fold.encoding, ArrayEncoding)
    assert fold.train.inputs.values.shape == (36, 1, 3, 3)
    assert data.n_rows == {"train": 36, "valid": 12, "test": 12}
    assert (data.dataset.task, data.goal.class_names) == ("binary", ("cat", "dog"))
    assert data.messages == (
        "binary classification of y, 30 rows of cat, 30 rows of dog (--task overrides)",
        "x: 1 x 3 x 3 values of float32 per row, given as they are",
        "36 rows to train, 12 to validate, 12 to test",
    )
    assert data.columns == {"x": "array of 1 x 3 x 3, float32"}
    shares = [float(fold.split(name).targets.float().mean()) for name in ("train", "valid")]
    assert shares == pytest.approx([0.5, 0.5], abs=0.05)  # stratified


def test_for_a_network_of_columns_they_are_flattened() -> None:
    data = load_dataset((X, Y), splits=ONE_FOLD)
    assert data.dataset.folds[0].encoding.n_features == 9
    assert data.messages[0] == "x is flattened from 1 x 3 x 3 to 9 columns"


def test_each_fold_scales_targets_by_its_own_train_rows() -> None:
    data = load((X, X.sum(axis=(1, 2, 3))), splits=SplitOptions(folds=3))
    assert len(data.dataset.folds) == len(data.encoders) == 3
    for fold in data.dataset.folds:
        assert fold.train.targets.mean().item() == pytest.approx(0, abs=1e-5)
    assert len({fold.target_mean for fold in data.dataset.folds}) == 3


def test_a_file_and_its_arrays_are_the_same_data(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "pets.npz", x=X, y=Y)
    from_file, from_arrays = load(tmp_path / "pets.npz"), load((X.tolist(), Y.tolist()))
    assert from_file.fingerprint == from_arrays.fingerprint
    assert from_file.name == "pets"
    assert load((X + 1, Y)).fingerprint != from_file.fingerprint
    assert load((X.reshape(60, 3, 3, 1), Y)).fingerprint != from_file.fingerprint


def test_groups_stay_together() -> None:
    groups = np.repeat(np.arange(12), 5)
    data = load({"x": X, "y": Y, "site": groups}, splits=SplitOptions(folds=1, group="site"))
    of_row = {
        row.tobytes(): group for row, group in zip(X.astype(np.float32), groups, strict=True)
    }
    fold = data.dataset.folds[0]
    seen = [
        {of_row[row.numpy().tobytes()] for row in fold.split(name).inputs.values}
        for name in ("train", "valid", "test")
    ]
    assert not seen[0] & seen[1] and not seen[0] & seen[2] and not seen[1] & seen[2]


def weighted(arrays: dict[str, Any], **options: Any) -> LoadedData:
    asked = DataOptions(weight="heft", folds=1, **options)
    return read_data(arrays, asked, family="own").load_data(asked)


def test_weights_are_an_array_beside_the_others() -> None:
    heft = np.arange(60) % 4
    data = weighted({"x": X, "y": Y, "heft": heft, "group": np.repeat(np.arange(12), 5)})
    of_row = {row.tobytes(): one for row, one in zip(X.astype(np.float32), heft, strict=True)}
    for name in ("train", "valid", "test"):
        split = data.dataset.folds[0].split(name)
        rows = [row.numpy().tobytes() for row in split.inputs.values]  # type: ignore[attr-defined]
        given = np.array([of_row[row] for row in rows])
        assert split.weights is not None and (given > 0).all()
        np.testing.assert_allclose(split.weights, given / given.mean(), rtol=1e-6)
    assert data.messages[0] == "rows of weight 0, left out: 15"
    assert data.fingerprint != load({"x": X, "y": Y}).fingerprint
    others = {"x_test": X[:9], "y_test": Y[:9], "heft_test": heft[:9] + 1}
    test = weighted({"x": X, "y": Y, "heft": heft, **others}).dataset.folds[0].test
    assert len(test) == 9 and test.mean_weight == pytest.approx(np.mean(heft[:9] + 1))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "weight.* of arrays must name one of them, but there is no 'heft'"),
        ({"heft": np.ones(59)}, "'heft' has 59 values for 60 rows"),
        ({"heft": -np.ones(60)}, "finite numbers from 0 on, but 'heft' is '-1.0' in row 1"),
        ({"heft": np.ones(60), "x_test": X[:9], "y_test": Y[:9]}, "there is no 'heft_test'"),
    ],
)
def test_arrays_that_are_no_weights_are_refused(arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        weighted({"x": X, "y": Y, **arrays})


def test_rows_without_a_target_are_left_out() -> None:
    y = pd.Series(Y).mask(np.arange(60) == 3)
    data = load((X, y))
    assert data.messages[0] == "1 row without y is left out"
    assert sum(data.n_rows.values()) == 59
    assert ("missing_target", 1.0) in [(one.kind, one.value) for one in data.data_checks]


def test_copies_in_other_splits_are_noticed() -> None:
    test = (X[:10], Y[:10])
    data = load((X, Y), splits=SplitOptions(folds=1, test=test))
    kinds = {(one.kind, one.subject) for one in data.data_checks}
    assert ("duplicated_rows", "train/test") in kinds
    assert {kind for kind, _ in kinds} >= {"imbalance", "few_rows_per_class", "rows_per_input"}
    assert any("test rows equal a train row" in line for line in data.messages)


def test_references_read_the_flattened_rows() -> None:
    fitted = fit_references(load((X, Y)).dataset)
    assert set(fitted) == {"guessing", "linear_model", "boosted_trees"}
    right = fitted["linear_model"][0].test.argmax(1) == load((X, Y)).dataset.folds[0].test.targets
    assert right.float().mean() > 0.8


def test_wide_rows_have_no_trees() -> None:
    wide = np.repeat(X, 120, axis=1)
    assert set(fit_references(load((wide, Y)).dataset)) == {"guessing", "linear_model"}


@pytest.mark.parametrize(
    ("data", "options", "error", "words"),
    [
        ((np.ones_like(X), Y), {}, DataError, "x must vary, but every value is 1"),
        ((X[:5], Y[:5]), {}, DataError, "at least 10 rows with a target, but data has 5"),
        ((X, X.mean((1, 2, 3))), {"class_weights": True}, ConfigError, "class weights need"),
        (
            (X, Y),
            {"splits": SplitOptions(folds=1, test=(X, ["bird"] * 60))},
            DataError,
            "must have the table's classes, but 'y' is 'bird'",
        ),
        (
            (X, Y),
            {"splits": SplitOptions(folds=1, test=(X, [None] * 60))},
            DataError,
            "'y' is missing in every row of arrays",
        ),
        (
            (X, np.append(np.inf, np.linspace(0, 1, 59))),
            {},
            DataError,
            "'y' is infinite in row 1",
        ),
    ],
)
def test_what_cannot_be_learned_is_told(
    data: Any, options: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        load(data, **options)


def test_values_are_not_scaled() -> None:
    bytes_ = (GENERATOR.random((60, 2, 2)) * 255).astype(np.uint8)
    values = load((bytes_, Y)).dataset.folds[0].train.inputs.values
    assert values.dtype == torch.float32 and values.max() > 200

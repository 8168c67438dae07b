from __future__ import annotations

import numpy as np
import pytest

from automl.data.table.scalings import affine_scalings


def test_scalings_do_what_their_names_say() -> None:
    generator = np.random.default_rng(0)
    numbers = generator.lognormal(size=(500, 2))
    codes = generator.integers(0, 2, (500, 1)).astype(float)
    numeric = np.hstack([numbers, codes])
    scaled = {
        name: (numeric - scaling.shift.numpy()) * scaling.scale.numpy()
        for name, scaling in affine_scalings(numbers, n_codes=1).items()
    }
    np.testing.assert_allclose(scaled["standard"][:, :2].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled["standard"][:, :2].std(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(scaled["min_max"][:, :2].min(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled["min_max"][:, :2].max(axis=0), 1, atol=1e-5)
    low, middle, high = np.quantile(scaled["robust"][:, :2], (0.25, 0.5, 0.75), axis=0)
    np.testing.assert_allclose(middle, 0, atol=1e-5)
    np.testing.assert_allclose(high - low, 1, atol=1e-5)
    np.testing.assert_array_equal(scaled["quantile"], numeric)
    for values in scaled.values():
        np.testing.assert_array_equal(values[:, 2], codes[:, 0])


def test_constant_columns_are_silent_and_spiky_ones_bounded() -> None:
    numbers = np.zeros((100, 2))
    numbers[0, 1] = 50.0  # the middle half is one value
    scalings = affine_scalings(numbers, n_codes=0)
    for scaling in scalings.values():
        assert scaling.scale[0] == 0
        assert np.isfinite(scaling.scale.numpy()).all()
    assert scalings["robust"].scale[1] == pytest.approx(1 / numbers[:, 1].std())

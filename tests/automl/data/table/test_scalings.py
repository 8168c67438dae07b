from __future__ import annotations

import numpy as np
import pytest
import torch

from automl.data.table.scalings import CLIP_LIMIT, input_scalings


def test_scalings_do_what_their_names_say() -> None:
    generator = np.random.default_rng(0)
    numbers = generator.lognormal(size=(500, 2))
    codes = generator.integers(0, 2, (500, 1)).astype(float)
    numeric = np.hstack([numbers, codes])
    scaled = {
        name: scaling.apply(torch.from_numpy(numeric)).numpy()
        for name, scaling in input_scalings(numbers, codes).items()
        if name != "robust_clip"
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
    scalings = input_scalings(numbers, np.zeros((100, 0)))
    for scaling in scalings.values():
        assert scaling.scale[0] == 0
        assert np.isfinite(scaling.scale.numpy()).all()
    assert scalings["robust"].scale[1] == pytest.approx(1 / numbers[:, 1].std())


def test_robust_clip_scales_all_columns_by_their_middle_and_bounds_them() -> None:
    generator = np.random.default_rng(1)
    wide = generator.standard_cauchy(400)
    spiky = np.where(np.arange(400) % 10 == 0, 8.0, 2.0)  # the middle half is one value
    numbers = np.stack([wide, spiky, np.full(400, 5.0)], axis=1)
    rare = (np.arange(400) % 10 == 0).astype(float)
    common = (np.arange(400) % 3 == 0).astype(float)
    codes = np.stack([rare, common], axis=1)
    scaling = input_scalings(numbers, codes)["robust_clip"]
    found = scaling.apply(torch.from_numpy(np.hstack([numbers, codes]))).numpy()

    low, middle, high = np.quantile(wide, (0.25, 0.5, 0.75))
    shares = (wide - middle) / (high - low)
    np.testing.assert_allclose(found[:, 0], shares / np.sqrt(1 + (shares / 3) ** 2), atol=1e-5)
    assert np.abs(found[:, 0]).max() < CLIP_LIMIT == 3.0
    of_two = 2 / np.sqrt(1 + 4 / 9)  # as far apart as all is, over half of that
    np.testing.assert_allclose(found[:, 1], np.where(spiky == 8, of_two, 0), atol=1e-5)
    np.testing.assert_array_equal(found[:, 2], 0)  # constant, as a new value of it would be
    assert scaling.scale[2] == 0
    np.testing.assert_allclose(found[:, 3], rare * of_two, atol=1e-5)
    np.testing.assert_allclose(found[:, 4], common / np.sqrt(1 + 1 / 9), atol=1e-5)


def test_the_smooth_clip_leaves_small_numbers_and_keeps_their_order() -> None:
    scaling = input_scalings(np.linspace(-1, 1, 101)[:, None], np.zeros((101, 0)))["robust_clip"]
    numbers = torch.linspace(-50, 50, 1001, dtype=torch.float64)[:, None]
    found = scaling.apply(numbers)
    assert bool((found.diff(dim=0) > 0).all())
    near = numbers.abs() < 0.05
    torch.testing.assert_close(found[near], numbers[near], rtol=1e-3, atol=0)

from __future__ import annotations

import torch

from automl.data.array.inputs import ArrayEncoding, ArrayInputs


def test_rows_keep_their_shape() -> None:
    inputs = ArrayInputs(torch.rand(5, 2, 3))
    assert inputs[torch.tensor([3, 0])].values.shape == (2, 2, 3)
    assert len(inputs) == 5 and len(inputs[1:3]) == 2
    assert inputs.to("cpu").values.equal(inputs.values)


def test_columns_are_the_flattened_rows() -> None:
    numbers, codes = ArrayInputs(torch.arange(12).reshape(2, 3, 2)).columns()
    assert numbers.dtype == torch.float32 and numbers[1].tolist() == [6, 7, 8, 9, 10, 11]
    assert codes.shape == (2, 0) and codes.dtype == torch.int64


def test_an_encoding_knows_width_and_one_scale_for_all_places() -> None:
    encoding = ArrayEncoding((2, 3), False, mean=1.0, deviation=2.0)
    assert (encoding.n_features, encoding.cardinalities) == (6, ())
    assert encoding.standardized(torch.tensor([[3.0]])).item() == 1.0
    assert encoding.to("cpu") == encoding

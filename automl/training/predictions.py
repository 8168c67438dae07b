"""From weights to predictions: probabilities of classes, or values in the target's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.data.table.inputs import table_inputs
from automl.errors import DataError
from automl.models.mlp.network import MLP, mlp_for
from automl.training.config import RunConfig

ROWS_AT_ONCE: Final = 2048
"""Rows per forward pass in evaluation. At width 256 in float32 a layer's activations then
take 2 MiB, so memory does not grow with the data and the cache is not left far behind."""


@torch.no_grad()
def outputs_of(model: MLP, inputs: Tensor, categories: Tensor) -> Tensor:
    """The network's outputs in evaluation mode, computed in chunks of rows.

    Shape:
        inputs: (N, D); categories: (N, E); result: (N, C), or (N, 1).
    """
    if model.training:
        model.eval()
    if len(inputs) <= ROWS_AT_ONCE:
        outputs: Tensor = model(inputs, categories)
        return outputs
    chunks = zip(
        torch.split(inputs, ROWS_AT_ONCE), torch.split(categories, ROWS_AT_ONCE), strict=True
    )
    return torch.cat([model(some, codes) for some, codes in chunks])


def predict(
    run: RunConfig,
    weights: Mapping[str, Tensor],
    dataset: Dataset,
    split: Literal["train", "valid", "test"],
) -> Tensor:
    """Predict a split of the run's fold with weights as a trainer's `best_weights` gives them.

    Raises:
        DataError: a row's prediction is not a number, so that it has no class and no value.

    Shape:
        result: (N, C) probabilities, (N, 2) for binary tasks; (N,) values in the target's
        own unit for regression. On the data set's device, in the weights' precision.
    """
    fold = dataset.folds[run.fold]
    rows = table_inputs(fold.split(split))
    dtype = weights["output.weight"].dtype
    model = mlp_for(run.model, dataset, run.fold, device=rows.numeric.device, dtype=dtype)
    model.load_state_dict(weights)
    outputs = outputs_of(model, rows.before(run.model.scaling).to(dtype), rows.categories)
    _check_finite(outputs)
    if dataset.task == "regression":
        values = outputs * fold.target_scale + fold.target_mean
        _check_finite(values)
        return values.squeeze(-1)
    if dataset.task == "binary":
        positive = torch.sigmoid(outputs)
        return torch.cat([1 - positive, positive], dim=-1)
    return torch.softmax(outputs, dim=-1)


def _check_finite(outputs: Tensor) -> None:
    wrong = (~outputs.isfinite().all(dim=1)).nonzero().flatten()
    if len(wrong):
        raise DataError(
            f"a prediction must be a number, but {len(wrong)} of {len(outputs)} rows give none, "
            f"the first of them is row {int(wrong[0]) + 1}: a value in it lies too far from those "
            "that the network was trained on; correct it, or leave it empty"
        )

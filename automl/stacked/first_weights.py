"""The numbers that a run begins with in a stack: those of the plain network, bit for bit."""

from __future__ import annotations

from automl import randomness
from automl.models.mlp.data_driven import fitted_network
from automl.models.mlp.network import mlp_for
from automl.stacked.blocks import StackBlocks
from automl.stacked.stack_rows import Tables
from automl.training.batches import rows_of
from automl.training.config import RunConfig
from automl.training.network import read_rows
from automl.training.place import Place


def initialize(values: StackBlocks, k: int, run: RunConfig, tables: Tables) -> None:
    """Set the parameters of row k to those that a run begins with."""
    seed = randomness.stream(run.seed, "weights")
    values.initialize(k, seed)
    if run.model.initialization != "data_driven":
        return
    dataset = tables.dataset
    fold = dataset.folds[run.fold]
    place = Place(fold.train.targets.device, tables.dtype)
    rows = read_rows(run, fold.train, fold.encoding, place)
    own = rows_of(run.rows, len(rows))
    if own is not None:
        rows = rows[own.to(place.device)]
    module = mlp_for(run.model, dataset.describe(run.fold), dtype=tables.dtype)
    values.write(k, fitted_network(module, seed, rows.arguments).state_dict())

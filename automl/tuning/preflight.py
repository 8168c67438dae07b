"""A look at a trial's network before its first epoch: does it fit, does a signal pass through?

One batch goes forward and backward. What raises here is the fault of this network, as where it
is larger than memory: its trial fails and the search goes on.
"""

from __future__ import annotations

from automl.data.dataset import Dataset
from automl.diagnostics.gradient_flow import hopeless
from automl.executors.executor import RunFailure
from automl.executors.failures import failure_of
from automl.executors.numerics import training_arithmetic
from automl.training.config import RunConfig
from automl.training.gradients import inspect_initialization
from storage.records import LayerGradientRecord


def look_before_training(
    run: RunConfig, dataset: Dataset
) -> tuple[tuple[LayerGradientRecord, ...], RunFailure | None]:
    """The layers' signals at initialization, and why not to train; None where there is hope."""
    try:
        with training_arithmetic():
            layers = inspect_initialization(run, dataset)
    except Exception as error:
        return (), failure_of(run.run_id, error)
    reason = hopeless(layers)
    if reason is None:
        return layers, None
    words = f"{reason.replace('_', ' ')} on the first batch"
    return layers, RunFailure(run.run_id, "hopeless", words)

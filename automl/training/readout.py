"""What the outputs of a regression are taken for, wherever a network is measured or predicts.

The way back from what was learned (`target_transform.py`), then the range that values are held
to (`prediction_range.py`): both follow from train rows, travel with kept weights, and act in
evaluation mode only. What comes out is standardized as the data set's targets are, so that
losses of runs with different transforms are of one unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from torch import Tensor

from automl.data.dataset import Dataset
from automl.training.config import RunConfig
from automl.training.prediction_range import TargetRange, held, prediction_range
from automl.training.target_transform import TargetCurve, target_curve


@dataclass(frozen=True, slots=True)
class Readout:
    """How a run's outputs become standardized values.

    Attributes:
        curve: what its targets went through, if anything.
        within: what values are held to then, if anything.
    """

    curve: TargetCurve | None = None
    within: TargetRange | None = None

    def values(self, outputs: Tensor) -> Tensor:
        """The values of outputs, of any shape. What is not finite stays so."""
        if self.curve is not None:
            outputs = self.curve.back(outputs)
        return outputs if self.within is None else held(outputs, *self.within)


AS_THEY_ARE: Final = Readout()


def readout(run: RunConfig, dataset: Dataset) -> Readout:
    """How the outputs of a run become standardized values; classes are left as they are."""
    return Readout(target_curve(run, dataset), prediction_range(run, dataset))

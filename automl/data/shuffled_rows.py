"""Validation rows in which one column at a time has lost what it tells: its values are shuffled.

All encoded inputs of a person's column move together, from row to row of one fold. That is equal
to shuffling the raw column and encoding the rows again, since each row is encoded by itself: a
test says so. What predicts them may be another process, so that they travel as a plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from automl.data.inputs import InputColumns, Inputs


@dataclass(frozen=True, slots=True, eq=False)
class ShuffledRows:
    """Some validation rows, once for each of some columns and each of some orders.

    Shape:
        rows: (n,), numbers of validation rows; orders: (R, n), each an order of these.
    """

    rows: NDArray[np.int64]
    orders: NDArray[np.int64]
    columns: tuple[InputColumns, ...]

    def inputs(self, valid: Inputs) -> Inputs:
        """The inputs, of columns x R x n rows, those of a column behind one another.

        Args:
            valid: all validation rows of the fold.
        """
        rows, orders = torch.from_numpy(self.rows), torch.from_numpy(self.orders)
        return valid[rows].exchanged(self.columns, orders)

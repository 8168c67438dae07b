"""What a fit of the process has found, as it is kept with a study.

A length is one of a parameter and is kept under its name. Its unit is the width of the range in
which it was found, which is kept beside it: so it means the same where the range is wider by now.
Nothing else knows what is in the JSON of this belief; policy and report ask here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from automl.tuning.gaussian_process.fitting import Prior
from automl.tuning.gaussian_process.kernel import Hyperparameters
from automl.tuning.gaussian_process.unit_cube import UnitCube
from storage.records import Json
from storage.stored_values import UnfitError, damaged_in, fitting

TABLE = "automl_beliefs"  # where it is kept, for who looks for one that is damaged


@dataclass(frozen=True, slots=True)
class Belief:
    """A fit. All but the first and the third are logarithms, as in `Hyperparameters`.

    Attributes:
        n_points: how many losses there were by then (`Seen.n_points`).
        lengths: by parameter, in widths of its range.
        widths: of these ranges, on their own scales; of choices 1.
    """

    n_points: int
    lengths: Mapping[str, float]
    widths: Mapping[str, float]
    epoch_length: float
    own_epoch_length: float
    common: float
    own: float
    noise: float

    @classmethod
    def of(cls, found: Hyperparameters, cube: UnitCube, n_points: int) -> Belief:
        """What was found in a space."""
        lengths = dict(zip(cube.names, found.lengths.tolist(), strict=True))
        widths = dict(zip(cube.names, cube.widths, strict=True))
        rest = (getattr(found, name) for name in _REST)
        return cls(n_points, lengths, widths, *rest)

    @classmethod
    def of_json(cls, belief: Json) -> Belief:
        """What `to_json` has made JSON.

        Raises:
            DamagedError: it has not.
        """
        with damaged_in(TABLE, "belief"):
            found: Belief = fitting(belief, cls)
            numbers = (*found.lengths.values(), *(getattr(found, name) for name in _REST))
            if not all(map(math.isfinite, numbers)) or found.lengths.keys() != found.widths.keys():
                raise UnfitError("its lengths are not those of a space")
            if not all(math.isfinite(width) and width > 0 for width in found.widths.values()):
                raise UnfitError("a range has no width")
        return found

    @classmethod
    def found_in(cls, belief: Json) -> Belief | None:
        """The same of any policy's; None of one that believes something else.

        Raises:
            DamagedError: it is neither.
        """
        is_one = isinstance(belief, Mapping) and "lengths" in belief
        return cls.of_json(belief) if is_one else None

    def to_json(self) -> Json:
        """As it is kept."""
        return asdict(self)

    def hyperparameters(self, cube: UnitCube) -> Hyperparameters:
        """The same in a space whose ranges may be wider than they were.

        Raises:
            DamagedError: it is of another space.
        """
        with damaged_in(TABLE, "belief"):
            if tuple(self.lengths) != cube.names:
                raise UnfitError(f"it is not of {', '.join(cube.names)}")
        lengths = [
            self.lengths[name] + math.log(self.widths[name] / width)
            for name, width in zip(cube.names, cube.widths, strict=True)
        ]
        return Hyperparameters(np.array(lengths), *(getattr(self, name) for name in _REST))

    @property
    def length_scales(self) -> Mapping[str, float]:
        """How far trials may be from each other and still be alike, by parameter.

        In widths of its range as it was then; of choices, the distance between any two is 1.
        """
        return {name: math.exp(length) for name, length in self.lengths.items()}

    @property
    def assumed_scale(self) -> float:
        """The length scale of each parameter before any loss is known, the prior's median."""
        return math.exp(Prior.of(len(self.lengths)).mean[0]) if self.lengths else 1.0


_REST = ("epoch_length", "own_epoch_length", "common", "own", "noise")
"""What is not of a parameter, in the order of `Hyperparameters`."""

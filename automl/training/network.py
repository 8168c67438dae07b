"""A run's network: its family's module on a device, and the calls that all trainers need.

What a module of any family returns is held against one rule here, so that losses and metrics
meet the same shapes and precision whoever wrote it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from automl import randomness
from automl.data.dataset import DataDescription, Split
from automl.data.inputs import Encoding
from automl.errors import AutoMLError, TrainingError
from automl.models.family import Family, Forward, find_family
from automl.system.own_code import describe
from automl.training.config import RunConfig
from automl.training.place import CPU, Place
from automl.training.readout import AS_THEY_ARE, Readout
from automl.training.rows import Rows
from automl.wording.counts import listing

ROWS_AT_ONCE: Final = 2048
"""Rows per forward pass in evaluation. At width 256 in float32 a layer's activations then
take 2 MiB, so memory does not grow with the data and the cache is not left far behind."""

NUMBERS_AT_ONCE: Final = 1 << 16
"""Numbers that an unknown network is called with at once, where that is more than two batches:
1,024 images of 8 x 8 pixels, 21 of 32 x 32 in colour, whose activations may take many times
their memory. Two batches without gradients take no more than one in training."""


def read_rows(run: RunConfig, split: Split, encoding: Encoding, place: Place) -> Rows:
    """All rows of a split as a run's network is called with them."""
    arguments = find_family(run.family).read(split.inputs, encoding, run.model)
    return Rows.of(arguments, split.targets, place.device, place.dtype, split.weights)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A module and the family it is of."""

    family: Family
    module: nn.Module
    n_outputs: int
    place: Place
    rows_at_once: int = ROWS_AT_ONCE  # in evaluation
    name: str = "a network"  # for errors: whose outputs do not fit
    readout: Readout = AS_THEY_ARE  # what its outputs are taken for in evaluation
    n_members: int = 1  # outputs for each row in training

    @classmethod
    def built(
        cls,
        run: RunConfig,
        data: DataDescription,
        rows: Rows,
        place: Place,
        readout: Readout = AS_THEY_ARE,
    ) -> Network:
        """The network of a run; its weights are then set by `initialize_`, or from a state.

        Args:
            rows: some of those it will be called with, by which lazy modules find their sizes.
            readout: what its outputs are taken for in evaluation.
        """
        family = find_family(run.family)
        with randomness.seeded(_weights_seed(run)):
            module = family.build(run.model, data)
            if any(map(is_lazy, (*module.parameters(), *module.buffers()))):
                few = Rows.of(rows[:2].arguments, rows[:2].targets, CPU, torch.float32)
                with torch.no_grad(), _noting_arguments(few):
                    module.eval()(*few.arguments)
        place.bring(module)
        n_members = family.n_members(run.model)
        known = max(1, ROWS_AT_ONCE // n_members)
        rows_at_once = known if family.is_trusted else _rows_at_once(run, rows)
        name = family.named(run.model, module)
        return cls(family, module, data.n_outputs, place, rows_at_once, name, readout, n_members)

    def initialize_(self, run: RunConfig, rows: Rows) -> None:
        """Set the weights that a run begins with, where `build` has not done so.

        Args:
            rows: the run's train rows, which weights may be fitted to.
        """
        seed = _weights_seed(run)
        self.family.initialize_(self.module, seed)
        self.family.fit_(self.module, seed, rows.arguments)

    def outputs(self, forward: Forward, rows: Rows, n_members: int = 1) -> Tensor:
        """What a forward pass gives of rows, (k x B, n_outputs) in full precision.

        Raises:
            TrainingError: it is not one number per row and output.
        """
        with _noting_arguments(rows), self.place.arithmetic():
            returned = forward(*rows.arguments)
        return self.checked(returned, n_members * len(rows))

    def of_members(self, targets: Tensor) -> Tensor:
        """What each of the outputs in training should be: (B,) -> (k x B,)."""
        return targets if self.n_members == 1 else targets.repeat(self.n_members)

    def trainable_outputs(self, forward: Forward, rows: Rows, *, is_first: bool = False) -> Tensor:
        """The outputs of a step of training, which a gradient goes back from; of all members.

        Args:
            is_first: no step has been made: what is not finite now no learning rate has done.

        Raises:
            TrainingError: as `outputs`, or they hang on nothing that can be trained, or an
                unknown network's are not finite from the beginning.
        """
        outputs = self.outputs(forward, rows, self.n_members)
        if is_first and not self.family.is_trusted and not outputs.isfinite().all():
            raise TrainingError(
                f"{self.name} must return finite numbers, but returned NaN or infinity at its "
                "first weights, before any step of training"
            )
        if not outputs.requires_grad:
            raise TrainingError(
                f"what {self.name} returns must depend on its trainable parameters, but does not; "
                "leave out what cuts them off, such as detach() or torch.no_grad()"
            )
        return outputs

    def checked(self, outputs: Any, n_rows: int) -> Tensor:
        """What a module returned of some rows, as losses want it.

        Raises:
            TrainingError: it is not one number per row and output.

        Shape:
            outputs: (B, n_outputs), or (B,) where that is 1; result: (B, n_outputs).
        """
        if outputs is None:
            raise TrainingError(f"{self.name} must return a tensor, but has returned nothing")
        if not isinstance(outputs, Tensor):
            kind = type(outputs).__name__
            raise TrainingError(f"{self.name} must return a tensor, but returned {kind}")
        if not outputs.is_floating_point():
            raise TrainingError(
                f"{self.name} must return floating point numbers, but returned {outputs.dtype}"
            )
        wanted = (n_rows, self.n_outputs)
        if outputs.shape == (n_rows,) and self.n_outputs == 1:
            outputs = outputs.unsqueeze(1)
        if outputs.shape != wanted:
            raise TrainingError(
                f"{self.name} must return {self.n_outputs} outputs per row, {wanted} for these "
                f"{n_rows} rows, but returned {tuple(outputs.shape)}; dataset.n_outputs says how "
                "many"
            )
        values: Tensor = outputs.to(self.place.dtype)  # as it is, but for half precision
        return values

    @torch.no_grad()
    def evaluated(self, rows: Rows) -> Tensor:
        """What rows' outputs are taken for in evaluation mode, computed in chunks of rows.

        Shape:
            result: (N, n_outputs).
        """
        if self.module.training:
            self.module.eval()
        at_once = self.rows_at_once
        with randomness.seeded(0, self.place.device):  # a module may draw in this mode too
            chunks = [self._chunk(rows[n : n + at_once]) for n in range(0, len(rows), at_once)]
        outputs = chunks[0] if len(chunks) == 1 else torch.cat(chunks)
        return self.readout.values(outputs)

    def _chunk(self, rows: Rows) -> Tensor:
        if not self.family.is_trusted:  # it may write into what it is called with
            rows = Rows(tuple(each.clone() for each in rows.arguments), rows.targets)
        return self.outputs(self.module, rows)


@contextlib.contextmanager
def _noting_arguments(rows: Rows) -> Iterator[None]:
    """Note with an error what a network was called with: mostly it is of another shape."""
    try:
        yield
    except Exception as error:
        shapes = [f"{str(each.dtype)[6:]} {tuple(each.shape)}" for each in rows.arguments]
        error.add_note(f"it was called with {listing(shapes)}")
        raise


def _rows_at_once(run: RunConfig, rows: Rows) -> int:
    """Rows that an unknown network is called with in evaluation."""
    per_row = sum(each[:1].numel() for each in rows.arguments)
    few = 2 * (run.training.batch_size or ROWS_AT_ONCE)
    return min(ROWS_AT_ONCE, max(few, NUMBERS_AT_ONCE // max(1, per_row)))


def _weights_seed(run: RunConfig) -> int:
    return randomness.stream(run.seed, "weights")


def load_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Set all weights and buffers of a module to kept ones.

    Raises:
        TrainingError: they are another network's.
    """
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[1:2]
        raise TrainingError(
            "kept weights must be those of the network that is built for them, but: "
            f"{''.join(first).strip() or 'they are not'}"
        ) from error


@contextlib.contextmanager
def errors_in_one_line(run: RunConfig) -> Iterator[None]:
    """Around what calls code that is not ours: its errors name the person's line.

    Raises:
        TrainingError: from whatever a network raises that is not trusted.
    """
    try:
        yield
    except AutoMLError:
        raise
    except Exception as error:
        if find_family(run.family).is_trusted:
            raise
        raise TrainingError(
            f"the network of trial {run.trial_number} raised {describe(error)}"
        ) from error

"""What a kind of network is, and how one is found by its name.

A family says what its configuration holds, how a network is built from it, what the network is
called with, and what a step of training adds. What it does not say has a default that serves a
module that nothing is known of: its own first weights and its own dropout, drawn from torch's
generators, which are seeded around each call, and layers that are found as they are called. So
the least that a family needs is a configuration and `build`.

A name is one of `FAMILIES`, or the import path "package.module:OBJECT" of a `Family`.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import functools
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn

from automl import randomness
from automl.data.dataset import DataDescription
from automl.data.inputs import Encoding, Inputs
from automl.errors import ConfigError
from automl.models.layers import LayerSignal, trace_layers
from automl.system.import_paths import imported
from search_spaces.errors import SearchSpaceError
from search_spaces.hyperparameter import TRAINING
from search_spaces.hyperparameters import HYPERPARAMETERS, defaults, unknown_name
from storage.records import ParameterValue

FAMILIES: Final[Mapping[str, str]] = {
    "mlp": "automl.models.mlp.family:MLP_FAMILY",
    "own": "automl.models.own.family:OWN_FAMILY",
}
"""Import paths of families by name."""

Forward = Callable[..., Any]
"""Outputs of a batch in training mode, called with what `Family.read` gives of its rows."""


class Family(abc.ABC):
    """A kind of network.

    Attributes:
        config_class: a frozen dataclass of plain values; the fields are its hyperparameters.
        most_memory: choices that take memory beside the network's size, by hyperparameter, those
            that take the most first.
        stacked_trainer: import path of the `Trainer` that trains many of its networks as one.
        is_trusted: whether its networks may be built and called beside the search itself. What a
            person wrote may hang or take the process with it, so it is only called where it is
            trained.
    """

    config_class: ClassVar[type[Any]]
    most_memory: ClassVar[Mapping[str, tuple[ParameterValue, ...]]] = {}
    stacked_trainer: ClassVar[str | None] = None
    is_trusted: ClassVar[bool] = False

    def configure(self, params: Mapping[str, ParameterValue]) -> Any:
        """The configuration of a trial's params; what is not named keeps its default.

        Values of hyperparameters that the registry knows are checked by it.

        Raises:
            ConfigError: a name is no field, or a value is not possible.
        """
        known = self._names
        try:
            if unknown := [name for name in params if name not in known]:
                raise unknown_name(unknown[0], [*known, *defaults(TRAINING)])
            return self.config_class(**{name: _setting(name, params[name]) for name in params})
        except (SearchSpaceError, TypeError) as error:
            raise ConfigError(str(error)) from None

    @functools.cached_property
    def _names(self) -> tuple[str, ...]:
        """The fields of its configurations."""
        return tuple(field.name for field in dataclasses.fields(self.config_class))

    @abc.abstractmethod
    def build(self, config: Any, data: DataDescription) -> nn.Module:
        """A network for these data, on the CPU.

        What it draws for its weights comes from torch's generators, seeded for the run. It may
        leave parameters uninitialized (`nn.LazyLinear`), or to `initialize_`.

        Shape:
            its outputs: (B, n_outputs), or (B,) where there is one output per row.
        """

    def initialize_(self, module: nn.Module, seed: int) -> None:  # noqa: B027 - may do nothing
        """Set the first weights from a seed, in place; by default they are those of `build`."""

    def fit_(  # noqa: B027 - may do nothing
        self, module: nn.Module, seed: int, arguments: Sequence[Tensor]
    ) -> None:
        """Fit the first weights to train rows, in place, after `initialize_`; by default not.

        It must be a function of the seed and the rows alone.

        Args:
            arguments: the run's train rows, as `read` gives them.
        """

    def reading(self, config: Any) -> Hashable:
        """What of a configuration `read` looks at: rows are read once for each."""
        return None

    def read(self, inputs: Inputs, encoding: Encoding, config: Any) -> tuple[Tensor, ...]:
        """What a network is called with, of all rows of a split.

        Raises:
            ConfigError: it cannot read this kind of data.

        Shape:
            N rows each. Floating point numbers are brought to the trainer's precision.
        """
        return inputs.arguments(encoding)

    def forwards(
        self,
        module: nn.Module,
        seed: int,
        first_step: int,
        batch_sizes: Sequence[int],
        *,
        regularization: float = 1.0,
    ) -> Iterator[Forward]:
        """How each of the coming steps goes forward, with the noise of that step, such as dropout.

        The noise must be a function of (seed, step). By default the generators of torch, NumPy
        and Python are seeded by it for the call.

        Args:
            regularization: what probabilities of dropout are multiplied by in these steps, by
                default those of torch's dropout modules.
        """
        steps = torch.arange(first_step, first_step + len(batch_sizes))
        keys = randomness.keys_at(randomness.streams([seed], "dropout"), steps)
        for key in keys.tolist():
            yield functools.partial(_seeded_call, module, key, regularization)

    def n_members(self, config: Any) -> int:
        """How many outputs a network has for each row in training mode, by default one.

        All of them learn the row's target. Where there are several, those of a member lie behind
        one another, (k x B, n_outputs), also in `trace`; in evaluation mode there is one.
        """
        return 1

    def own_shares(self, config: Any, seed: int, first_step: int, n_steps: int) -> Sequence[float]:
        """How much of its own target each row learns in each of the coming steps.

        The rest is the target of the next row in the batch, of the last one the first's: for
        networks that mix rows in training. By default all of it is its own.
        """
        return [1.0] * n_steps

    def named(self, config: Any, module: nn.Module) -> str:
        """The network in errors on what it returns, with its place where a person wrote it."""
        return "a network"

    def trace(
        self, module: nn.Module, arguments: Sequence[Tensor]
    ) -> tuple[Any, tuple[LayerSignal, ...]]:
        """Call a network, in training mode, and look at what passes through its layers."""
        return trace_layers(module, arguments)

    def n_parameters(self, config: Any, data: DataDescription) -> int | None:
        """Numbers that training would set; None where only a network that is built can tell."""
        return None

    def step_seconds(self, config: Any, data: DataDescription, batch_size: int) -> float:
        """What a step takes, in proportion to other runs; by default as long as any other."""
        return 1e-3

    def call_seconds(self, config: Any, data: DataDescription, n_rows: int) -> float | None:
        """What one call in inference mode takes, in proportion to others; None: unknown."""
        return None

    def n_bytes(self, config: Any, data: DataDescription, batch_size: int) -> int | None:
        """What a network in training holds at most, without the data; None where nobody knows."""
        return None


def import_family(name: str) -> Family:
    """The family that a person names in this call: its module is imported if need be.

    Raises:
        ConfigError: there is none.
    """
    found = imported(name, FAMILIES, "family")
    if not isinstance(found, Family):
        raise ConfigError(f"family {name!r} must be an object of a Family, but is {found!r}")
    return found


@functools.cache
def find_family(name: str) -> Family:
    """The family that a study or a run names: one of `FAMILIES`, or one whose module is loaded.

    Code is never imported because a database names it: `import_family` is for whom a person has
    told the name in this call, and for workers that are told by such a process.

    Raises:
        ConfigError: there is none, or its module has not been imported.
    """
    module_name, colon, _ = name.partition(":")
    if colon and name not in FAMILIES and module_name not in sys.modules:
        raise ConfigError(
            f"networks of the family {name!r} are built by code that is not loaded, and none is "
            f"loaded because a study names it; in Python, import {module_name} first"
        )
    return import_family(name)


def _setting(name: str, value: ParameterValue) -> ParameterValue:
    known = HYPERPARAMETERS.get(name)
    return value if known is None else known.setting(value)


def _seeded_call(module: nn.Module, seed: int, regularization: float, *arguments: Tensor) -> Any:
    randomness.seed_python_and_numpy(seed)
    with randomness.seeded(seed, arguments[0].device), _dropout_times(regularization, module):
        return module(*arguments)


@contextlib.contextmanager
def _dropout_times(factor: float, module: nn.Module) -> Iterator[None]:
    """Multiply the probabilities of a module's dropout for a call."""
    if factor == 1.0:
        yield
        return
    drops = [each for each in module.modules() if isinstance(each, nn.modules.dropout._DropoutNd)]
    whole = [each.p for each in drops]
    for each in drops:
        each.p *= factor
    try:
        yield
    finally:
        for each, p in zip(drops, whole, strict=True):
            each.p = p

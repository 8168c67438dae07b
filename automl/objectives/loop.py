"""One training of an objective, between two epochs.

A generator is paused by not asking on, and lives in the memory of its process. A class that has
`save` and `load` gives its state, which outlives that (`states.py`).
"""

from __future__ import annotations

import abc
import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from automl.errors import TrainingError
from automl.models.own.family import Params
from automl.objectives.kinds import kind_of, takes_seed
from automl.objectives.states import State, packed, unpacked
from automl.system.own_code import describe
from storage.records import ParameterValue


class Finished(Exception):
    """The objective has no further epoch."""


class Loop(abc.ABC):
    """A training that goes on when it is asked to.

    Attributes:
        is_made: whether code of the objective has run before the first epoch.
    """

    is_made: ClassVar[bool] = False

    @abc.abstractmethod
    def train_epoch(self) -> object:
        """Train one more epoch; what the objective gives of it.

        Raises:
            Finished: there is none.
            Exception: whatever the objective raises.
        """

    def save(self) -> State:
        """Its state.

        Raises:
            TrainingError: it has none, or none that can be kept.
        """
        raise TrainingError("the objective has no save(self)")

    @property
    def can_save(self) -> bool:
        """Whether it has a state to give."""
        return False

    @property
    def can_go_on(self) -> bool:
        """Whether it can go on from its state as well."""
        return False

    def load(self, state: State) -> None:
        """Go on from a state.

        Raises:
            TrainingError: it cannot.
        """
        raise TrainingError("an objective that goes on from a state needs load(self, state)")

    def close(self) -> None:  # noqa: B027 - most have nothing to end
        """It is not asked on any more."""


class GeneratorLoop(Loop):
    """What a generator function returns."""

    def __init__(self, generator: Iterator[object]) -> None:
        self._generator = generator

    def train_epoch(self) -> object:
        """Ask on."""
        try:
            return next(self._generator)
        except StopIteration:
            raise Finished from None
        except RuntimeError as error:
            if isinstance(error.__cause__, StopIteration):  # which no generator may raise: PEP 479
                words = "a next() in it has found nothing more"
                raise TrainingError(f"{words}: {describe(error.__cause__)}") from None
            raise

    def close(self) -> None:
        """Let what stands in `finally` run."""
        with contextlib.suppress(Exception):  # nobody waits for it any more
            self._generator.close()  # type: ignore[attr-defined]  # a generator has it


class FunctionLoop(Loop):
    """A plain function: one epoch."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call: Callable[[], object] | None = call

    def train_epoch(self) -> object:
        """Call it."""
        if self._call is None:
            raise Finished
        call, self._call = self._call, None
        given = call()
        if isinstance(given, Iterator) or hasattr(given, "train_epoch"):
            raise TrainingError(
                f"a plain function as objective must return a loss, but returned a "
                f"{type(given).__name__}; write `yield from` in it, or hand over the class"
            )
        return given


class ObjectLoop(Loop):
    """An object of a class with `train_epoch`."""

    is_made = True

    def __init__(self, training: Any) -> None:
        self._training = training

    def train_epoch(self) -> object:
        """Call it."""
        given: object = self._training.train_epoch()
        return given

    @property
    def can_save(self) -> bool:
        """Whether its class has `save`."""
        return hasattr(self._training, "save")

    @property
    def can_go_on(self) -> bool:
        """Whether its class has `save` and `load`."""
        return self.can_save and hasattr(self._training, "load")

    def save(self) -> State:
        """What its `save` gives."""
        if not self.can_save:
            return super().save()
        try:
            state = self._training.save()
        except Exception as error:
            raise TrainingError(f"save() has raised {describe(error)}") from error
        return packed(state, "what save() returns")

    def load(self, state: State) -> None:
        """Give its `load` what `save` had given."""
        if not hasattr(self._training, "load"):
            super().load(state)
        self._training.load(unpacked(state))


def begin(
    objective: Callable[..., Any], words: str, params: Mapping[str, ParameterValue], seed: int
) -> Loop:
    """A training of an objective with params, before its first epoch.

    Raises:
        TrainingError: it cannot be called so.
        Exception: whatever its class raises as it is made.
    """
    keywords = {"seed": seed} if takes_seed(objective) else {}
    _check_arguments(objective, words, keywords)
    given = Params(params)
    match kind_of(objective):
        case "generator":
            return GeneratorLoop(objective(given, **keywords))
        case "class":
            return ObjectLoop(objective(given, **keywords))
        case _:
            return FunctionLoop(lambda: objective(given, **keywords))


def _check_arguments(
    objective: Callable[..., Any], words: str, keywords: Mapping[str, int]
) -> None:
    """Tell an objective that cannot be called by its name: the call is no line of the person's."""
    try:
        inspect.signature(objective).bind({}, **keywords)
    except TypeError as error:
        raise TrainingError(
            f"{words} must be called with (params), or (params, seed): {error}"
        ) from None
    except ValueError:  # of what is not written in Python, nothing can be told
        return

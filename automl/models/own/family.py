"""The family of a person's own networks: any `nn.Module` that their function builds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from torch import nn

from automl.data.dataset import DataDescription
from automl.errors import ConfigError, TrainingError, did_you_mean
from automl.models.family import Family
from automl.models.own.builders import builder
from automl.system.own_code import place_of_function
from automl.wording.counts import listing
from automl.wording.option_names import named
from search_spaces.declared import MODEL
from storage.records import ParameterValue


@dataclass(frozen=True, slots=True)
class OwnConfig:
    """Who builds the network, and with what."""

    model: str  # the words of the builder: "my_file.py:build"
    params: Mapping[str, ParameterValue] = field(default_factory=dict)


class OwnFamily(Family):
    """Networks that a person's function `build(params, dataset) -> nn.Module` makes."""

    config_class = OwnConfig

    def configure(self, params: Mapping[str, ParameterValue]) -> OwnConfig:
        """All params that are none of training, for the builder.

        Raises:
            ConfigError: the space names no model.
        """
        if MODEL not in params:
            raise ConfigError(
                "a space of the family own needs a network; give "
                f"{named('model', 'my_file.py:build')}"
            )
        own = {name: value for name, value in params.items() if name != MODEL}
        return OwnConfig(str(params[MODEL]), own)

    def build(self, config: OwnConfig, data: DataDescription) -> nn.Module:
        """Call the person's function.

        Raises:
            TrainingError: it returned no module, or one that has nothing to train.
            Exception: whatever it raises.
        """
        try:
            build = builder(config.model)
            _check_arguments(build, config.model)
            module = build(Params(config.params), data)
        except SystemExit as error:  # of a file that is a script, too
            raise TrainingError(
                f"{config.model} must return a network, but calls sys.exit({error.code!r}); let "
                'the file do so below `if __name__ == "__main__"` only'
            ) from error
        if not isinstance(module, nn.Module):
            raise TrainingError(
                f"{config.model} must return an nn.Module, but returned {type(module).__name__}"
            )
        if not any(parameter.requires_grad for parameter in module.parameters()):
            raise TrainingError(
                f"{config.model} must return a module to train, but {type(module).__name__} has "
                "no trainable parameters"
            )
        return module

    def named(self, config: OwnConfig, module: nn.Module) -> str:
        """The person's `forward` and where it begins, or who built it of others' modules."""
        code = getattr(type(module).forward, "__code__", None)
        if code is not None and (place := place_of_function(code)):
            return f"{type(module).__name__}.forward ({place})"
        return f"the network of {config.model}"


class Params(dict[str, ParameterValue]):
    """The hyperparameters that a builder is called with: a missing one says which there are."""

    def __missing__(self, name: str) -> ParameterValue:
        """Raise a KeyError that says what to do."""
        if not self:
            raise KeyError(
                f"there is no parameter {name!r}, since the space has none of your own; give "
                f"{named('space', 'my_space.toml')} with a table [{name}]"
            )
        hint = did_you_mean(str(name), self).rstrip(".")
        raise KeyError(f"there is no parameter {name!r} among {listing(list(self))}{hint}")


def _check_arguments(build: Callable[..., Any], words: str) -> None:
    """Tell a function that cannot be called by its name: the call is no line of the person's."""
    try:
        inspect.signature(build).bind({}, None)
    except TypeError as error:
        raise TrainingError(f"{words} must be called with (params, dataset): {error}") from None
    except ValueError:  # of what is not written in Python, nothing can be told
        return


OWN_FAMILY: Final = OwnFamily()

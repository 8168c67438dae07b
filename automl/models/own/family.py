"""The family of a person's own networks: any `nn.Module` that their function builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from torch import nn

from automl.data.dataset import DataDescription
from automl.errors import ConfigError, TrainingError
from automl.models.family import Family
from automl.models.own.builders import builder
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
                "a space of the family own needs a network; give --model my_file.py:build"
            )
        own = {name: value for name, value in params.items() if name != MODEL}
        return OwnConfig(str(params[MODEL]), own)

    def build(self, config: OwnConfig, data: DataDescription) -> nn.Module:
        """Call the person's function.

        Raises:
            TrainingError: it returned no module, or one that has nothing to train.
            Exception: whatever it raises.
        """
        module = builder(config.model)(dict(config.params), data)
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


OWN_FAMILY: Final = OwnFamily()

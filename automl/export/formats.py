"""The formats of an export, as a person names them; known without loading torch."""

from __future__ import annotations

from typing import Final

from automl.errors import ConfigError, did_you_mean

FORMATS: Final = ("folder", "onnx", "torch")
"""Plain PyTorch with weights, schema and card; one ONNX graph from raw columns to predictions; one
program of torch.export from raw numbers to predictions."""


def check_format(name: str) -> str:
    """A format's name.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in FORMATS:
        raise ConfigError(
            f"format must be one of {', '.join(FORMATS)}, but got {name!r}"
            f"{did_you_mean(str(name), FORMATS)}"
        )
    return name

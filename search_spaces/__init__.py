"""What may vary in a search: hyperparameters, their ranges and conditions, as Python or TOML.

`hyperparameters.py` is the registry of what each hyperparameter means and can be, `declared.py`
adds those of a person's own network, `parameters.py` says how one varies in a search, `space.py`
holds them together, `narrowing.py` reads `--set`, and `toml_files.py` reads the files beside it.
Nothing here knows a model, a trainer or a database. Names are loaded when first used, so that
the registry can be read without Optuna.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search_spaces.conditions import Condition
    from search_spaces.errors import SearchSpaceError
    from search_spaces.hyperparameter import Hyperparameter
    from search_spaces.hyperparameters import HYPERPARAMETERS
    from search_spaces.parameters import (
        CategoricalParameter,
        FixedParameter,
        FloatParameter,
        IntParameter,
        Parameter,
    )
    from search_spaces.space import SearchSpace
    from search_spaces.toml_files import load, names

__all__ = [
    "HYPERPARAMETERS",
    "CategoricalParameter",
    "Condition",
    "FixedParameter",
    "FloatParameter",
    "Hyperparameter",
    "IntParameter",
    "Parameter",
    "SearchSpace",
    "SearchSpaceError",
    "load",
    "names",
]

_HOMES = {
    "Condition": "conditions",
    "HYPERPARAMETERS": "hyperparameters",
    "Hyperparameter": "hyperparameters",
    "SearchSpace": "space",
    "SearchSpaceError": "errors",
    "load": "toml_files",
    "names": "toml_files",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name, "parameters")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)

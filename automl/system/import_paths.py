"""Things by name: a key of a table, or an import path that whoever wrote the thing gives.

A name travels to a worker process and into a database, where a class or a module need not.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from automl.errors import ConfigError, reason_of


def imported(name: str, known: Mapping[str, str], what: str) -> Any:
    """What a name stands for.

    Args:
        name: a key of `known`, or "package.module:Object".
        known: import paths by name.
        what: of which kind it is, for the message.

    Raises:
        ConfigError: there is nothing of that name.
    """
    module_name, colon, object_name = known.get(name, name).partition(":")
    if not colon:
        raise ConfigError(
            f"{what} must be one of {', '.join(known)} or package.module:Class, but got {name!r}"
        )
    try:
        return getattr(importlib.import_module(module_name), object_name)
    except (Exception, SystemExit) as error:  # the module is anybody's
        raise ConfigError(f"{what} {name!r} cannot be imported: {reason_of(error)}") from error

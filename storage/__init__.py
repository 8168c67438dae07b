"""What is kept: Optuna's trials and our own records, in one database and a folder beside it.

    from storage import open_store

Names are loaded when they are first used, so that a worker process speaks
`storage.records` without SQLAlchemy or Optuna.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from storage.errors import StorageError, StorageWarning

if TYPE_CHECKING:
    from storage.artifacts import Artifacts
    from storage.doctor import Finding, examine
    from storage.optuna_storage import OptunaStorage, open_optuna_storage
    from storage.store import Store, open_store

__all__ = [
    "Artifacts",
    "Finding",
    "OptunaStorage",
    "StorageError",
    "StorageWarning",
    "Store",
    "examine",
    "open_optuna_storage",
    "open_store",
]

_HOMES = {
    "Artifacts": "storage.artifacts",
    "Finding": "storage.doctor",
    "OptunaStorage": "storage.optuna_storage",
    "Store": "storage.store",
    "examine": "storage.doctor",
    "open_optuna_storage": "storage.optuna_storage",
    "open_store": "storage.store",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'storage' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)

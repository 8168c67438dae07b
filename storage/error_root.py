"""The root of every error that this project raises on purpose, below all packages that raise one.

People know it as `automl.AutoMLError`; it lies here since the search spaces and the storage, whose
errors are of it too, know nothing of automl.
"""

from __future__ import annotations


class AutoMLError(Exception):
    """The root of the project's errors."""

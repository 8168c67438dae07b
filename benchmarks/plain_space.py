"""The built-in space without what takes more than plain layers on scaled columns.

An expert has no module at hand for an encoding of numbers; and data sets that benchmarks make up
themselves are scaled in the usual ways only.
"""

from __future__ import annotations

from typing import Final

PLAIN: Final = (
    "numeric_encoding=none",
    "output_initialization=as_hidden",
    "scaling=standard,min_max,robust,quantile",
)
"""Changes of the space, as `--set` takes them."""

"""What a person may have mistyped, told before anything is read, trained or stored.

What `opening.py` checks again, since a session can be opened without the command line: there the
data are known as well. Whatever needs PyTorch is looked at only where a person has said something
of it: loading it takes a second, in which a mistyped file can be told.
"""

from __future__ import annotations

import logging

from automl.options.option import options_of
from automl.options.search_options import SearchOptions
from search_spaces import SearchSpace
from storage.opening import check_writable

LOG = logging.getLogger("automl")

BY_TORCH = ("device", "policy", "sampler", "pruner")
"""Options whose values PyTorch, or what imports it, must say."""


def check_choices(options: SearchOptions, space: SearchSpace) -> bool:
    """Refuse what no data could make right.

    Args:
        space: for any task, not narrowed yet.

    Returns:
        Whether PyTorch was loaded for it.

    Raises:
        ConfigError, SearchSpaceError: a name or a value that cannot be, with those that can.
        StorageError: the database cannot be written.
    """
    check_writable(options.storage)
    space.narrow(list(options.set))
    defaults = {name: one.default for name, one in options_of(SearchOptions).items()}
    if all(getattr(options, name) == defaults[name] for name in BY_TORCH):
        return False
    LOG.info("loading PyTorch")
    from automl.session.opening import check_named

    check_named(options, space)
    return True

"""The builders that this process was handed over, by their words.

Whoever gives a model (`automl.search(..., model=build)`, `best_model(model=build)`, `--model`)
has it remembered here, and so has a worker with its assignment. A database has words only: what
was not handed over is not run.
"""

from __future__ import annotations

import functools
import logging
import pickle
from collections.abc import Callable
from typing import Any

from automl.errors import StudyError
from automl.models.own.reference import BuilderReference, reference_of
from automl.wording.option_names import named
from search_spaces.declared import model_of
from storage.records import StudySettings

_KNOWN: dict[str, BuilderReference] = {}


def remember(reference: BuilderReference, words: str | None = None) -> None:
    """Let networks be built by it.

    Args:
        words: those of a study that it is given for, where they are others.
    """
    _KNOWN[words or reference.words] = reference
    _loaded.cache_clear()


def remember_packed(packed: bytes | None) -> None:
    """Likewise of what the coordinator has sent; nothing of None."""
    if packed is not None:
        remember(pickle.loads(packed))


def remember_for(model: object, settings: StudySettings) -> None:
    """Take the model that a person gives for a stored study; say if its code has changed.

    Args:
        model: None: it was handed over in this process before.

    Raises:
        StudyError: the study needs a model and none was given, or the reverse.
        ConfigError: there is no such model.
    """
    words = model_of(settings.space)
    if words is None:
        if model is not None:
            raise StudyError("a model is for a study of a network of your own; leave it out here")
        return
    if model is not None:
        remember(reference_of(model), words)
    if settings.versions.get(words) not in (None, known(words).digest):
        logging.getLogger("automl").warning(
            "the code of %s has changed since the study was made: its networks may differ", words
        )


def known(words: str) -> BuilderReference:
    """The reference that was handed over under these words.

    Raises:
        StudyError: none was.
    """
    if words not in _KNOWN:
        raise StudyError(
            f"the networks of this study are built by {words}, which is not run by itself; give "
            f"it again: {_given(words)}"
        )
    return _KNOWN[words]


def _given(words: str) -> str:
    """How it is given again: a lambda has no name that can be typed, nor has one of a notebook."""
    has_name = not ("<" in words or words.startswith("notebook:"))
    return named("model", words) if has_name else "model=... in Python"


@functools.cache
def _loaded(words: str) -> Callable[..., Any]:
    return known(words).load()


def builder(words: str) -> Callable[..., Any]:
    """The function itself.

    Raises:
        StudyError: none was handed over.
        Exception: whatever the import of its file raises.
    """
    return _loaded(words)

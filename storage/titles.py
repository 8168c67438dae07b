"""The names of verdicts as people read them, and messages that begin with them.

A message that names its verdict does it in these words, so that whoever sets the name apart can
take it off again, and nobody reads it twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TIED_TITLE = "As good as its references"
"""Of a fit without bias or variance that is not certainly better than each of them."""

ALONE_TITLE = "No bias or variance seen"
"""Of such a fit that was held against guessing alone, or against nothing, as of an objective."""

TITLES: Mapping[str, str] = {
    "high_bias_and_variance": "High bias and high variance",
    "over_regularized": "Over-regularized",
    "made_by_optuna": "Made by Optuna",
}
"""Of the kinds whose name is not their words in a row."""


def title_of(
    kind: str, severity: str, leader: str = "a reference", *, is_compared: bool = True
) -> str:
    """The name of a verdict: "High bias", "Behind boosted trees".

    "Good fit" is said only where it is good: see `learning_curves.Fit.severity`.

    Args:
        kind: the verdict's.
        severity: the verdict's.
        leader: the better reference in words, of behind_reference.
        is_compared: whether a model was fitted beside the network, of good_fit.
    """
    if kind == "good_fit" and severity != "good":
        return TIED_TITLE if is_compared else ALONE_TITLE
    if kind == "behind_reference":
        return f"Behind {leader}"
    return TITLES.get(kind, kind.replace("_", " ").capitalize())


def title(diagnosis: Any) -> str:
    """The name of a `Diagnosis` as people read it: "High bias", "Behind boosted trees"."""
    leader = str(diagnosis.evidence.get("leader", "a reference"))
    is_compared = bool(diagnosis.evidence.get("compared_with"))
    return title_of(diagnosis.kind, diagnosis.severity, leader, is_compared=is_compared)


def titled(title: str, message: str) -> str:
    """A message that begins with its title."""
    return f"{title}: {message}"


def untitled(title: str, message: str) -> str:
    """The message without its title, whether or not it begins with it."""
    return message.removeprefix(titled(title, ""))

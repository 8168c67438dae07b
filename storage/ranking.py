"""The order of trials of which some were stopped, whatever a trial is stored as."""

from __future__ import annotations

Rank = tuple[bool, int, float, int]


def rank(number: int, value: float, n_epochs: int, *, is_complete: bool) -> Rank:
    """A key to sort trials by, the best first.

    Complete ones come first, by their value; then those that were stopped, the ones that came
    farther first, since losses at different epochs cannot be compared.

    Args:
        value: of a trial that was stopped, its last loss.

    Source:
        Optuna's TPE ranks so: optuna.samplers._tpe.sampler, `_split_pruned_trials`.
    """
    return not is_complete, 0 if is_complete else -n_epochs, value, number

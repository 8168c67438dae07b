"""Seeds: every random number of a study is a function of names and numbers, never of state.

A run's seed follows from the study's seed, the trial's number, the purpose and the index
among runs of that purpose (fold or repetition). So a run has the same curve alone, stacked,
in another process, or run again, and no random state needs to be stored.
"""

from __future__ import annotations

import hashlib

SEED_BITS = 31  # what every generator involved accepts


def derive_seed(study_seed: int, *names: str | int) -> int:
    """A seed in [0, 2**31) that depends on all of the names, and on their order.

    Source:
        BLAKE2b (RFC 7693) over the names, separated by a slash.

    Examples:
        >>> derive_seed(0, 17, "search", 0) == derive_seed(0, 17, "search", 0)
        True
        >>> derive_seed(0, 17, "search", 0) == derive_seed(0, 17, "search", 1)
        False
    """
    text = "/".join(str(name) for name in (study_seed, *names))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - SEED_BITS)

"""Commands of tests that are interrupted as a person's are, whoever runs the tests."""

from __future__ import annotations

import signal


def hear_interrupts() -> None:
    """What a child does before it begins: it hears Ctrl-C.

    One that runs these tests in the background may ignore SIGINT, which would be inherited.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)

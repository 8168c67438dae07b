"""What the processor is called: another kind may round a sum otherwise."""

from __future__ import annotations

import functools
import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
"""Where Linux says it; elsewhere Python knows."""


@functools.cache
def processor_name() -> str:
    """The model as the system names it, "AMD EPYC 7R13 Processor"; at least the architecture."""
    try:
        lines = CPU_INFO.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, [*models, platform.processor(), platform.machine()]), "unknown")

"""On what to train: what is asked for, as far as this machine and its system have it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal

import torch

from automl.errors import ConfigError
from automl.executors.resources import available_cores


def check_device(device: str) -> None:
    """Refuse a device that torch does not see here.

    Raises:
        ConfigError: there is no such device.
    """
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"a device is named like cpu or cuda:0, but got {device!r}") from error
    n_devices = torch.cuda.device_count()
    if wanted.type == "cuda" and (wanted.index or 0) >= n_devices:
        raise ConfigError(
            f"a device must be there, but got {device!r} and torch sees {n_devices} CUDA devices"
        )


def device_of_each(n_workers: int | Literal["auto"], devices: Sequence[str]) -> list[str]:
    """The device of each worker, in turn; "auto" is one worker per core, or per GPU."""
    if n_workers == "auto":
        n_workers = available_cores() if set(devices) == {"cpu"} else len(devices)
    if n_workers < 1 or not devices:
        raise ConfigError(
            f"at least one worker and one device are needed, but got n_workers={n_workers}, "
            f"devices={tuple(devices)}"
        )
    return [devices[index % len(devices)] for index in range(n_workers)]


def check_system(memory_limit: int | None, devices: Sequence[str]) -> None:
    """Refuse what the operating system cannot do."""
    if sys.platform == "win32":
        raise ConfigError(
            "worker processes need Linux or macOS, but this is Windows: train in this process"
        )
    if memory_limit is not None and memory_limit <= 0:
        raise ConfigError(f"memory_limit must be positive, but got {memory_limit} bytes")
    if memory_limit is not None and sys.platform != "linux" and "cpu" in devices:
        raise ConfigError(
            f"a memory limit of workers needs Linux, but this is {sys.platform}: leave it out"
        )

"""Where training takes place: what its numbers may depend on beside settings and versions."""

from __future__ import annotations

import hashlib

import torch

from automl.executors.trainers import kernels_for
from automl.system.processors import processor_name

NO_KERNELS = "none"


def place_of_training(trainer: str, device: str) -> dict[str, str]:
    """The place where a trainer of this name trains on this device.

    Returns:
        "processor", its "instructions" (the vectors that torch uses), "device", and "kernels",
        the first digits of the SHA-256 of the compiled ones.
    """
    kernels = kernels_for(trainer, (device,)).contents
    return {
        "processor": processor_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "device": _device_name(device),
        "kernels": NO_KERNELS if kernels is None else hashlib.sha256(kernels).hexdigest()[:12],
    }


def _device_name(device: str) -> str:
    wanted = torch.device(device)
    return torch.cuda.get_device_name(wanted) if wanted.type == "cuda" else wanted.type

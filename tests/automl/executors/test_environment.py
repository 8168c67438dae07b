"""The place of training is named by what its numbers may depend on."""

from __future__ import annotations

import platform

import pytest

from automl.executors import environment
from automl.executors.environment import NO_KERNELS, place_of_training
from automl.stacked.native_build import Kernels


def test_the_place_is_named() -> None:
    place = place_of_training("plain", "cpu")
    assert place.keys() == {"processor", "instructions", "device", "kernels"}
    assert (place["device"], place["kernels"]) == ("cpu", NO_KERNELS)
    assert all(place.values())


def test_other_kernels_are_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(contents: bytes) -> str:
        monkeypatch.setattr(environment, "kernels_for", lambda *_: Kernels(contents))
        return place_of_training("stacked", "cpu")["kernels"]

    assert found(b"a") == found(b"a") != found(b"b")


def test_the_processor_is_more_than_an_architecture_where_linux_says_so() -> None:
    name = place_of_training("plain", "cpu")["processor"]
    assert name and (platform.system() != "Linux" or platform.machine() != "x86_64" or " " in name)

"""A processor has a name on every system."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl.system import processors
from automl.system.processors import processor_name


@pytest.fixture(autouse=True)
def forgotten() -> None:
    processor_name.cache_clear()


def test_linux_names_its_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: An Abacus 9\nmodel\t: 1\n")
    monkeypatch.setattr(processors, "CPU_INFO", tmp_path / "cpuinfo")
    assert processor_name() == "An Abacus 9"


def test_elsewhere_there_is_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "CPU_INFO", tmp_path / "nothing")
    assert processor_name()

from __future__ import annotations

import pytest

from automl.errors import ConfigError
from automl.executors.devices import check_device, device_of_each


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_the_processor_is_always_there(device):
    check_device(device)


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(ConfigError, match=f"but got '{device}'"):
        check_device(device)


def test_workers_take_the_devices_in_turn():
    assert device_of_each(3, ("cuda:0", "cuda:1")) == ["cuda:0", "cuda:1", "cuda:0"]
    assert device_of_each("auto", ("cuda:0", "cuda:1")) == ["cuda:0", "cuda:1"]
    assert set(device_of_each("auto", ("cpu",))) == {"cpu"}

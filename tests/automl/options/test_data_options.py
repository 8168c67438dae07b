"""What is said of the data is fixed when a study is made."""

from __future__ import annotations

import pytest

from automl.errors import ConfigError
from automl.options.data_options import DataOptions, SplitOptions
from automl.options.option import options_of
from automl.options.search_options import FixedOptions


def test_what_the_data_are_is_fixed_with_the_study() -> None:
    assert options_of(DataOptions).keys() <= options_of(FixedOptions).keys()


@pytest.mark.parametrize("fraction", [0.0, 0.95, "much"])
def test_a_fraction_of_rows_leaves_rows_for_the_rest(fraction: object) -> None:
    with pytest.raises(ConfigError, match=r"from 0.001 to 0.9"):
        SplitOptions(valid_fraction=fraction)  # type: ignore[arg-type]
    assert SplitOptions(valid_fraction=0.25).valid_fraction == 0.25

import pytest

from automl.report.ticks import linear_ticks, log_bar, log_layout, log_ticks, tick_text


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.04, 3.0, [0.05, 0.1, 0.2, 0.5, 1, 2]),
        (8, 256, [10, 20, 50, 100, 200]),
        (1e-5, 0.3, [1e-5, 1e-4, 1e-3, 1e-2, 0.1]),
        (1e-9, 1.0, [1e-8, 1e-6, 1e-4, 1e-2, 1]),
    ],
)
def test_logarithmic_ticks_are_round_and_few(low, high, ticks):
    assert log_ticks(low, high) == pytest.approx(ticks)


def test_a_narrow_logarithmic_range_gets_linear_ticks():
    assert log_ticks(0.27, 0.71) == pytest.approx([0.3, 0.4, 0.5, 0.6, 0.7])


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]), (1, 6, [1, 2, 3, 4, 5, 6]), (3, 3, [3]),
     (-1, 1, [-1, -0.5, 0, 0.5, 1])],
)  # fmt: skip
def test_linear_ticks_are_multiples_of_one_two_or_five(low, high, ticks):
    assert linear_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.02, "0.02"), (300, "300"), (1e-5, "10<sup>−5</sup>"), (2e-6, "2·10<sup>−6</sup>"),
     (1e6, "10<sup>6</sup>"), (0, "0")],
)  # fmt: skip
def test_tick_texts(value, shown):
    assert tick_text(value) == shown


def test_an_axis_is_given_in_its_own_values():
    layout = log_layout(0.01, 1.0)
    assert layout["range"] == [-2, 0]
    assert layout["tickvals"][0] == pytest.approx(0.01)
    assert log_bar(0.01, 1.0)["tickvals"][0] == pytest.approx(-2)

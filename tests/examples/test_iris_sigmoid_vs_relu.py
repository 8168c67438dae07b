"""The lecture's experiment, shortened to an eighth: the order of the two is there already."""

from __future__ import annotations

import pytest

from examples import iris_sigmoid_vs_relu
from examples.iris_sigmoid_vs_relu import compare, line


def test_sigmoid_stays_behind_and_its_gradient_shrinks_towards_the_inputs() -> None:
    sigmoid, relu = compare(n_epochs=60, n_seeds=2)
    assert max(relu.train_losses) < min(sigmoid.train_losses) - 0.05
    assert sigmoid.first_gradient / sigmoid.last_gradient < 0.3
    assert relu.first_gradient / relu.last_gradient > 0.5
    assert line(relu).split()[-5:-2] == ["0.27", "/", "0.26"]


@pytest.mark.slow
def test_after_all_epochs_the_loss_is_several_times_higher() -> None:
    sigmoid, relu = compare(n_seeds=3)
    assert min(sigmoid.train_losses) > 3 * max(relu.train_losses)


def test_script_prints_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["iris", "--epochs", "1", "--seeds", "1"])
    iris_sigmoid_vs_relu.main()
    assert [row.split()[0] for row in capsys.readouterr().out.splitlines()] == [
        "activation", "sigmoid", "relu",
    ]  # fmt: skip

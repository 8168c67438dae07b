"""A search space of your own, in TOML: ranges narrowed, widened, fixed and opened, with reasons.

    python examples/own_search_space.py

What the file does not name keeps its default. `automl spaces mlp` prints the built-in space, a
reason beside each range; what is fixed there, as `l1`, is opened by a range.
"""

from __future__ import annotations

from pathlib import Path

import automl
import search_spaces

SPACE = """
[n_layers]
type = "int"
low = 1
high = 3
reason = "narrower than the built-in range: the table is small"

[learning_rate]
type = "float"
low = 1e-5
high = 1e-1
log = true
reason = "wider at its lower end: 100 epochs are allowed"

[activation]
type = "categorical"
choices = ["relu", "silu"]

[l1]
type = "float"
low = 1e-6
high = 1e-3
log = true
reason = "opened: the built-in space fixes it at 0"

[optimizer]
type = "categorical"
choices = ["adamw", "momentum"]

[momentum]
type = "float"
low = 0.8
high = 0.99
when = { optimizer = ["momentum"] }
"""


def written(folder: Path) -> Path:
    """The space as a file, as `--space` and `space=` take it."""
    path = folder / "mine.toml"
    path.write_text(SPACE, encoding="utf-8")
    return path


def main() -> None:
    """Show the space, and search it; `set` narrows it further for this one study."""
    path = written(Path())
    for name, parameter in search_spaces.load(path).parameters.items():
        print(f"{name:<16}{parameter.to_dict()}")
    result = automl.search(
        "sklearn:breast_cancer",
        space=path,
        set=["batch_size=32"],
        n_trials=15,
        max_epochs=100,
        storage="sqlite:///own_space.db",
    )
    print(result.trials_dataframe()[["value", "n_layers", "activation", "optimizer"]].to_string())


if __name__ == "__main__":
    main()

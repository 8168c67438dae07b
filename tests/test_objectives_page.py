"""docs/objectives.md is true: its code runs from top to bottom, and its links lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from automl.objectives.losses import KEYS
from automl.options.option import options_of
from automl.options.search_options import TuneOptions
from automl.tuning.paused_trials import MOST_OF_UNKNOWN_SIZE, SHARE_OF_MEMORY
from search_spaces.hyperparameter import ROLES
from tests.contracts.page_code import ROOT, blocks, printed_by

PAGE = ROOT / "docs" / "objectives.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_its_code_runs_from_top_to_bottom(tmp_path: Path) -> None:
    code = "\n".join(blocks(TEXT, "python")).replace("max_epochs=20", "max_epochs=20, workers=1")
    found, n_weights = printed_by(code.replace("study=", "workers=1, study="), tmp_path)
    assert (tmp_path / "objective.html").exists()
    weights = ast.literal_eval(found[found.rindex("[") :])
    assert max(abs(one - place) for place, one in enumerate(weights)) < 0.5
    assert n_weights == "5"


def test_what_it_names_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert (PAGE.parent / target).exists(), target
    named = set(re.findall(r"`(\w+)=", TEXT))
    assert named <= options_of(TuneOptions).keys(), "options"
    assert all(f"`{key}`" in TEXT for key in KEYS)
    assert all(f"`{role}`" in TEXT for role in ROLES)
    assert SHARE_OF_MEMORY == 0.1 and "a tenth of the machine's memory" in TEXT
    assert f"at most {MOST_OF_UNKNOWN_SIZE} rest" in TEXT

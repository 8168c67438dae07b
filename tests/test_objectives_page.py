"""docs/objectives.md is true: its code runs from top to bottom, and its links lead somewhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from automl.objectives.losses import KEYS
from automl.options.option import options_of
from automl.options.search_options import TuneOptions
from automl.tuning.paused_trials import MOST_OF_UNKNOWN_SIZE, SHARE_OF_MEMORY

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "objectives.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_its_code_runs_from_top_to_bottom(tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    blocks = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
    code = "\n".join(blocks).replace("max_epochs=20", "max_epochs=20, workers=1")
    script.write_text(code.replace("study=", "workers=1, study="), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "objective.html").exists()
    found, n_weights = done.stdout.splitlines()
    weights = ast.literal_eval(found[found.rindex("[") :])
    assert max(abs(one - place) for place, one in enumerate(weights)) < 0.5
    assert n_weights == "5"


def test_what_it_names_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert (PAGE.parent / target).exists(), target
    named = set(re.findall(r"`(\w+)=", TEXT))
    assert named <= options_of(TuneOptions).keys(), "options"
    assert all(f"`{key}`" in TEXT for key in KEYS)
    assert SHARE_OF_MEMORY == 0.1 and "a tenth of the machine's memory" in TEXT
    assert f"at most {MOST_OF_UNKNOWN_SIZE} rest" in TEXT

"""Predictions over HTTP: `automl serve` in a process of its own, asked from Python.

    pip install "automl-torch[serve]"
    python examples/ask_a_server.py

Who asks needs neither this project nor PyTorch: a row is a JSON object with the columns' names. A
fault is answered with 422, and says which column of which row it is.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import automl

SERVE = (sys.executable, "-c", "import cli; cli.main()", "serve")
"""`automl serve`, whether or not the environment is activated."""


@contextmanager
def served(study: str, storage: str) -> Iterator[str]:
    """Serve a study on a free port for as long as the block lasts; its address is given."""
    command = [*SERVE, study, "--port", "0", "--storage", storage]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            said = ""
            while not (found := re.search(r"on (http://\S+)", said)):
                line = server.stderr.readline()
                if not line:
                    raise RuntimeError(said)
                said += line
            yield found[1]
        finally:
            server.terminate()


def ask(address: str, rows: Any = None) -> Any:
    """What is answered: to rows, or what a row looks like."""
    if rows is None:
        asked = urllib.request.Request(f"{address}/schema")
    else:
        asked = urllib.request.Request(f"{address}/predict", json.dumps(rows).encode())
    try:
        with urllib.request.urlopen(asked) as answered:
            return json.load(answered)
    except urllib.error.HTTPError as error:
        return json.load(error)


def main() -> None:
    """Search, serve, and ask: about one row, two rows, and one that is not in order."""
    url = "sqlite:///flowers.db"
    automl.search("sklearn:iris", study="flowers", n_trials=12, max_epochs=20, storage=url)
    with served("flowers", url) as address:
        row = ask(address)["row"]["example"]
        for rows in (row, [row, row], {**row, "petal length (cm)": "long"}):
            print(json.dumps(ask(address, rows)))


if __name__ == "__main__":
    main()

"""The server as a person starts it: from the shell, asked a thousand times, ended by Ctrl-C."""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import cli
from automl.errors import ConfigError
from automl.serving import server
from automl.serving.server import serve_model
from automl.studies import load_study
from tests.contracts.untrained_models import people

ROOT = Path(__file__).resolve().parents[3]
QUICK = ("--n-trials", "1", "--max-epochs", "1", "--folds", "1", "--workers", "1")


def test_missing_packages_are_named_with_what_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "PACKAGES", ("no_such_fastapi", "uvicorn"))
    told = r'the package no_such_fastapi, which is not .*: pip install "automl-torch\[serve\]"'
    with pytest.raises(ConfigError, match=told):
        serve_model(None)  # type: ignore[arg-type]


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} cannot be opened"):
            serve_model(None, port=port)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="cannot be opened"):
        serve_model(None, host="no such host", port=0)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    people().drop(columns="income").to_csv(folder / "people.csv", index=False)
    storage = ("--storage", f"sqlite:///{folder}/automl.db")
    search = ("search", str(folder / "people.csv"), "--target", "kind", *QUICK, *storage)
    done = CliRunner().invoke(cli.main, [*search, "--no-references"])
    assert done.exit_code == 0, done.output
    return folder


class Served:
    """A server in a process of its own."""

    def __init__(self, folder: Path) -> None:
        command = (sys.executable, str(ROOT / "cli.py"), "serve", "people-kind", "--port", "0")
        self.process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
        self.told: list[str] = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told.append(line)
            if found := re.search(r"on (http://127\.0\.0\.1:\d+) \(Ctrl-C", line):
                self.address = found[1]
                return
        raise AssertionError("".join(self.told))

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, Any]:
        request = urllib.request.Request(self.address + path, body)
        try:
            with urllib.request.urlopen(request, timeout=120) as answered:
                return answered.status, json.load(answered)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def interrupt(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        _, rest = self.process.communicate(timeout=60)
        return self.process.returncode, rest


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    one = Served(folder)
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.communicate()


@pytest.mark.slow
def test_a_thousand_requests_good_and_bad_and_ctrl_c(served: Served, folder: Path) -> None:
    model = load_study("people-kind", f"sqlite:///{folder}/automl.db").best_model()
    rows = people().drop(columns=["income", "kind"]).to_dict("records")
    expected = model.predict(rows).tolist()
    bad = [b"", b"{", b"[]", b'{"age": NaN}', b'[{"age": "old"}]', b"\xff", b"x" * (11 << 20)]

    def ask(number: int) -> int:
        if number % 7 == 0:
            status, answered = served.ask("/predict", bad[number // 7 % len(bad)])
            assert status in (413, 422) and answered["detail"][0]["message"]
            assert "Traceback" not in str(answered)
            return status
        some = random.Random(number).sample(range(len(rows)), 1 + number % 5)
        body = json.dumps([rows[place] for place in some]).encode()
        status, answered = served.ask("/predict", body)
        told = [one["prediction"] for one in answered["predictions"]]
        assert told == [expected[place] for place in some]
        return status

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(ask, range(1000)))
    assert statuses[200] == 857
    assert statuses[413] + statuses[422] == 143 and statuses[413] > 0
    assert served.ask("/health")[1]["status"] == "ok"
    code, rest = served.interrupt()
    assert (code, rest) == (0, ""), "quietly"

"""The dashboard answers pages of this machine, and no others: a real server is asked."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

from automl.errors import ConfigError
from automl.report.dashboard_guard import host_names
from tests.contracts.interrupts import hear_interrupts

pytest.importorskip("optuna_dashboard")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """The port of a running dashboard, and the URL of its database."""
    url = f"sqlite:///{tmp_path_factory.mktemp('served')}/automl.db"
    optuna.create_study(study_name="kept", storage=url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "cli.py"), "dashboard", "--storage", url),
            *("--port", str(port), "--host-name", "Lab.example.org"),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        preexec_fn=hear_interrupts,
    )
    try:
        _wait_for(port)
        yield port, url
    finally:
        told = _interrupted(process)
    assert process.returncode == 0
    assert b"Traceback" not in told


def _interrupted(process: subprocess.Popen[bytes]) -> bytes:
    """Press Ctrl-C once, maybe amid an answer, and return what the program has told."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=30)[1]
    finally:
        process.kill()


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError


def ask(port: int, method: str, path: str, host: str | None, **headers: str) -> tuple[int, bytes]:
    """Send a request with this Host, or with none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    if host is not None:
        connection.putheader("Host", host.format(port=port))
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value.format(port=port))
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:{port}", "LOCALHOST:80", "127.0.0.1:{port}", "[::1]:{port}"),
        *("lab.example.org", "LAB.example.org:443"),
    ],
)
def test_names_of_loopback_and_those_that_were_named_are_answered(
    host: str, server: tuple[int, str]
) -> None:
    assert ask(server[0], "GET", "/api/studies", host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:{port}",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
        ),
        *("evil.example#localhost", "localhost@evil.example", "xlocalhost", "example.org", ""),
        *("0.0.0.0:{port}", "127.0.0.1:{port}:80", None, "\xff\x1b[2J"),
    ],
)
def test_any_other_name_is_refused_in_one_line(host: str | None, server: tuple[int, str]) -> None:
    for method, path in (
        ("GET", "/api/studies"),
        ("GET", "/dashboard"),
        ("DELETE", "/api/studies/1"),
    ):
        status, body = ask(server[0], method, path, host)
        assert status == 403
        assert body.startswith(b"The dashboard answers to localhost and to names given with")
        assert body.decode("ascii").strip("\n").isprintable()
    assert optuna.get_all_study_names(server[1]) == ["kept"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Origin": "http://[", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://localhost:{port}"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/studies/1"),
        ("POST", "/api/studies/1/rename"),
        ("PUT", "/api/studies/1/note"),
    ],
)
def test_other_sites_change_nothing(
    method: str, path: str, headers: dict[str, str], server: tuple[int, str]
) -> None:
    status, body = ask(server[0], method, path, "localhost:{port}", **headers)
    assert (status, b"not from another site" in body) == (403, True)
    assert optuna.get_all_study_names(server[1]) == ["kept"]


def test_its_own_pages_change_what_they_show(server: tuple[int, str]) -> None:
    port, url = server
    study = optuna.create_study(study_name="to delete", storage=url)
    own = {"Origin": "http://localhost:{port}", "Sec_Fetch_Site": "same-origin"}
    path = f"/api/studies/{study._study_id}"
    assert ask(port, "DELETE", path, "localhost:{port}", **own)[0] == 204
    assert optuna.get_all_study_names(url) == ["kept"]


@pytest.mark.parametrize("name", ["*", "", "a b", "a:80", "http://a", "-a", "é"])
def test_what_is_no_name_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match="a host name must be one as in an address"):
        host_names([name])

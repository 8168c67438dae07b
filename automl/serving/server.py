"""The server of a model: listens on this machine unless told otherwise, until Ctrl-C."""

from __future__ import annotations

import importlib.util
import logging
import socket

from automl.errors import ConfigError
from automl.serving.model_sources import ModelSource, loaded
from automl.system.interruption import run_until_interrupted

PACKAGES = ("fastapi", "uvicorn")

MOST_AT_ONCE = 200
"""Requests that wait for an answer; further ones are told to come again (503)."""

GRACE_SECONDS = 3
"""How long answers that are being given may take once the server is to end."""

ONLY_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def serve_model(source: ModelSource, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve a model over HTTP until Ctrl-C.

    Args:
        host: the address to listen at; 0.0.0.0: at all of this machine's, for anyone who gets
            through to it, since nobody is asked for a password.
        port: 0: any that is free.

    Raises:
        ConfigError: the packages of the extra `serve` are missing, the address cannot be
            listened at, or the model is none of tables.
    """
    _require_packages()
    with _listening(host, port) as listener:
        model = loaded(source)
        import torch
        import uvicorn

        from automl.serving.application import LOOPBACK, make_application

        torch.set_num_threads(1)
        names = LOOPBACK if host in ONLY_HERE else ("*",)
        config = uvicorn.Config(
            make_application(model, source.words, host_names=names),
            log_level="warning",
            access_log=False,
            lifespan="off",
            limit_concurrency=MOST_AT_ONCE,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = uvicorn.Server(config)
        number = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        logging.getLogger("automl").info(
            "serving %s on http://%s:%d (Ctrl-C ends it)", source.words, shown, number
        )

        def stop() -> None:
            server.should_exit = True

        run_until_interrupted(lambda: server.run(sockets=[listener]), stop)


def _require_packages() -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"serving needs the {'packages' if len(missing) > 1 else 'package'} "
            f"{' and '.join(missing)}, which {'are' if len(missing) > 1 else 'is'} not installed: "
            'pip install "automl-torch[serve]"'
        )


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"an address must be one of this machine with a free port, but {host} port {port} "
            f"cannot be opened ({reason}); choose another with --host or --port"
        ) from error

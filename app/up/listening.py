"""The API's address, looked at from outside."""

import errno
import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

from app.up.data_dir import UpProblem

_FAULTS_OF_THE_PORT = (errno.EADDRINUSE, errno.EACCES)


def check_port(host: str, port: int) -> None:
    """Raise `UpProblem` if the API could not listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            option = "--port" if error.errno in _FAULTS_OF_THE_PORT else "--host"
            raise UpProblem(
                f"Port {port} on {host} cannot be used: {error.strerror}. Choose another with {option}."
            ) from None


def is_ready(host: str, port: int) -> bool:
    """Whether the API says that it and what it needs can be used."""
    return bool(readiness(host, port).get("ready"))


def readiness(host: str, port: int) -> Mapping[str, Any]:
    """What the API says of itself (see `/readyz`); nothing while nobody answers."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asked, not bound
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        said: Mapping[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    else:
        return said
    finally:
        connection.close()

"""Taking the port that a server listens on."""

import errno
import os
import socket

from okrgraph.kit.errors import OperatorError


def bound(host: str, port: int) -> socket.socket:
    """Take the port before anything else is done. Raises OperatorError when somebody has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        # Bound alone does not keep others away, with the reuse of addresses that have just been left.
        _require_unused(host, port)
    except OSError as error:
        taken.close()
        raise OperatorError(
            f"Port {port} of {host} cannot be had ({error.strerror}); choose another with --port."
        ) from error
    return taken


def _require_unused(host: str, port: int) -> None:
    if port == 0:
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(0.2)
        if probe.connect_ex((host, port)) == 0:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

"""A port of this machine that nobody listens on."""

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Returns a TCP port of 127.0.0.1 that is free now; another program may take it meanwhile."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])

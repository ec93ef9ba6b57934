"""A cluster that is not there is told in a line."""

import socket

import pytest

from ray_app.batch.ray_session import ray_session
from ray_app.domain.errors import ClusterError


def test_nothing_at_the_address_is_told_at_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        is_told = pytest.raises(ClusterError, match=r"no Ray at 127.0.0.1:.*is the cluster up")
        with is_told, ray_session(address, 1, 0):
            pass

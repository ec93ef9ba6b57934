"""Where the HTTP API and the live page answer, and who may use them."""

import ipaddress

from ray_app.domain.ranges import KeyFault, between, one_of, refuse_faults
from ray_app.domain.settings import settings

ROLES = ("viewer", "operator", "admin")
"""Each may do what the ones before it may."""


@settings
class ApiSettings:
    """The HTTP API and the live page.

    Attributes:
        host: Address to listen at. Any other than a loopback address needs keys_file.
        port: TCP port.
        keys_file: File of API keys, as `vigie keys new` writes it, relative to the site file.
        loopback_role: What somebody on this machine may do without a key, while keys_file
            is not given.
        session_hours: How long a sign-in on the live page lasts.
        preview_hz: Most previews a camera sends each viewer per second.
        logins_per_minute: Most sign-ins tried per minute, by one address.
        body_kb: Largest request body, thousands of bytes.
    """

    host: str = "127.0.0.1"
    port: int = 8180
    keys_file: str | None = None
    loopback_role: str = "operator"
    session_hours: float = 12.0
    preview_hz: float = 2.0
    logins_per_minute: int = 10
    body_kb: int = 64

    def __post_init__(self) -> None:
        refuse_faults(
            _host_fault(self.host),
            between("port", self.port, 1, 65535),
            _keys_fault(self.host, self.keys_file),
            one_of("loopback_role", self.loopback_role, ROLES),
            between("session_hours", self.session_hours, 0.1, 168),
            between("preview_hz", self.preview_hz, 0.1, 10),
            between("logins_per_minute", self.logins_per_minute, 1, 1000),
            between("body_kb", self.body_kb, 1, 1000),
        )


def is_loopback(host: str) -> bool:
    """Returns whether only this machine reaches a server that listens at host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_fault(host: str) -> KeyFault | None:
    if host == "localhost":
        return None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "host", f"{host!r} is no IP address; as 127.0.0.1, or 0.0.0.0 for every network"
    return None


def _keys_fault(host: str, keys_file: str | None) -> KeyFault | None:
    if keys_file is not None and not keys_file.strip():
        return "keys_file", "is empty; give a path, as keys.yaml, or leave the key out"
    if keys_file is None and not is_loopback(host):
        return "host", (
            f"{host} is reached from outside this machine: it needs keys; "
            "make one with `vigie keys new`, give its keys_file"
        )
    return None

"""Which hosts may be talked to at all."""

import fnmatch
import ipaddress

from ray_app.domain.errors import ConfigError


def check_host(host: str, allowed: tuple[str, ...], shown: str) -> None:
    """Refuses a host that nobody allowed.

    Args:
        host: Name or address, as written.
        allowed: Names with * and ?, addresses, or networks as 10.0.0.0/8. Of networks and
            addresses only hosts written as addresses are members: names are not looked up, for
            what a name means may change between the check and the connection.
        shown: What it belongs to, for the message.

    Raises:
        ConfigError: No host, or not an allowed one.
    """
    if not host:
        raise ConfigError(f"{shown}: names no host")
    if not any(_matches(host, pattern) for pattern in allowed):
        raise ConfigError(f"{shown}: host {host!r} is not allowed; allowed: {', '.join(allowed)}")


def _matches(host: str, pattern: str) -> bool:
    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return fnmatch.fnmatchcase(host.lower(), pattern.lower())
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False

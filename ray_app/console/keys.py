"""API keys: made once, shown once, kept as a hash."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from ray_app.console.caller import Caller, Role

MARK = "vigie"
NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, as it is kept: nobody can call with what stands here.

    Attributes:
        name: Whose it is; acknowledgements and the journal carry it.
        prefix: First characters of the key, to tell keys apart.
        sha256: Of the whole key, hexadecimal. The key holds 256 random bits, so that a plain
            hash is enough: there is no dictionary to try.
        made_at: When it was made, with a time zone.
        expires_at: When it ends; None for never.
    """

    name: str
    role: Role
    prefix: str
    sha256: str
    made_at: datetime
    expires_at: datetime | None = None


def new_key(
    name: str, role: Role, made_at: datetime, expires_at: datetime | None = None
) -> tuple[str, ApiKey]:
    """Returns the secret, to be shown once, and what is kept of it."""
    prefix = f"{MARK}_{secrets.token_hex(4)}"
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    return secret, ApiKey(name, role, prefix, digest_of(secret), made_at, expires_at)


def digest_of(secret: str) -> str:
    """Returns the hash a key is kept as."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys of a site."""

    keys: tuple[ApiKey, ...]

    def key_of(self, secret: str, now: datetime) -> ApiKey | None:
        """Returns the key a secret belongs to, in a time that does not tell which one."""
        digest = digest_of(secret)
        found = None
        for key in self.keys:
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found if found is None or not _is_over(found, now) else None

    def named(self, prefix: str, now: datetime) -> ApiKey | None:
        """Returns the key of a prefix, as a session names it; None when it is gone or over."""
        found = next((key for key in self.keys if key.prefix == prefix), None)
        return found if found is None or not _is_over(found, now) else None


def caller_of(key: ApiKey) -> Caller:
    """Returns who a key stands for."""
    return Caller(key.name, key.role)


def _is_over(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and now >= key.expires_at

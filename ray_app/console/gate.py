"""Lets callers in: by key, by sign-in, or without either on a machine of one's own."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from ray_app.config.api_settings import is_loopback
from ray_app.console.caller import Caller, Role
from ray_app.console.key_book import KeyBook
from ray_app.console.keys import ApiKey, caller_of
from ray_app.console.problems import ProblemError
from ray_app.console.sessions import COOKIE, CSRF_HEADER, Sessions
from ray_app.domain.errors import ConfigError

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
BEARER = HTTPBearer(
    auto_error=False, scheme_name="key", description="An API key, as `vigie keys new` prints it."
)
SESSION = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name="session",
    description=f"A sign-in of the live page; changes also need the header {CSRF_HEADER}.",
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gate:
    """Tells who calls.

    Args:
        book: The keys.
        sessions: Signs the page's cookies.
        loopback_role: Of callers on this machine, where there are no keys.
        now_s: Returns seconds since 1970.
    """

    book: KeyBook
    sessions: Sessions
    loopback_role: Role
    now_s: Callable[[], float] = time.time

    def caller_of(self, request: Request, key: str | None, cookie: str | None) -> Caller:
        """Returns who calls. Raises ProblemError 401 or 403."""
        if self.book.is_open:
            return self._local(request)
        if key is not None:
            return caller_of(self.key_of(key))
        if cookie:
            return self._signed_in(request, cookie)
        raise _unknown(
            "no key; send it as `Authorization: Bearer KEY`, or sign in on the live page"
        )

    def key_of(self, secret: str) -> ApiKey:
        """Returns the key of a secret. Raises ProblemError 401."""
        known = self._ring_key(lambda: self.book.ring().key_of(secret, self._moment()))
        if known is None:
            raise _unknown("unknown, revoked or expired key")
        return known

    def session_key(self, cookie: str) -> ApiKey:
        """Returns the key behind a sign-in. Raises ProblemError 401."""
        prefix = self.sessions.prefix_in(cookie)
        key = self._ring_key(lambda: self.book.ring().named(prefix, self._moment()))
        if key is None or not self.sessions.is_valid(cookie, key, self.now_s()):
            raise _unknown("the sign-in is over; sign in again")
        return key

    def _signed_in(self, request: Request, cookie: str) -> Caller:
        key = self.session_key(cookie)
        token = request.headers.get(CSRF_HEADER, "")
        if request.method not in SAFE_METHODS and not self.sessions.is_csrf_token(
            token, cookie, key
        ):
            raise ProblemError(403, f"a change needs the header {CSRF_HEADER} of this sign-in")
        return caller_of(key)

    def _local(self, request: Request) -> Caller:
        # A page of another site may resolve its own name to this machine (DNS rebinding).
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        if not is_loopback(host):
            raise ProblemError(403, "without keys only 127.0.0.1 and localhost are answered")
        if any(name in request.headers for name in FORWARDING):
            raise _unknown("came through a proxy: that needs keys; give `keys_file`")
        return Caller("local", self.loopback_role)

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.now_s(), UTC)

    def _ring_key(self, find: Callable[[], ApiKey | None]) -> ApiKey | None:
        try:
            return find()
        except ConfigError as error:
            logger.warning("keys cannot be read, nobody is let in: %s", error)
            raise ProblemError(503, "the file of keys cannot be read; see the log") from None


def refuse_other_sites(request: Request) -> None:
    """Refuses a change that another site asks a browser for; browsers tell where it comes from."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if elsewhere or request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise ProblemError(403, "changes come from the live page itself, not from another site")


def _unknown(detail: str) -> ProblemError:
    return ProblemError(401, detail, headers={"WWW-Authenticate": 'Bearer realm="vigie"'})


def gate_of(request: Request) -> Gate:
    """Returns the gate of the app that was called."""
    gate: Gate = request.app.state.gate
    return gate


async def _caller(
    request: Request,
    key: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    cookie: Annotated[str | None, Security(SESSION)],
) -> Caller:
    return gate_of(request).caller_of(request, key.credentials if key else None, cookie)


def _needing(role: Role) -> Callable[[Caller], Caller]:
    def allowed(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        if not caller.role.allows(role):
            raise ProblemError(403, f"{caller.name} is {caller.role}; this needs {role}")
        return caller

    return allowed


Viewer = Annotated[Caller, Depends(_needing(Role.VIEWER))]
Operator = Annotated[Caller, Depends(_needing(Role.OPERATOR))]
Admin = Annotated[Caller, Depends(_needing(Role.ADMIN))]

"""Sign-ins of the live page: a signed cookie, and a token that other sites cannot guess."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from ray_app.console.keys import ApiKey

COOKIE = "vigie_session"
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True, slots=True)
class Sessions:
    """Signs and checks cookies; keeps nothing, so that every replica knows every session.

    Args:
        secret: Random bytes that all replicas of one start share.
        length_s: How long a sign-in lasts.
    """

    secret: bytes
    length_s: float

    def cookie_for(self, key: ApiKey, now_s: float) -> str:
        """Returns the value of the cookie."""
        body = f"{key.prefix}.{int(now_s + self.length_s)}.{secrets.token_hex(8)}"
        return f"{body}.{self._sign('session', body, key)}"

    def prefix_in(self, cookie: str) -> str:
        """Returns which key a cookie claims to come from; "" when it is damaged."""
        parts = cookie.split(".")
        return parts[0] if len(parts) == 4 else ""

    def is_valid(self, cookie: str, key: ApiKey, now_s: float) -> bool:
        """Returns whether a cookie was made by us for this key, and is not over."""
        body, _, signature = cookie.rpartition(".")
        parts = body.split(".")
        if len(parts) != 3 or not cookie.isascii() or not parts[1].isdigit():
            return False
        genuine = hmac.compare_digest(self._sign("session", body, key), signature)
        return genuine and now_s < int(parts[1][:15])

    def csrf_token(self, cookie: str, key: ApiKey) -> str:
        """Returns the token every change must carry beside the cookie."""
        return self._sign("csrf", cookie, key)

    def is_csrf_token(self, token: str, cookie: str, key: ApiKey) -> bool:
        """Returns whether a token belongs to the cookie."""
        return token.isascii() and hmac.compare_digest(self.csrf_token(cookie, key), token)

    def _sign(self, purpose: str, text: str, key: ApiKey) -> str:
        # The key's own hash is part of it: a key that is made again ends its old sessions.
        message = f"{purpose}|{key.sha256}|{text}".encode()
        digest = hmac.new(self.secret, message, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

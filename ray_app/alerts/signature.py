"""Signatures of the Standard Webhooks form (standardwebhooks.com, specification 1.0.0)."""

import base64
import binascii
import hashlib
import hmac

from ray_app.domain.errors import ConfigError
from ray_app.outside.secrets import Secret

PREFIX = "whsec_"


def signing_key(secret: Secret, shown: str) -> bytes:
    """Returns the key of a secret: `whsec_` and base64, or any other text as it is.

    Raises:
        ConfigError: Too short to sign with, or not base64. The message shows no secret.
    """
    text = secret.reveal()
    try:
        key = (
            base64.b64decode(text.removeprefix(PREFIX), validate=True)
            if text.startswith(PREFIX)
            else text.encode()
        )
    except binascii.Error:
        raise ConfigError(f"{shown}: what follows {PREFIX} in the secret is not base64") from None
    if len(key) < 16:
        raise ConfigError(
            f"{shown}: the secret is too short; give {PREFIX} and the base64 of 24 random bytes"
        )
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Returns the header webhook-signature: `v1,` and base64 of HMAC-SHA256."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()

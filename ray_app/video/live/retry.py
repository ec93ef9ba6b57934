"""When to try again after a stream failed."""

from ray_app.outside.retry import Retries, RetrySettings

__all__ = ["Retries", "RetrySettings"]

"""Decides which decoded pictures are whole after something broke."""

import math

from ray_app.video.pictures import Loss

RARE_KEYS_S = 10.0


class Wholeness:
    """Follows one file's pictures; gives the same verdicts wherever reading began.

    What a decoder shows after a broken packet depends on what it saw before, and most damage
    carries no mark. So the verdict rests on the stream alone: from the broken packet's place in
    decoding order to the next key picture shown after it, nothing is whole. Pictures shown
    before that place were decoded before it. Where keys are rarer than RARE_KEYS_S, pictures are
    taken again that long after the last fault, since encoders refresh without keys, too.
    """

    def __init__(self) -> None:
        self._lost_from_s: float | None = -math.inf
        self._broken_until_s = -math.inf
        self._cause = "begins without a key picture"
        self._needs_key = True
        self._last_s = -math.inf

    def breaks(self, decoded_at_s: float, shown_at_s: float, cause: str) -> None:
        """Takes note of a fault.

        Args:
            decoded_at_s: Decoding time stamp of what broke; every picture shown by then is whole.
            shown_at_s: Its presentation time stamp; a key mends only when shown after it.
            cause: What broke, for a person.
        """
        if self._lost_from_s is None:
            self._lost_from_s = max(decoded_at_s, self._last_s)
            self._broken_until_s = -math.inf
            self._cause = cause
        self._broken_until_s = max(self._broken_until_s, decoded_at_s, shown_at_s)

    def begins(self) -> None:
        """Takes note that the first packet is a key the file hides: what follows needs no other.

        A trimmed file keeps the group it was cut in, and hides its pictures before the cut.
        """
        if self._last_s == -math.inf and self._broken_until_s == -math.inf:
            self._lost_from_s, self._needs_key = None, False

    def mended(self, time_s: float, is_key: bool) -> Loss | None:
        """Returns the loss that ends with an undamaged picture, if it ends one."""
        if self._lost_from_s is None or time_s <= self._broken_until_s:
            return None
        if not is_key and (self._needs_key or time_s < self._broken_until_s + RARE_KEYS_S):
            return None
        loss = self._loss_until(time_s)
        self._lost_from_s, self._needs_key = None, False
        return loss

    def is_whole(self, time_s: float) -> bool:
        """Says whether the picture shown at time_s can be trusted; times only grow."""
        if time_s <= self._last_s or (
            self._lost_from_s is not None and time_s >= self._lost_from_s
        ):
            return False
        self._last_s = time_s
        return True

    def loss_at_end(self) -> Loss | None:
        """Returns the loss that nothing mended before the file ended."""
        return None if self._lost_from_s is None else self._loss_until(math.inf)

    def _loss_until(self, end_s: float) -> Loss | None:
        start_s = 0.0 if self._lost_from_s is None else max(0.0, self._lost_from_s)
        return Loss(start_s, end_s, self._cause) if start_s < end_s else None

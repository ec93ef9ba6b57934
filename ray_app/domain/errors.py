"""Every error a caller may want to catch; the message says what to do."""


class VigieError(Exception):
    """Root of all errors raised on purpose."""


class ConfigError(VigieError):
    """A config file is wrong; the message lists every fault with its place."""


class FrameOrderError(VigieError):
    """Frames of one camera arrived out of order."""


class FootageError(VigieError):
    """A file cannot be read as video; the message names the file and the cause."""


class CalibrationError(VigieError):
    """A calibration cannot answer: degenerate points, no pose, a view too flat."""


class NotAuthorisedError(VigieError):
    """The authorisation does not cover what was asked."""


class StoreError(VigieError):
    """Results cannot be read or written: disk full, no permission, not a results folder."""


class WeightsError(VigieError):
    """A weights file is missing, altered or of another architecture."""


class ClusterError(VigieError):
    """Ray does not start, or nothing answers at its address."""


class Interrupted(VigieError):  # noqa: N818  it is no error of anybody's
    """Somebody stopped it; the message says what stays and how to go on."""

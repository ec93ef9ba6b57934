"""The text of one DJI telemetry cue to a pose: by key, never by layout.

Conventions were read off the samples of github.com/JuanIrache/DJI_SRT_Parser (MIT) and off the
layouts of Matrice 30/300 and Mavic 3E quoted in public projects.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ray_app.domain.observation import DronePose

FULL_FRAME_WIDTH_MM = 36.0
_NUMBER = r"([-+]?\d{1,9}(?:\.\d{1,12})?)"
# A number at the very end of a cut file may have lost digits: something must follow it.
_WHOLE = _NUMBER + r"(?![\d.])(?=[\s\S])"


# One pass finds every `key: number`; a pattern per key is five times slower.
_KEYED = re.compile(rf"(?<![\w.])([A-Za-z_][\w.]*)\s*:\s*{_WHOLE}")
_GPS = re.compile(rf"GPS\s*\(\s*{_NUMBER}\s*,\s*{_WHOLE}")
_HOME_HEIGHT = re.compile(rf"[\s,]H\s+{_WHOLE}\s*m(?![\w/])")
_GIMBAL = re.compile(rf"G\.PRY\s*\(\s*{_NUMBER}[^\d,]*,\s*{_NUMBER}[^\d,]*,\s*{_WHOLE}")
_CLOCK = re.compile(
    r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})"
    r"(?:[.,](\d{3})(?!\d)(?:[.,](\d{3})(?!\d))?)?"
)


def read_pose(text: str, gps_order: str, altitude_reference: str) -> DronePose:
    """Returns what a cue tells of the pose; members missing, cut or impossible are None.

    Args:
        text: The cue's lines.
        gps_order: Order of bare `GPS(a, b, ...)`: "lon_lat" or "lat_lon".
        altitude_reference: What a plain `altitude` counts from: "take_off", or "unknown",
            which leaves it out: Mavic 2 writes it above sea level, others above take-off.
    """
    keyed = _Keyed.read(text)
    latitude, longitude = _place(text, keyed, gps_order)
    pitch, roll, yaw = _gimbal_angles(text, keyed)
    return DronePose(
        latitude_deg=latitude,
        longitude_deg=longitude,
        height_m=_height(text, keyed, altitude_reference),
        yaw_deg=_within(yaw, 360.0),
        pitch_deg=_within(pitch, 180.0),
        roll_deg=_within(roll, 180.0),
        horizontal_fov_deg=_field_of_view(keyed),
    )


def read_clock(text: str) -> datetime | None:
    """Returns the aircraft's local time in a cue, without a zone; None when absent or impossible.

    Fractions are written `.mmm`, `,mmm` or `,mmm,uuu` (milliseconds, then microseconds).
    """
    match = _CLOCK.search(text)
    if match is None:
        return None
    *whole, milliseconds, microseconds = (int(part or 0) for part in match.groups())
    year, month, day, hour, minute, second = whole
    try:
        return datetime(  # noqa: DTZ001  the aircraft does not tell its zone
            year, month, day, hour, minute, second, 1000 * milliseconds + microseconds
        )
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Keyed:
    """The numbers of a cue by their keys in small letters, as written."""

    written: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> "_Keyed":
        # Of a key that stands twice the first counts.
        return cls({key.lower(): number for key, number in reversed(_KEYED.findall(text))})

    def first(self, *keys: str) -> float | None:
        """Returns the number of the first of the keys that is there."""
        return next((float(self.written[key]) for key in keys if key in self.written), None)


def _place(text: str, keyed: _Keyed, gps_order: str) -> tuple[float | None, float | None]:
    # "longtitude" is how Mavic 2 spells it.
    latitude, longitude = keyed.first("latitude"), keyed.first("longitude", "longtitude")
    bare = _GPS.search(text)
    if latitude is None and longitude is None and bare:
        a, b = float(bare[1]), float(bare[2])
        latitude, longitude = (a, b) if gps_order == "lat_lon" else (b, a)
    if latitude == 0 and longitude == 0:  # what the aircraft writes before it has a fix
        return None, None
    return _within(latitude, 90.0), _within(longitude, 180.0)


def _height(text: str, keyed: _Keyed, altitude_reference: str) -> float | None:
    height = keyed.first("rel_alt", "barometer", "hb")
    if height is None and (match := _HOME_HEIGHT.search(text)):
        height = float(match[1])
    if height is None and altitude_reference == "take_off":
        height = keyed.first("altitude")
    return _within(height, 10_000.0)


def _gimbal_angles(text: str, keyed: _Keyed) -> tuple[float | None, float | None, float | None]:
    triple = _GIMBAL.search(text)
    if triple:
        return float(triple[1]), float(triple[2]), float(triple[3])
    pitch, roll = keyed.first("gb_pitch", "gimbal_pitch"), keyed.first("gb_roll", "gimbal_roll")
    return pitch, roll, keyed.first("gb_yaw", "gimbal_yaw")


def _field_of_view(keyed: _Keyed) -> float | None:
    """Returns 2 atan(36 mm / 2 f), f being the 35 mm equivalent focal length times the zoom.

    Whole numbers from 100 on count tenths of a millimetre (`240`: 24.0 mm), as `fnum` beside
    them counts hundredths; a zoom from 100 on counts ten-thousandths.
    """
    focal_mm = keyed.first("focal_len")
    if focal_mm is None:
        return None
    if "." not in keyed.written["focal_len"] and focal_mm >= 100:
        focal_mm /= 10
    zoom = keyed.first("dzoom", "dzoom_ratio") or 1.0
    focal_mm *= zoom / 10_000 if zoom >= 100 else zoom
    if not 1.0 <= focal_mm <= 10_000.0:
        return None
    return math.degrees(2 * math.atan(FULL_FRAME_WIDTH_MM / 2 / focal_mm))


def _within(value: float | None, limit: float) -> float | None:
    return value if value is not None and abs(value) <= limit else None

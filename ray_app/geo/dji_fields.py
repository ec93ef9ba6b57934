"""The text of one DJI telemetry cue to a pose: by key, never by layout.

Conventions were read off the samples of github.com/JuanIrache/DJI_SRT_Parser (MIT) and off the
layouts of Matrice 30/300 and Mavic 3E quoted in public projects.
"""

import math
import re
from datetime import datetime

from ray_app.domain.observation import DronePose

FULL_FRAME_WIDTH_MM = 36.0
_NUMBER = r"([-+]?\d{1,9}(?:\.\d{1,12})?)"
# A number at the very end of a cut file may have lost digits: something must follow it.
_WHOLE = _NUMBER + r"(?![\d.])(?=[\s\S])"


def _key(names: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{names})\s*:\s*{_WHOLE}", re.IGNORECASE)


_LATITUDE = _key("latitude")
_LONGITUDE = _key("longt?itude")
_GPS = re.compile(rf"\bGPS\s*\(\s*{_NUMBER}\s*,\s*{_WHOLE}", re.IGNORECASE)
_HEIGHT = _key("rel_alt|BAROMETER|Hb")
_HOME_HEIGHT = re.compile(rf"(?<![\w.])H\s+{_WHOLE}\s*m(?![\w/])")
_ALTITUDE = _key("altitude")
_YAW, _PITCH, _ROLL = (_key(f"(?:gb|gimbal)_{angle}") for angle in ("yaw", "pitch", "roll"))
_GIMBAL = re.compile(rf"G\.PRY\s*\(\s*{_NUMBER}[^\d,]*,\s*{_NUMBER}[^\d,]*,\s*{_WHOLE}")
_FOCAL_LENGTH = _key("focal_len")
_ZOOM = _key("dzoom(?:_ratio)?")
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
    latitude, longitude = _place(text, gps_order)
    pitch, roll, yaw = _gimbal_angles(text)
    return DronePose(
        latitude_deg=latitude,
        longitude_deg=longitude,
        height_m=_height(text, altitude_reference),
        yaw_deg=_within(yaw, 360.0),
        pitch_deg=_within(pitch, 180.0),
        roll_deg=_within(roll, 180.0),
        horizontal_fov_deg=_field_of_view(text),
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


def _place(text: str, gps_order: str) -> tuple[float | None, float | None]:
    latitude, longitude = _first(_LATITUDE, text), _first(_LONGITUDE, text)
    bare = _GPS.search(text)
    if latitude is None and longitude is None and bare:
        a, b = float(bare[1]), float(bare[2])
        latitude, longitude = (a, b) if gps_order == "lat_lon" else (b, a)
    if latitude == 0 and longitude == 0:  # what the aircraft writes before it has a fix
        return None, None
    return _within(latitude, 90.0), _within(longitude, 180.0)


def _height(text: str, altitude_reference: str) -> float | None:
    height = _first(_HEIGHT, text)
    if height is None:
        height = _first(_HOME_HEIGHT, text)
    if height is None and altitude_reference == "take_off":
        height = _first(_ALTITUDE, text)
    return _within(height, 10_000.0)


def _gimbal_angles(text: str) -> tuple[float | None, float | None, float | None]:
    triple = _GIMBAL.search(text)
    if triple:
        return float(triple[1]), float(triple[2]), float(triple[3])
    return _first(_PITCH, text), _first(_ROLL, text), _first(_YAW, text)


def _field_of_view(text: str) -> float | None:
    """Returns 2 atan(36 mm / 2 f), f being the 35 mm equivalent focal length times the zoom.

    Whole numbers from 100 on count tenths of a millimetre (`240`: 24.0 mm), as `fnum` beside
    them counts hundredths; a zoom from 100 on counts ten-thousandths.
    """
    match = _FOCAL_LENGTH.search(text)
    if match is None:
        return None
    focal_mm = float(match[1])
    if "." not in match[1] and focal_mm >= 100:
        focal_mm /= 10
    zoom = _first(_ZOOM, text) or 1.0
    focal_mm *= zoom / 10_000 if zoom >= 100 else zoom
    if not 1.0 <= focal_mm <= 10_000.0:
        return None
    return math.degrees(2 * math.atan(FULL_FRAME_WIDTH_MM / 2 / focal_mm))


def _first(pattern: re.Pattern[str], text: str) -> float | None:
    match = pattern.search(text)
    return float(match[1]) if match else None


def _within(value: float | None, limit: float) -> float | None:
    return value if value is not None and abs(value) <= limit else None

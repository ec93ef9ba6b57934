"""Numbers of a plan as a planner reads them."""


def percent(share: float) -> str:
    """Returns a share as per cent with as many digits as it needs."""
    value = 100 * share
    if value == 0:
        return "0 %"
    if value < 0.0001:
        return "< 0.0001 %"
    digits = 0 if value >= 20 else 1 if value >= 1 else 2 if value >= 0.1 else 3
    return f"{value:.{digits}f} %" if value >= 0.001 else f"{value:.4f} %"


def clock(seconds: float) -> str:
    """Returns a time on the event's clock: +1:05 or -0:30, hours and minutes."""
    minutes = round(seconds / 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"

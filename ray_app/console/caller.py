"""Who calls, and what they may do."""

import enum
from dataclasses import dataclass


class Role(enum.StrEnum):
    """What a key allows; each may do what the ones before it may."""

    VIEWER = "viewer"  # looks: cameras, situations, previews, evidence, load
    OPERATOR = "operator"  # also acknowledges, pauses and resumes
    ADMIN = "admin"  # also adds and removes cameras

    def allows(self, needed: "Role") -> bool:
        """Returns whether this role may do what needs the other one."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        name: Of the key that was used; "local" for somebody on this machine without one.
    """

    name: str
    role: Role

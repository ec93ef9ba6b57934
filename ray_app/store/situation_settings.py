"""What a site file says of how situations are kept."""

from ray_app.domain.ranges import KeyFault, between, refuse_faults
from ray_app.domain.settings import settings
from ray_app.outside.secrets import is_reference


@settings
class RetentionSettings:
    """How long things are kept; then they are deleted, and the journal proves it.

    Images of fixed cameras may be kept for one month and those of drones for seven days (CSI
    L.252-5, L.242-4); records of what was done for twelve months.

    Attributes:
        evidence_days: Stills and clips of fixed cameras.
        drone_evidence_days: Stills and clips of drones.
        changes_days: Every single change, for who listens and comes back; then a situation keeps
            its latest state, and of its steps all but the updates.
        situations_days: Situations with their steps and acknowledgements.
        journal_days: Journal entries.
    """

    evidence_days: float = 30.0
    drone_evidence_days: float = 7.0
    changes_days: float = 14.0
    situations_days: float = 365.0
    journal_days: float = 365.0

    def __post_init__(self) -> None:
        refuse_faults(
            between("evidence_days", self.evidence_days, 0, 30),
            between("drone_evidence_days", self.drone_evidence_days, 0, 7),
            between("changes_days", self.changes_days, 2, 365),
            between("situations_days", self.situations_days, self.evidence_days, 3650),
            between("journal_days", self.journal_days, 183, 3650),
        )


@settings
class EventStoreSettings:
    """Where situations are kept.

    Attributes:
        postgres: `${NAME}` or `${file:/path}` of a PostgreSQL connection string, as
            `postgresql://vigie@db.example/vigie`; none keeps them in the site's folder (SQLite).
        retention: How long.
    """

    postgres: str | None = None
    retention: RetentionSettings = RetentionSettings()

    def __post_init__(self) -> None:
        refuse_faults(_reference_fault(self.postgres))


def _reference_fault(text: str | None) -> KeyFault | None:
    if text is None or is_reference(text):
        return None
    return "postgres", "is written out; put it in the environment and write ${NAME}"

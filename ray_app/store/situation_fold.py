"""How a situation grows: pure, the same for every store."""

from dataclasses import replace

from ray_app.domain.situation import (
    Acknowledgement,
    EvidenceFile,
    Signal,
    Situation,
    Verdict,
)

LONGEST_REASON = 500
_ORDER = ("candidate", "opened", "updated", "closed", "lapsed")
_NEVER_OPENED = ("candidate", "lapsed")


def with_step(known: Situation | None, step: Signal) -> Situation:
    """Returns the situation after a step it had not taken; a late one does not turn it back."""
    event = step.event
    opened_at = step.taken_at if event.phase == "opened" else None
    peak = max(event.why.peak, event.level)
    if known is None:
        return Situation(step, opened_at, peak, step.evidence)
    return replace(
        known,
        latest=step if _rank(step) >= _rank(known.latest) else known.latest,
        opened_at=known.opened_at if opened_at is None else opened_at,
        peak=max(known.peak, peak),
        evidence=_joined(known.evidence, step.evidence),
    )


def with_evidence(known: Situation, files: tuple[EvidenceFile, ...]) -> Situation:
    """Returns the situation with more files that show it."""
    return replace(known, evidence=_joined(known.evidence, files))


def without_evidence(known: Situation) -> Situation:
    """Returns the situation with no file: they were deleted."""
    return replace(known, evidence=(), latest=replace(known.latest, evidence=()))


def new_files(
    known: tuple[EvidenceFile, ...], told: tuple[EvidenceFile, ...]
) -> tuple[EvidenceFile, ...]:
    """Returns the files that were not told before."""
    return tuple(file for file in told if file not in known)


def with_acknowledgement(known: Situation, said: Acknowledgement) -> Situation:
    """Returns the situation after a person said something; the same again changes nothing.

    Raises:
        ValueError: Nobody said it, a dismissal without reason, or nothing opened yet.
    """
    _check(known, said)
    last = known.acknowledgements[-1] if known.acknowledgements else None
    if last is not None and replace(last, at=said.at) == said:
        return known
    return replace(known, acknowledgements=(*known.acknowledgements, said))


def _check(known: Situation, said: Acknowledgement) -> None:
    if not said.person.strip():
        raise ValueError("nobody said it: an acknowledgement needs the name of a person's key")
    if said.verdict is Verdict.DISMISSED and not said.reason.strip():
        raise ValueError("a dismissal needs a reason, as 'stage smoke'")
    if len(said.reason) > LONGEST_REASON:
        raise ValueError(f"the reason has {len(said.reason)} letters; {LONGEST_REASON} at most")
    if known.opened_at is None and known.phase in _NEVER_OPENED:
        raise ValueError(
            f"{known.event_id} is {known.phase} and never opened: nothing to acknowledge"
        )


def _rank(step: Signal) -> tuple[float, int]:
    return step.event.time_s, _ORDER.index(step.event.phase)


def _joined(
    known: tuple[EvidenceFile, ...], told: tuple[EvidenceFile, ...]
) -> tuple[EvidenceFile, ...]:
    return (*known, *new_files(known, told))

"""Reads the text of a site file and says why it is no YAML."""

from pathlib import Path

import yaml

from ray_app.config.faults import Fault

LARGEST_BYTES = 5_000_000


def read_text(path: Path) -> tuple[str | None, Fault | None]:
    """Returns the text, or None and why it cannot be had."""
    file = str(path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            problem = f"is larger than {LARGEST_BYTES // 1_000_000} MB; this is no site file"
            return None, Fault(file, None, None, "", problem)
        content = path.read_bytes()
    except OSError as error:
        return None, Fault(file, None, None, "", f"cannot be read: {error.strerror or error}")
    except ValueError as error:  # a NUL byte in the path
        return None, Fault(file, None, None, "", f"cannot be read: {error}")
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        problem = f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        return None, Fault(file, line, column, "", problem)


def syntax_faults(file: str, text: str, error: yaml.YAMLError) -> tuple[Fault, ...]:
    """Returns what keeps text from being YAML, in words for a person."""
    tabs = tuple(
        Fault(file, number, indent.index("\t") + 1, "", "a tab; YAML indents with spaces only")
        for number, line in enumerate(text.splitlines(), 1)
        if "\t" in (indent := line[: len(line) - len(line.lstrip())]) and line.strip()
    )
    if tabs:
        return tabs
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
        problem = f"character #x{ord(text[error.position]):04x} is not allowed in YAML; remove it"
        return (Fault(file, line, column, "", problem),)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    told = (getattr(error, "context", None), getattr(error, "problem", None))
    problem = ", ".join(part for part in told if part) or "unreadable"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return (Fault(file, line, column, "", f"YAML cannot be read: {problem}{_hint(problem)}"),)


def _hint(problem: str) -> str:
    if "could not find expected ':'" in problem:
        return "; is a `:` or the space after it missing?"
    if "mapping values are not allowed" in problem:
        return "; check the indentation, or put text that holds `: ` in quotes"
    if "<block end>" in problem or "block mapping" in problem:
        return "; check the indentation: keys of one block begin in one column"
    return ""

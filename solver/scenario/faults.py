"""What is wrong with a scenario, said so that the user can mend it: file, line, key, sentence."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault; str() is ``file:line: key: what is wrong, what would be right``."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        text = ": ".join(part for part in (place, self.key, " ".join(self.message.split())) if part)
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class FaultList(tuple[Fault, ...]):
    """Faults in the order of the file; str() has one line per fault."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))


class ScenarioError(Exception):
    """The scenario cannot be used; `faults` says why, one entry per fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = FaultList(faults)
        super().__init__(str(self.faults))


def one_of(names: Iterable[str]) -> str:
    """``a, b or c``."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like `word`, or None when nothing is like it."""
    word, known = str(word).lower(), list(known)
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.55)
    return next(iter(found + [name for name in known if len(word) > 2 and name.startswith(word)]), None)

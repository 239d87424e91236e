"""Table: the words of a reminder, for a language to fill in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """Templates with `{{ names }}`. The last subject and opening hold for all higher levels."""

    subjects: tuple[str, str, str]
    greeting: str
    openings: tuple[str, str, str]
    attached: str
    crossed: str
    closing: str

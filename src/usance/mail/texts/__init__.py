"""Texts: the words of reminders, one module a language."""

from typing import Final

from usance.documents.paper import Language
from usance.mail.texts import de, en, es, fr, it, ja, nl, pt
from usance.mail.texts.table import Texts

TEXTS: Final[dict[Language, Texts]] = {
    Language.EN: en.TEXTS,
    Language.DE: de.TEXTS,
    Language.FR: fr.TEXTS,
    Language.ES: es.TEXTS,
    Language.IT: it.TEXTS,
    Language.NL: nl.TEXTS,
    Language.PT: pt.TEXTS,
    Language.JA: ja.TEXTS,
}

__all__ = ["TEXTS", "Texts"]

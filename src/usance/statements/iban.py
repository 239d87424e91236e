"""IBANs: whether a text is one, by its shape and its check digits.

Sources: ISO 13616; ISO/IEC 7064 (MOD 97-10).
"""

import re
from typing import Final

from usance.statements.entries import compact

_SHAPE: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)

_SHORT: Final = 100  # characters: a title, no paragraph


def is_iban(text: str) -> bool:
    """Return whether a text without spaces is an IBAN with the right check digits.

    >>> [is_iban(each) for each in ("DE89370400440532013000", "DE89370400440532013001")]
    [True, False]
    """
    if not _SHAPE.fullmatch(text):
        return False
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % 97 == 1


def find_iban(text: str) -> str:
    """Return the IBAN that a short text is, or ends in; "" if it has none.

    >>> find_iban("Girokonto DE89 3704 0044 0532 0130 00")
    'DE89370400440532013000'
    """
    if len(text) > _SHORT:
        return ""
    words = text.upper().split()
    return next(
        (found for at in range(len(words)) if is_iban(found := compact("".join(words[at:])))), ""
    )

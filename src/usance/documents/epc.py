"""The EPC QR code: a transfer in euro that a banking app reads from paper.

Units: amounts are in euro.
Sources: EPC069-12, version 2.1 of the guidelines, for the payload (version 002) and its limits;
ISO 13616 for account numbers, ISO 11649 for structured references, ISO 9362 for BICs.
"""

import io
import re
from decimal import Decimal
from enum import StrEnum
from typing import Final

import segno

from usance.core import money
from usance.documents.paper import Payment

NAME_MAX: Final = 70  # characters
TEXT_MAX: Final = 140  # characters
BYTES_MAX: Final = 331  # of the whole payload
AMOUNT_MIN: Final = Decimal("0.01")
AMOUNT_MAX: Final = Decimal("999999999.99")

# Countries in whose accounts SEPA credit transfers are received, as of October 2025 (EPC409-09).
# Accounts of Guernsey, Jersey and the Isle of Man are GB; those of the overseas departments FR.
_SEPA: Final = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT "
    "NL NO PL PT RO RS SE SI SK SM VA"
)
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_RF: Final = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")


class Reason(StrEnum):
    """Why no code can be made."""

    NOT_EURO = "the currency is not EUR"
    NO_AMOUNT = "the amount is not 0.01 to 999,999,999.99 in whole cents"
    NO_HOLDER = "the account holder is missing"
    HOLDER_TOO_LONG = "the account holder has more than 70 characters"
    NO_IBAN = "the IBAN is missing"
    IBAN_WRONG = "the IBAN is not one: its characters or its check digits are wrong"
    NOT_SEPA = "the IBAN is of a country without SEPA transfers"
    BIC_WRONG = "the BIC is not one"
    TEXT_TOO_LONG = "the reference has more than 140 characters"
    TOO_LONG = "all of it together has more than 331 bytes"


class NoCode(ValueError):  # noqa: N818 - named by the fact, like a refusal
    """A code cannot be made of this payment; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"No payment code: {reason.value}.")
        self.reason = reason


def payload(payment: Payment, amount: Decimal, currency: str) -> str:
    """Return the text of the code, or raise `NoCode`: the first reason in the order of `Reason`.

    A reference that is one of ISO 11649 goes where the payer's bank keeps it apart; any other is
    the text of the transfer. Line breaks in names are spaces, for a line is a field.

    >>> pay = Payment("RF18539007547034", "Ada GmbH", "DE89 3704 0044 0532 0130 00")
    >>> payload(pay, Decimal("12.3"), "EUR").split()
    ['BCD', '002', '1', 'SCT', 'Ada', 'GmbH', 'DE89370400440532013000', 'EUR12.30', 'RF18539007547034']
    """
    if currency != "EUR":
        raise NoCode(Reason.NOT_EURO)
    if not (money.is_whole(amount, "EUR") and AMOUNT_MIN <= amount <= AMOUNT_MAX):
        raise NoCode(Reason.NO_AMOUNT)
    holder = _line(payment.holder or "")
    if not holder:
        raise NoCode(Reason.NO_HOLDER)
    if len(holder) > NAME_MAX:
        raise NoCode(Reason.HOLDER_TOO_LONG)
    iban = _account(payment.iban or "")
    bic = _compact(payment.bic or "")
    if bic and not _BIC.fullmatch(bic):
        raise NoCode(Reason.BIC_WRONG)
    structured, text = _reference(payment.reference)
    if len(text) > TEXT_MAX:
        raise NoCode(Reason.TEXT_TOO_LONG)
    euro = f"EUR{money.rounded(amount, 'EUR'):f}"
    # BIC, purpose and the reference that is not used are empty lines; the last are left off.
    lines = ("BCD", "002", "1", "SCT", bic, holder, iban, euro, "", structured, text)
    whole = "\n".join(lines).rstrip("\n")
    if len(whole.encode()) > BYTES_MAX:
        raise NoCode(Reason.TOO_LONG)
    return whole


def svg(text: str) -> bytes:
    """Return the code of a payload as a picture, with the quiet zone around it that readers need.

    Correction level M, as the guidelines ask, in bytes of UTF-8; 331 of them fit version 13.
    """
    code = segno.make(
        text, error="m", boost_error=False, encoding="utf-8", mode="byte", micro=False
    )
    out = io.BytesIO()
    code.save(out, kind="svg", border=4, light="#fff", xmldecl=False, svgclass=None, lineclass=None)
    return out.getvalue()


def is_iban(text: str) -> bool:
    """Return whether the text is an account number with right check digits, spaces aside.

    >>> is_iban("DE89 3704 0044 0532 0130 00"), is_iban("DE88 3704 0044 0532 0130 00")
    (True, False)
    """
    iban = _compact(text)
    return bool(_IBAN.fullmatch(iban)) and _remainder(iban) == 1


def is_sepa(text: str) -> bool:
    """Return whether the text is an account to which SEPA credit transfers go.

    >>> is_sepa("DE89 3704 0044 0532 0130 00"), is_sepa("TR330006100519786457841326")
    (True, False)
    """
    return is_iban(text) and _compact(text)[:2] in _SEPA.split()


def is_structured(text: str) -> bool:
    """Return whether the text is a creditor reference of ISO 11649, spaces aside.

    >>> is_structured("RF18 5390 0754 7034"), is_structured("RF19 5390 0754 7034")
    (True, False)
    """
    reference = _compact(text)
    return bool(_RF.fullmatch(reference)) and _remainder(reference) == 1


def _account(text: str) -> str:
    iban = _compact(text)
    if not iban:
        raise NoCode(Reason.NO_IBAN)
    if not is_iban(iban):
        raise NoCode(Reason.IBAN_WRONG)
    if not is_sepa(iban):
        raise NoCode(Reason.NOT_SEPA)
    return iban


def _reference(text: str) -> tuple[str, str]:
    """Return the structured reference and the text: one of them is empty."""
    return (_compact(text), "") if is_structured(text) else ("", _line(text))


def _line(text: str) -> str:
    """Return the text on one line. A control character would end a field, or be refused."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _compact(text: str) -> str:
    return "".join(text.split()).upper()


def _remainder(text: str) -> int:
    """Return the number of ISO 7064 MOD 97-10: 1 when the check digits are right."""
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97

"""The columns of a CSV file: what they mean, by the names that banks give them, or as a seller says.

Sources: docs/statements.md, "CSV".
"""

import re
import unicodedata
from collections.abc import Mapping as Names
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from usance.core import money


class Column(StrEnum):
    """What a column holds. The value is its name in a mapping."""

    BOOKED_ON = "bookedOn"
    VALUE_ON = "valueOn"
    AMOUNT = "amount"  # signed, or with a direction beside it
    DEBIT = "debit"  # money that went out; its sign does not count
    CREDIT = "credit"
    DIRECTION = "direction"  # which of both, in a word: Af, Bij, S, H, Debit, Credit
    CURRENCY = "currency"
    NAME = "name"  # the other side
    DEBTOR = "debtor"  # who paid; the other side of a credit
    CREDITOR = "creditor"  # who was paid; the other side of a debit
    OTHER_ACCOUNT = "otherAccount"
    DEBTOR_ACCOUNT = "debtorAccount"  # of a credit the other side's, as above
    CREDITOR_ACCOUNT = "creditorAccount"
    TEXT = "text"  # all such columns are joined
    STRUCTURED = "structuredReference"
    END_TO_END = "endToEndId"
    REFERENCE = "reference"  # the bank's own name of the entry
    KIND = "kind"
    ACCOUNT = "account"  # the seller's own
    STATUS = "status"  # whether it is booked
    INSTRUCTED = "instructedAmount"
    INSTRUCTED_CURRENCY = "instructedCurrency"


class DayOrder(StrEnum):
    """Which part of a date in figures stands where. A year of four digits in front needs none."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


@dataclass(frozen=True, slots=True)
class Mapping:
    """How to read a CSV file, as far as that is not to be seen from it. All of it may be left out.

    A column is named by its header, or counted from 1 in a file without a header; both kinds do not
    mix. What is not in `columns` is recognised by its header, unless all are counted.
    """

    columns: Names[Column, str | int] = field(default_factory=lambda: MappingProxyType({}))
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None  # "," or "."
    day_order: DayOrder | None = None
    currency: str | None = None  # of a file that does not say it
    account: str | None = None  # the same

    @property
    def is_counted(self) -> bool:
        return bool(self.columns) and all(isinstance(each, int) for each in self.columns.values())


# Names as `normal` makes them. Where a file has several for one column, the first of a line counts.
_ENGLISH: Final = {
    Column.BOOKED_ON: "booking date|booked on|completed date|date completed utc|posting date|"
    "posted date|post date|date|transaction date|created on|available on",
    Column.VALUE_ON: "value date|valuta date|effective date",
    Column.AMOUNT: "amount|gross|value|transaction amount|net amount",
    Column.DEBIT: "debit|debit amount|paid out|money out|withdrawals|withdrawal|withdrawal amt",
    Column.CREDIT: "credit|credit amount|paid in|money in|deposits|deposit|deposit amt",
    Column.DIRECTION: "debit credit|credit debit|dr cr|cr dr|balance impact|direction",
    Column.CURRENCY: "currency|account currency|currency code|payment currency",
    Column.NAME: "partner name|counterparty name|counter party|counterparty|name description|name|"
    "merchant name|source name",
    Column.DEBTOR: "payer name|payer|from",
    Column.CREDITOR: "payee name|payee|beneficiary|target name|to",
    Column.OTHER_ACCOUNT: "partner iban|counterparty iban|counterparty account|iban",
    Column.DEBTOR_ACCOUNT: "payer account number|from email address",
    Column.CREDITOR_ACCOUNT: "payee account number|beneficiary account number|to email address",
    Column.TEXT: "description|payment reference|notifications|memo|remittance information|"
    "narrative|particulars|subject|note|transaction description|invoice number|reference|details",
    Column.STRUCTURED: "structured reference|creditor reference",
    Column.END_TO_END: "end to end id|end to end reference",
    Column.REFERENCE: "transferwise id|transaction id|id|bank reference|fitid|balance transaction id",
    Column.KIND: "transaction type|type|code|category|transaction details type",
    Column.ACCOUNT: "account|account number|account iban",
    Column.STATUS: "state|status",
    Column.INSTRUCTED: "original amount|orig amount|amount foreign currency",
    Column.INSTRUCTED_CURRENCY: "original currency|orig currency|type foreign currency",
}
_OTHER_LANGUAGES: Final = {
    Column.BOOKED_ON: "buchungstag|buchungsdatum|buchung|datum|boekdatum|boekingsdatum|"
    "transactiedatum|date comptable|date de comptabilisation|date operation|date de l operation|"
    "data contabile|data operazione|data|fecha operacion|fecha contable|fecha de operacion|fecha|"
    "data movimento|data operacji|data transakcji|bokforingsdag|bokforingsdatum|bogforingsdato|dato",
    Column.VALUE_ON: "valuta|wertstellung|valutadatum|wert|wertstellungsdatum|rentedatum|"
    "date valeur|date de valeur|data valuta|fecha valor|data waluty|valor",
    Column.AMOUNT: "betrag|umsatz|brutto|bedrag|bruto|montant|importe|importo|montante|kwota|"
    "belopp|belob|ammontare",
    Column.DEBIT: "soll|lastschrift|belastung|af|debet|bedrag af|debit|dare|uscite|addebiti|cargo|"
    "cargos|debe|debito",
    Column.CREDIT: "haben|gutschrift|bij|bedrag bij|credit|avere|entrate|accrediti|abono|abonos|"
    "haber|credito",
    Column.DIRECTION: "soll haben|af bij|sens|auswirkung auf guthaben|s h|debet credit",
    Column.CURRENCY: "wahrung|waehrung|munt|muntsoort|devise|divisa|moneda|moeda|waluta|valuta kod",
    Column.NAME: "beguenstigter zahlungspflichtiger|begunstigter zahlungspflichtiger|"
    "begunstigter auftraggeber|auftraggeber begunstigter|auftraggeber empfanger|"
    "auftraggeber zahlungsempfanger|"
    "name zahlungsbeteiligter|empfanger auftraggeber|zahlungsempfanger zahlungspflichtiger|"
    "naam omschrijving|naam tegenpartij|tegenpartij|contrepartie|ordinante|contraparte|"
    "kontrahent|namn|navn|naam|nom",
    Column.DEBTOR: "zahlungspflichtige r|zahlungspflichtiger|auftraggeber|avsandare",
    Column.CREDITOR: "zahlungsempfanger in|zahlungsempfanger|empfanger|mottagare",
    Column.OTHER_ACCOUNT: "kontonummer iban|iban zahlungsbeteiligter|tegenrekening|"
    "tegenrekening iban bban|iban tegenpartij|compte contrepartie|numer rachunku kontrahenta",
    Column.DEBTOR_ACCOUNT: "absender e mail adresse",
    Column.CREDITOR_ACCOUNT: "empfanger e mail adresse",
    Column.TEXT: "verwendungszweck|vorgang verwendungszweck|mededelingen|omschrijving|"
    "omschrijving 1|omschrijving 2|omschrijving 3|libelle|communication|concepto|observaciones|"
    "causale|descrizione|descrizione estesa|tytul|opis operacji|meddelande|rubrik|tekst|"
    "betreff|hinweis|rechnungsnummer|descricao|communications|detail",
    Column.STRUCTURED: "betalingskenmerk|communication structuree|gestructureerde mededeling",
    Column.END_TO_END: "kundenreferenz end to end|kundenreferenz|transactiereferentie",
    Column.REFERENCE: "transaktionscode|volgnr|bankreferenz|referenz der bank",
    Column.KIND: "umsatzart|umsatztyp|buchungstext|mutatiesoort|typ|tipo|type operation|transaktionstyp",
    Column.ACCOUNT: "auftragskonto|iban auftragskonto|iban kontoinhaber|rekening|iban bban|compte|"
    "kontonummer|konto|rekeningnummer|cuenta|conto",
    Column.STATUS: "stato|statut|estado|stan",
    Column.INSTRUCTED: "originalbetrag|betrag fremdwahrung",
    Column.INSTRUCTED_CURRENCY: "originalwahrung|typ fremdwahrung",
}
# English, and the day stands first all the same.
_DAY_FIRST: Final = frozenset(
    {"transferwise id", "paid out", "paid in", "sort code", "particulars"}
)
_MONEY: Final = frozenset({Column.AMOUNT, Column.DEBIT, Column.CREDIT})


def _table() -> dict[str, tuple[Column, int]]:
    """Return the column of each name, and its rank: the less, the rather it is taken."""
    found: dict[str, tuple[Column, int]] = {}
    for names in (_ENGLISH, _OTHER_LANGUAGES):
        for column, told in names.items():
            for rank, name in enumerate(told.split("|")):
                found.setdefault(name, (column, rank))
    return found


_TABLE: Final = _table()
_FOREIGN: Final = {
    name for told in _OTHER_LANGUAGES.values() for name in told.split("|")
} - {name for told in _ENGLISH.values() for name in told.split("|")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """A header row, understood: where each column stands, by position from 0."""

    places: Names[Column, tuple[int, ...]]
    width: int
    currency: str  # as one of the names says it (`Amount (EUR)`); "" if none does
    day_first: bool  # the names are of a language in which it is

    @property
    def is_usable(self) -> bool:
        """Whether a day and an amount are there."""
        return Column.BOOKED_ON in self.places and bool(_MONEY & set(self.places))


def recognised(row: list[str], mapping: Mapping) -> Header:
    """Return what the names of a row mean; what the mapping says comes first."""
    names = [normal(each) for each in row]
    told = {normal(str(name)): column for column, name in mapping.columns.items()}
    # Whoever says which column is the amount does not want another one found beside it.
    taken = set(mapping.columns) | (_MONEY if _MONEY & set(mapping.columns) else set())
    ranked: dict[Column, list[tuple[int, int]]] = {}
    currency = ""
    for at, (name, code) in enumerate(names):
        known = _TABLE.get(name)
        if (name, code) in told:
            ranked[told[name, code]] = [(-1, at)]
        elif known is not None and known[0] not in taken:
            ranked.setdefault(known[0], []).append((known[1], at))
        else:
            continue
        if code and not currency and _column(name, told, code) in _MONEY:
            currency = code
    places = _chosen(ranked)
    words = {name for name, _ in names}
    return Header(places, len(row), currency, bool(words & (_FOREIGN | _DAY_FIRST)))


def _column(name: str, told: Names[tuple[str, str], Column], code: str) -> Column | None:
    known = _TABLE.get(name)
    return told.get((name, code)) or (known[0] if known else None)


def _chosen(ranked: Names[Column, list[tuple[int, int]]]) -> dict[Column, tuple[int, ...]]:
    """Return one place for each column, and all of the texts in the order of the file."""
    places: dict[Column, tuple[int, ...]] = {}
    spare: list[int] = []
    for column, found in ranked.items():
        best, *others = [at for _, at in sorted(found)]
        places[column] = (best,)
        if column is Column.KIND:
            # "Buchungstext" is the kind with one bank and, beside "Umsatzart", the text with another.
            spare += others
        if column is Column.TEXT:
            places[column] = tuple(sorted(at for _, at in found))
    if Column.TEXT not in places and spare:
        places[Column.TEXT] = tuple(sorted(spare))
    elif Column.TEXT not in places and Column.KIND in places:
        places[Column.TEXT] = places.pop(Column.KIND)
    return places


def normal(name: str) -> tuple[str, str]:
    """Return a header's words in one spelling, and the currency at their end.

    >>> normal("Betrag (€)"), normal("Buchungs-Tag "), normal("Amount in GBP")
    (('betrag', 'EUR'), ('buchungs tag', ''), ('amount', 'GBP'))
    """
    told = name.replace("€", " eur ").replace("£", " gbp ")
    bare = "".join(
        each for each in unicodedata.normalize("NFKD", told) if not unicodedata.combining(each)
    )
    words = re.findall(r"[a-z0-9]+", bare.casefold())
    words = ["eur" if each in {"euro", "euros"} else each for each in words]
    code = words[-1].upper() if len(words) > 1 and money.is_currency(words[-1].upper()) else ""
    if code:
        del words[-1]
        if words[-1] == "in":
            del words[-1]
    return " ".join(words), code

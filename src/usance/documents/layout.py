"""Layout: what stands on a document, as strings in its language, for the template to place.

The template knows no language, no currency and no rule; it gets strings and shows them as they
are. What a seller or a customer wrote is only cleaned of what cannot be printed: it is never code.

Units: none left; every number is text by now.
"""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from typing import Final, TypedDict

from usance.core import money
from usance.documents import epc, formats
from usance.documents.logo import Format
from usance.documents.paper import (
    UNTAXED,
    Kind,
    Line,
    Mark,
    Paper,
    Party,
    Payment,
    Tax,
    TaxCategory,
    Tier,
)
from usance.documents.texts import TEXTS, Texts

_CODE: Final = "epc.svg"
_BREAK: Final = "\N{ZERO WIDTH SPACE}"
_UNIT_MAX: Final = 12  # characters that make the column of units wider; a longer one is broken
_WHOLE_MAX: Final = 20  # short lines of text that are kept on one page
_RUNNING_MAX: Final = 40
_RUN_MAX: Final = 24  # characters that a word may have before it is broken anywhere
_JOINS: Final = frozenset("\N{ZERO WIDTH JOINER}\N{WORD JOINER}")


class Figure(TypedDict):
    """A number, and the invisible digits that bring its decimal mark under the others'."""

    text: str
    pad: str


class Row(TypedDict):
    """One line of the document."""

    text: list[str]
    notes: list[str]
    quantity: Figure | None
    price: Figure | None
    unit: str
    rate: str
    amount: Figure
    sum: Figure  # of this and all lines before it: what the next page carries forward
    tiers: list[list[Figure]]
    whole: bool  # on one page; what is longer must be let go over to the next


class Way(TypedDict):
    """How to pay."""

    title: str
    sentence: str
    rows: list[list[str]]
    code: str | None  # the name of the picture
    scan: str


class Sheet(TypedDict):
    """All that the template shows."""

    language: str
    paper: str
    accent: str
    title: str
    running: str  # the number at the head of later pages, where there is one line for it
    description: str  # for the PDF's own title
    issued_on: list[int] | None
    logo: Format | None
    seller: list[str]
    sender: str
    customer: list[str]
    mark: str | None
    loud: bool  # the mark stands across the page
    facts: list[list[str]]
    hero: list[str]
    headings: dict[str, str]
    rows: list[Row]
    widest: dict[str, Figure]  # by column, so that the template measures one of a thousand
    carried: str
    sums: list[list[str]]
    total: list[str]
    after: list[list[str]]
    reasons: list[str]
    way: Way | None
    memo: list[str]
    terms: list[str]
    terms_title: str
    foot: list[list[str]]


def sheet(paper: Paper, *, logo: Format | None) -> tuple[Sheet, dict[str, bytes]]:
    """Return what the template shows, and the pictures that it names."""
    texts = TEXTS[paper.language]
    way, code = _way(paper, texts)
    note = paper.kind is Kind.CREDIT_NOTE
    title = texts.credit_note if note else texts.invoice
    number = one_line(paper.number or "")
    sums, reasons = _taxes(paper, texts)
    rows = _rows(paper, texts)
    shown = Sheet(
        language=paper.language.value,
        paper={"A4": "a4", "LETTER": "us-letter"}[paper.size.value],
        accent=paper.accent,
        title=title,
        running=number if len(number) <= _RUNNING_MAX else number[:_RUNNING_MAX] + "…",
        description=" ".join((title, number or texts.draft)),
        issued_on=_ymd(paper),
        logo=logo,
        seller=block([paper.seller.name]),
        sender=" · ".join(block([paper.seller.name, *paper.seller.address])),
        customer=block(
            [paper.customer.name, *paper.customer.address, *_ids(paper.customer, texts)]
        ),
        mark=_mark(paper, texts),
        loud=paper.mark in {Mark.DRAFT, Mark.VOID},
        facts=_facts(paper, texts),
        hero=_hero(paper, texts),
        headings=_headings(paper, texts),
        rows=rows,
        widest=_widest(rows),
        carried=texts.carried_forward,
        sums=[[texts.subtotal, _money(paper, paper.subtotal)], *sums],
        total=[texts.total_credited if note else texts.total, _money(paper, paper.total)],
        after=_after(paper, texts),
        reasons=reasons,
        way=way,
        memo=[text for each in paper.memo for text in block([each])],
        terms=[text for term in paper.terms for text in block([term])],
        terms_title=texts.terms,
        foot=_foot(paper, texts),
    )
    return shown, ({_CODE: code} if code is not None else {})


# --- the parts ------------------------------------------------------------------------------------


def _ymd(paper: Paper) -> list[int] | None:
    day = paper.issued_on
    return None if day is None else [day.year, day.month, day.day]


def _mark(paper: Paper, texts: Texts) -> str | None:
    if paper.mark is None:
        return None
    return {Mark.DRAFT: texts.draft, Mark.PAID: texts.paid, Mark.VOID: texts.void}[paper.mark]


def _facts(paper: Paper, texts: Texts) -> list[list[str]]:
    note = paper.kind is Kind.CREDIT_NOTE
    day = partial(formats.day, language=paper.language)
    facts = (
        (texts.credit_note_number if note else texts.invoice_number, paper.number),
        (texts.issued_on, paper.issued_on and day(paper.issued_on)),
        (texts.due_on, paper.due_on and day(paper.due_on)),
        (texts.days, paper.days and formats.days(paper.days, paper.language)),
        (texts.corrects, ", ".join(paper.corrects)),
        (texts.customer_number, paper.customer_number),
        (texts.purchase_order, paper.purchase_order),
    )
    return [[label, one_line(value)] for label, value in facts if value]


def _hero(paper: Paper, texts: Texts) -> list[str]:
    """Return the one amount that a reader looks for, with its name and its day."""
    if paper.kind is Kind.CREDIT_NOTE:
        return [texts.amount_credited, _money(paper, paper.total), ""]
    due_by = ""
    if paper.due_on is not None and paper.due > 0:
        due_by = texts.due_by.format(date=formats.day(paper.due_on, paper.language))
    return [texts.amount_due, _money(paper, paper.due), due_by]


def _headings(paper: Paper, texts: Texts) -> dict[str, str]:
    """Return the headings of the columns; a column that no line fills has none and is left out."""
    named = {"text": texts.description, "amount": texts.amount.format(currency=paper.currency)}
    if any(line.quantity is not None for line in paper.lines):
        named["quantity"] = texts.quantity
        if any(line.unit for line in paper.lines):
            named["unit"] = ""
    if any(line.unit_price is not None for line in paper.lines):
        named["price"] = texts.unit_price
    if len(paper.taxes) > 1 and any(line.tax_rate is not None for line in paper.lines):
        name = one_line(paper.taxes[0].name or texts.tax)
        named["rate"] = name if len(name) <= _UNIT_MAX else texts.tax
    return named


def _rows(paper: Paper, texts: Texts) -> list[Row]:
    lines = paper.lines
    quantities = _aligned(paper, [line.quantity for line in lines])
    prices = _aligned(paper, [line.unit_price for line in lines], priced=True)
    rows: list[Row] = []
    sum_ = Decimal(0)
    for line, quantity, price in zip(lines, quantities, prices, strict=True):
        sum_ += line.amount
        text, notes = block([line.description]), _notes(paper, line, texts)
        row = Row(
            text=text,
            notes=notes,
            quantity=quantity,
            price=price,
            unit="" if line.unit is None or quantity is None else one_line(line.unit),
            rate="" if line.tax_rate is None else formats.rate(line.tax_rate, paper.language),
            amount=_in_column(paper, line.amount),
            sum=_in_column(paper, sum_),
            tiers=_tiers(paper, line.tiers, texts),
            whole=len(line.tiers) + sum(1 + len(t) // 30 for t in (*text, *notes)) <= _WHOLE_MAX,
        )
        rows.append(row)
    return rows


def _widest(rows: list[Row]) -> dict[str, Figure]:
    """Return for each column the number with the most characters: digits are equally wide."""
    none = Figure(text="", pad="")
    columns = {
        "quantity": [row["quantity"] or none for row in rows],
        "price": [row["price"] or none for row in rows],
        "rate": [Figure(text=row["rate"], pad="") for row in rows],
        "unit": [Figure(text=row["unit"][:_UNIT_MAX], pad="") for row in rows],
        "amount": [row["amount"] for row in rows],
    }
    return {
        name: max(figures, key=lambda figure: len(figure["text"] + figure["pad"]), default=none)
        for name, figures in columns.items()
    }


def _notes(paper: Paper, line: Line, texts: Texts) -> list[str]:
    notes: list[str] = []
    if line.days is not None:
        notes.append(formats.days(line.days, paper.language))
    if line.share is not None:
        elapsed, length = formats.share(line.share, paper.language)
        notes.append(texts.share.format(elapsed=elapsed, length=length))
    if line.included is not None:
        quantity = formats.number(line.included, language=paper.language)
        notes.append(texts.included.format(quantity=quantity))
    if line.note:
        notes.append(line.note)
    return block(notes)


def _tiers(paper: Paper, tiers: tuple[Tier, ...], texts: Texts) -> list[list[Figure]]:
    """Return for each tier: from where to where, quantity, unit price, amount, flat fee."""
    number = partial(formats.number, language=paper.language)
    quantities = _aligned(paper, [tier.quantity for tier in tiers])
    prices = _aligned(paper, [tier.unit_price for tier in tiers], priced=True)
    amounts = _aligned(paper, [tier.amount for tier in tiers], priced=True)
    rows: list[list[Figure]] = []
    for tier, *figures in zip(tiers, quantities, prices, amounts, strict=True):
        reach = (
            f"> {number(tier.above)}"
            if tier.up_to is None
            else f"{number(tier.above)} – {number(tier.up_to)}"
        )
        fee = ""
        if tier.flat_fee:
            fee = texts.flat_fee.format(amount=_money(paper, tier.flat_fee))
        row = [Figure(text=reach, pad=""), *(f for f in figures if f), Figure(text=fee, pad="")]
        rows.append(row)
    return rows


def _taxes(paper: Paper, texts: Texts) -> tuple[list[list[str]], list[str]]:
    """Return the rows of the taxes, and why some are not charged, each reason once."""
    rows, reasons = [], []
    for tax in paper.taxes:
        name = one_line(tax.name or texts.tax)
        label = texts.taxed.format(
            name=name,
            rate=formats.rate(tax.rate, paper.language),
            net=_money(paper, tax.net),
        )
        rows.append([label, _money(paper, tax.amount)])
        reasons += block([reason(tax, texts)])
    return rows, list(dict.fromkeys(reasons))


def reason(tax: Tax, texts: Texts) -> str:
    """Return why a tax is not charged: as the seller says it, else as it is usually said."""
    usual = {
        TaxCategory.ZERO: texts.zero_rated,
        TaxCategory.EXEMPT: texts.exempt,
        TaxCategory.REVERSE_CHARGE: texts.reverse_charge,
        TaxCategory.INTRA_COMMUNITY: texts.intra_community,
        TaxCategory.EXPORT: texts.export,
        TaxCategory.OUTSIDE_SCOPE: texts.outside_scope,
    }
    assert usual.keys() == UNTAXED, "each of them says why"
    return tax.note or usual.get(tax.category, "")


def _after(paper: Paper, texts: Texts) -> list[list[str]]:
    """Return what follows the total: what was paid, and what is left."""
    if paper.kind is Kind.CREDIT_NOTE or paper.mark is Mark.VOID:
        return []
    if not paper.paid:
        return []
    paid = [texts.amount_paid, _money(paper, -paper.paid)]
    return [paid, [texts.amount_due, _money(paper, paper.due)]]


def _way(paper: Paper, texts: Texts) -> tuple[Way | None, bytes | None]:
    """Return how to pay, with a code where one can be made and nothing forbids to pay."""
    if paper.mark is Mark.DRAFT or paper.mark is Mark.VOID:
        sentence = texts.draft_note if paper.mark is Mark.DRAFT else texts.void_note
        return Way(title="", sentence=sentence, rows=[], code=None, scan=""), None
    payment = paper.payment
    if payment is None or paper.due <= 0 or paper.kind is Kind.CREDIT_NOTE or paper.mark:
        return None, None
    try:
        code = epc.svg(epc.payload(payment, paper.due, paper.currency))
    except epc.NoCode:
        code = None
    said = {"amount": _money(paper, paper.due), "reference": one_line(payment.reference)}
    if paper.due_on is None:
        sentence = texts.pay.format(**said)
    else:
        sentence = texts.pay_by.format(**said, date=formats.day(paper.due_on, paper.language))
    way = Way(
        title=texts.payment,
        sentence=sentence,
        rows=_account(payment, texts),
        code=_CODE if code is not None else None,
        scan=texts.scan,
    )
    return way, code


def _account(payment: Payment, texts: Texts) -> list[list[str]]:
    rows = (
        (texts.holder, payment.holder),
        (texts.iban, payment.iban and _fours(payment.iban)),
        (texts.bic, payment.bic),
        (texts.bank, payment.bank),
        *payment.other,
        (texts.reference, payment.reference),
    )
    return [[one_line(label), one_line(value)] for label, value in rows if value]


def _ids(party: Party, texts: Texts) -> list[str]:
    ids = ((texts.tax_id, party.tax_id), (texts.tax_number, party.tax_number))
    return [f"{label} {value}" for label, value in ids if value]


def _foot(paper: Paper, texts: Texts) -> list[list[str]]:
    """Return the columns at the foot of every page: who sells, how to reach them, what they are."""
    seller = paper.seller
    reach = [text for text in (seller.email, seller.phone, seller.website) if text]
    legal = [*_ids(seller, texts), *([seller.registration] if seller.registration else [])]
    columns = ([seller.name, *seller.address], reach, legal, paper.footer)
    return [block(column) for column in columns if any(column)]


# --- figures --------------------------------------------------------------------------------------


def _money(paper: Paper, value: Decimal) -> str:
    return formats.with_currency(value, paper.currency, paper.language)


def _in_column(paper: Paper, value: Decimal) -> Figure:
    """Return the amount without its currency, as far from the edge as the sums with theirs."""
    text = formats.amount(value, paper.currency, paper.language)
    bare = formats.amount(abs(value), paper.currency, paper.language)
    return Figure(text=text, pad=_money(paper, abs(value)).partition(bare)[2])


def _aligned(
    paper: Paper, values: list[Decimal | None], *, priced: bool = False
) -> list[Figure | None]:
    """Return the numbers with what they lack behind the decimal mark; None stays None."""
    least = money.exponent(paper.currency) if priced else 0
    texts = [v if v is None else formats.number(v, paper.language, least) for v in values]
    tails = ["" if t is None else formats.tail(t, paper.language) for t in texts]
    longest = max(tails, key=len, default="")
    return [
        None if text is None else Figure(text=text, pad=re.sub(r"[0-9]", "0", longest[len(tail) :]))
        for text, tail in zip(texts, tails, strict=True)
    ]


def _fours(iban: str) -> str:
    compact = "".join(iban.split()).upper()
    return " ".join(re.findall(r".{1,4}", compact))


# --- texts of others ------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """Return the text on one line, without what cannot be printed."""
    return _soft(" ".join(_printable(text).split()))


def block(texts: Iterable[str]) -> list[str]:
    """Return the lines of all texts, without empty ones."""
    lines = (line for text in texts for line in text.splitlines())
    return [line for line in map(one_line, lines) if line]


def _printable(text: str) -> str:
    """Return the text without controls, and without overrides that turn what follows around.

    A lone half of a surrogate pair, which has no encoding, is a replacement character.
    """
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            kept.append("\N{REPLACEMENT CHARACTER}")
        elif category in {"Cc", "Zl", "Zp"}:
            kept.append(" ")
        elif unicodedata.bidirectional(character) not in _TURNS:
            kept.append(character)
    return "".join(kept)


_TURNS: Final = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def _soft(text: str) -> str:
    """Return the text with places to break in words that are longer than a column is wide."""
    return re.sub(rf"\S{{{_RUN_MAX + 1},}}", _softened, text)


def _softened(match: re.Match[str]) -> str:
    out = []
    previous = ""
    for character in match[0]:
        joined = unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Mc"}
        if previous and not joined and character not in _JOINS and previous not in _JOINS:
            out.append(_BREAK)
        out.append(character)
        previous = character
    return "".join(out)

"""Reminding: what a reminder says, to be shown or sent.

Units: amounts are in the currency's major unit; days are of the account's calendar.
Sources: BILLING.md, "Receivables" ("Reminders").
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from usance.core.reminders import Template
from usance.documents import formats
from usance.documents.paper import Language, Payment
from usance.documents.texts import TEXTS as DOCUMENTS
from usance.mail import templates
from usance.mail.texts import TEXTS


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reminder is about."""

    seller: str
    customer: str
    number: str
    level: int
    amount_due: Decimal
    currency: str
    due_on: date
    days_overdue: int
    payment: Payment


@dataclass(frozen=True, slots=True)
class Said:
    """A reminder's words. The subject is one line."""

    subject: str
    text: str
    html: str


def say(facts: Facts, language: Language, own: Template | None) -> Said:
    """Return what a reminder says in a language; `own` are the seller's words for it."""
    values = _values(facts, language)
    template = own if own is not None else _usual(facts.level, language)
    subject = " ".join(templates.filled(template.subject, values).split())
    body = templates.filled(template.body, values)
    return Said(subject, body, templates.page(body, subject=subject, language=language.value))


def _usual(level: int, language: Language) -> Template:
    texts = TEXTS[language]
    place = min(level, len(texts.openings)) - 1
    paragraphs = (
        texts.greeting,
        texts.openings[place],
        "{{ paymentDetails }}",
        texts.attached,
        texts.crossed,
        f"{texts.closing}\n{{{{ seller }}}}",
    )
    return Template(texts.subjects[place], "\n\n".join(paragraphs) + "\n")


def _values(facts: Facts, language: Language) -> dict[str, str]:
    amount = formats.with_currency(facts.amount_due, facts.currency, language)
    values = {
        "seller": facts.seller,
        "customer": facts.customer,
        "number": facts.number,
        "amountDue": amount,
        "dueDate": formats.day(facts.due_on, language),
        "daysOverdue": str(facts.days_overdue),
        "reference": facts.payment.reference,
        "paymentDetails": _details(facts.payment, amount, language),
    }
    return {
        name: " ".join(value.split()) if name != _LINES else value for name, value in values.items()
    }


_LINES: Final = "paymentDetails"


def _details(payment: Payment, amount: str, language: Language) -> str:
    """Return where to pay, a line each; what the seller did not say is left out."""
    words = DOCUMENTS[language]
    told = (
        (words.amount_due, amount),
        (words.reference, payment.reference),
        (words.holder, payment.holder),
        (words.iban, payment.iban),
        (words.bic, payment.bic),
        (words.bank, payment.bank),
    )
    return "\n".join(f"{label}: {' '.join(value.split())}" for label, value in told if value)

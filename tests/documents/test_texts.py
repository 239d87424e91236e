"""Every word in every language."""

from dataclasses import fields
from string import Formatter

import pytest

from usance.documents.paper import Language
from usance.documents.texts import TEXTS, Texts

KEYS = [field.name for field in fields(Texts)]
# Words that are the same in several languages, and are no oversight.
SAME = {
    Language.DE: {"iban", "bic", "bank"},
    Language.FR: {"iban", "bic", "description"},
    Language.ES: {"iban", "bic", "total"},
    Language.IT: {"iban", "bic"},
    Language.NL: {"iban", "bic", "bank"},
    Language.PT: {"iban", "bic", "total"},
    Language.JA: {"iban", "bic"},
}


def _slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_has_its_texts():
    assert TEXTS.keys() == set(Language)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("language", Language)
def test_every_text_is_there_with_what_it_is_filled_with(language: Language, key: str):
    text = getattr(TEXTS[language], key)
    assert text.strip() == text, "no space around it"
    assert text
    assert _slots(text) == _slots(getattr(TEXTS[Language.EN], key))


@pytest.mark.parametrize("language", SAME)
def test_nothing_was_left_in_english(language: Language):
    left = {k for k in KEYS if getattr(TEXTS[language], k) == getattr(TEXTS[Language.EN], k)}
    assert left <= SAME[language]


@pytest.mark.parametrize(
    ("language", "invoice", "note", "reverse_charge"),
    [
        # Art. 226 (11a) of Directive 2006/112/EC in the words of each language of it.
        (Language.EN, "Invoice", "Credit note", "Reverse charge"),
        (Language.DE, "Rechnung", "Rechnungskorrektur", "Steuerschuldnerschaft des Leistungsempf"),
        (Language.FR, "Facture", "Avoir", "Autoliquidation"),
        (Language.ES, "Factura", "Factura rectificativa", "Inversión del sujeto pasivo"),
        (Language.IT, "Fattura", "Nota di credito", "Inversione contabile"),
        (Language.NL, "Factuur", "Creditfactuur", "Btw verlegd"),
        (Language.PT, "Fatura", "Nota de crédito", "autoliquidação"),
        (Language.JA, "請求書", "訂正請求書", "リバースチャージ"),
    ],
)
def test_the_words_that_the_law_asks_for(
    language: Language, invoice: str, note: str, reverse_charge: str
):
    texts = TEXTS[language]
    assert (texts.invoice, texts.credit_note) == (invoice, note)
    assert reverse_charge.lower() in texts.reverse_charge.lower()


def test_a_german_correction_is_not_called_a_gutschrift():
    """That is an invoice which the customer writes (§ 14 Abs. 2 UStG)."""
    assert not any("Gutschrift" in getattr(TEXTS[Language.DE], key) for key in KEYS)

"""What reminders say: in every language, whatever anybody is called, and with no code in it."""

import email
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from email.policy import default

import pytest

from usance.core.reminders import Template
from usance.documents.paper import Language, Payment
from usance.mail import message, reminding, templates
from usance.mail.message import Letter
from usance.mail.reminding import Facts

PAYMENT = Payment(
    reference="RF36INV202600042", holder="Acme Ltd", iban="DE89370400440532013000",
    bic="COBADEFFXXX", bank="Commerzbank",
)  # fmt: skip
FACTS = Facts(
    seller="Acme", customer="Jane", number="INV-2026-00042", level=1, amount_due=Decimal("1234.50"),
    currency="EUR", due_on=date(2026, 12, 31), days_overdue=12, payment=PAYMENT,
)  # fmt: skip
EVIL = "Jane\r\nBcc: all@example.com\n\n<script>alert(1)</script>{{ seller }}"


def with_(**more: object) -> Facts:
    return Facts(**{name: more.get(name, getattr(FACTS, name)) for name in Facts.__slots__})  # type: ignore[arg-type]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("level", [1, 2, 3, 4, 10])
def test_every_level_says_what_is_to_be_paid_and_how(language: Language, level: int):
    said = reminding.say(with_(level=level), language, None)
    for told in ("INV-2026-00042", "RF36INV202600042", "DE89370400440532013000", "Acme", "Jane"):
        assert told in said.text, told
    assert re.search(r"1[.,\s]?234[.,]50", said.text)
    assert "INV-2026-00042" in said.subject
    assert "\n" not in said.subject
    assert "{{" not in said.text + said.subject + said.html
    assert f'lang="{language.value}"' in said.html
    others = {reminding.say(with_(level=n), language, None).subject for n in (1, 2, 3)}
    assert len(others) == 3


def test_what_the_seller_did_not_say_is_left_out():
    bare = reminding.say(with_(payment=Payment("RF36INV202600042")), Language.EN, None)
    assert "IBAN" not in bare.text
    assert "None" not in bare.text


def test_a_name_is_no_header_no_html_and_no_template():
    said = reminding.say(with_(customer=EVIL, seller=EVIL), Language.EN, None)
    assert "<script>" not in said.html
    assert "&lt;script&gt;" in said.html
    assert "{{ seller }}" in said.text  # as it is written, and not filled in
    own = Template("About {{ customer }}", "{{ customer }}\n\n{{ amountDue }} <b>now</b>")
    said = reminding.say(with_(customer=EVIL), Language.EN, own)
    assert "\n" not in said.subject
    assert "<b>" not in said.html
    assert "&lt;b&gt;now&lt;/b&gt;" in said.html
    assert said.html.count("<p>") == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ nobody }}", "'nobody'"),
        ("{{ customer.__class__ }}", "nothing more"),
        ("{{ customer|upper }}", "nothing more"),
        ("{{ [customer] }}", "nothing more"),
        ("{{ 1 + 1 }}", "nothing more"),
        ("{% for x in customer %}{% endfor %}", "nothing more"),
        ("{% set x = 1 %}", "nothing more"),
        ("{% include 'x' %}", "nothing more"),
        ("{{ customer", "no template"),
        ("{{ }}", "no template"),
        ("{{ customer() }}", "nothing more"),
        ("{{ self }}", "'self'"),
    ],
)
def test_a_template_is_text_and_names(text: str, problem: str):
    with pytest.raises(templates.BadTemplate, match=problem):
        templates.check(text)


@pytest.mark.parametrize("text", ["Plain.", "{{ number }}", "50 % {# a note #} {{customer}}", ""])
def test_text_and_names_are_a_template(text: str):
    templates.check(text)


def letter(**more: object) -> EmailMessage:
    values = {
        "id": "0190.1", "sender": "billing@acme.example", "sender_name": "Acme",
        "recipient": "jane@example.com", "recipient_name": "Jane", "reply_to": None,
        "subject": "Reminder", "text": "Hello\n", "html": "<p>Hello</p>",
        "attachment": ("INV.pdf", b"%PDF-1.7"), "at": datetime(2027, 1, 1, tzinfo=UTC), **more,
    }  # fmt: skip
    sent = message.written(Letter(**values))  # type: ignore[arg-type]
    assert all(line.endswith(b"\r") for line in sent.split(b"\n")[:-1])
    found = email.message_from_bytes(sent, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_letter_has_text_html_and_the_invoice():
    one = letter(reply_to="help@acme.example")
    assert (one["From"], one["To"]) == ("Acme <billing@acme.example>", "Jane <jane@example.com>")
    assert one["Reply-To"] == "help@acme.example"
    assert one["Message-ID"] == "<0190.1@acme.example>"
    assert one["Auto-Submitted"] == "auto-generated"
    kinds = [part.get_content_type() for part in one.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
    ]  # fmt: skip
    assert next(one.iter_attachments()).get_filename() == "INV.pdf"


@pytest.mark.parametrize(
    "name",
    [
        EVIL,
        "a\nb",
        "\x00\x1f",
        "Zoë \u202eevil",
        "株式会社",
        "Jane <other@example.com>,",
        '"',
        "a" * 1000,
        "",
    ],
)
def test_no_text_adds_a_header_or_a_recipient(name: str):
    one = letter(sender_name=name, recipient_name=name, subject=name)
    assert set(one.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert [each.addr_spec for each in one["To"].addresses] == ["jane@example.com"]
    assert [each.addr_spec for each in one["From"].addresses] == ["billing@acme.example"]
    assert "\n" not in one["Subject"]

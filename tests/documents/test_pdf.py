"""The document as it is printed: read again from the file, by other programs than made it."""

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from tests.documents.papers import (
    BUYER,
    INVOICE,
    LINES,
    NOTE,
    PAYMENT,
    SELLER,
    TIERS,
    D,
    boxes,
    codes,
    flat,
    of_length,
    pages,
    simple,
    text,
)
from tests.documents.test_logo import png

from usance.documents import epc, layout, pdf
from usance.documents.logo import UnusableLogo
from usance.documents.paper import Kind, Language, Line, Mark, Paper, Party, Payment, Size
from usance.documents.texts import TEXTS

MM = 72 / 25.4  # points
SIDE = 22 * MM  # the margin at the sides
SIZES = {Size.A4: (595, 842), Size.LETTER: (612, 792)}  # points


# --- languages, sizes, kinds ----------------------------------------------------------------------


@pytest.mark.parametrize("size", Size)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("paper", [INVOICE, NOTE], ids=lambda paper: paper.kind)
def test_it_is_one_page_that_says_its_name_and_its_sum(
    paper: Paper, language: Language, size: Size
):
    printed = pdf.render(replace(paper, language=language, size=size))
    (page,) = pages(printed)
    assert tuple(map(round, page.get_size())) == SIZES[size]
    said = flat(printed)
    texts = TEXTS[language]
    title = texts.invoice if paper.kind is Kind.INVOICE else texts.credit_note
    assert said.count("".join(title.split())) >= 1
    assert any(sum_ in said for sum_ in ("€1,435.81", "1.435,81€", "1435,81€", "€1.435,81"))
    assert "1/1" in said


@pytest.mark.parametrize("language", Language)
def test_every_letter_of_every_text_is_in_the_fonts(language: Language):
    """PDF/A forbids what cannot be shown, so that typst refuses it by name."""
    texts = TEXTS[language]
    every = [getattr(texts, name) for name in texts.__slots__]
    months = [date(2027, month, 28) for month in range(1, 13)]
    lines = [Line(said, D(1)) for said in every]
    for currency in ("EUR", "USD", "GBP", "JPY", "CHF"):
        for day in months:
            paper = simple(*lines, language=language, currency=currency, due_on=day)
            sheet, files = layout.sheet(paper, logo=None)
            files |= {"main.typ": pdf._template(), "sheet.json": json.dumps(sheet).encode()}
            if day.month == 1 or currency == "EUR":
                archived = pdf._compiler().compile(
                    input=files,  # type: ignore[type-var]
                    pdf_standards="a-3u",
                    timestamp=pdf._EPOCH,
                )
                assert isinstance(archived, bytes)


def test_only_fonts_of_the_package_are_used():
    assert set(pdf._fonts().families()) == {
        "Inter",
        "Noto Emoji",
        "Noto Naskh Arabic",
        "Noto Sans CJK JP",
        "Noto Sans Hebrew",
    }


@pytest.mark.parametrize("mark", Mark)
def test_a_mark_is_said(mark: Mark):
    word = getattr(TEXTS[Language.DE], mark.value.lower())
    assert word not in flat(pdf.render(replace(INVOICE, language=Language.DE)))
    assert word in flat(pdf.render(replace(INVOICE, language=Language.DE, mark=mark)))


# --- the same bytes -------------------------------------------------------------------------------

_AGAIN = """
import hashlib
from tests.documents.papers import INVOICE
from usance.documents import pdf
print(hashlib.sha256(pdf.render(INVOICE)).hexdigest())
"""


def test_the_same_paper_gives_the_same_bytes():
    """Also in another process, in other threads, and after other documents."""
    first = pdf.render(INVOICE)
    others = [replace(INVOICE, number=f"{n}") for n in range(20)]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(pdf.render, [*others, INVOICE] * 2))
    assert made[20] == made[41] == first
    assert len({*made}) == 21
    run = subprocess.run([sys.executable, "-c", _AGAIN], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_the_file_has_the_date_of_the_document():
    assert b"D:20270201000000Z" in pdf.render(INVOICE)
    dated = pdf.render(replace(INVOICE, issued_on=date(1999, 12, 31)))
    assert b"D:19991231000000Z" in dated
    issued = datetime.combine(date(1999, 12, 31), time(), UTC)
    assert issued.isoformat().encode() in dated.replace(b"Z", b"+00:00"), "in XMP too"


def test_a_draft_without_a_day_has_the_same_bytes_too():
    draft = replace(INVOICE, mark=Mark.DRAFT, number=None, issued_on=None)
    assert pdf.render(draft) == pdf.render(draft)


# --- what others write is shown, and never run ----------------------------------------------------

NASTY = [
    '#import "x.typ": *',
    "#panic()",
    '#read("sheet.json")',
    "$x^2$ *bold* _it_ `raw` = Title",
    "\\ \\u{41} ~ -- ... // comment /* comment",
    "\"quoted\" 'quoted' <label> @reference [content] {code}",
    "]; #set page(fill: red); [",
    "100% & <b>HTML</b>",
    "Ελληνικά Кириллица Łódź",
    "髙﨑商店 ｶﾅ ㈱",
    "https://example.com/a?b=c#d",
]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_shown_as_it_is_written(name: str):
    party = Party(name, (name,), tax_id=name, registration=name, email=name)
    line = Line(name, D(5), quantity=D(1), unit=name, note=name)
    pay = Payment(name, holder=name, iban=name, bic=name, bank=name, other=((name, name),))
    paper = simple(
        line,
        seller=party,
        customer=party,
        payment=pay,
        number=name,
        customer_number=name,
        purchase_order=name,
        terms=(name,),
        footer=(name,),
    )
    said = flat(pdf.render(paper))
    assert said.count("".join(name.split())) >= 15


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("شركة النور", "النور"),
        ("חברה בע״מ", "חברה"),
        ("Zeile eins\nZeile zwei", "Zeilezwei"),
        ("nul\x00 \ud800 \u202eevil", "evil"),
        ("🚀 Rocket 👩\u200d🚀", "Rocket"),
    ],
)
def test_a_name_in_any_script_is_shown(name: str, seen: str):
    said = flat(pdf.render(replace(INVOICE, customer=Party(name))))
    # A reader gives letters that run leftwards in the order of the eye or of the text.
    assert seen in said or seen[::-1] in said


def test_what_no_font_has_is_shown_as_a_box_and_the_rest_stays():
    assert "Seoul" in flat(pdf.render(replace(INVOICE, customer=Party("주식회사 Seoul"))))


def test_a_customer_without_a_name_has_an_invoice():
    assert "2027-000042" in flat(pdf.render(replace(INVOICE, customer=Party(""))))


def test_what_is_copied_has_no_marks_of_breaking():
    email = "accounts.receivable@northwind-metering.example"
    printed = pdf.render(replace(INVOICE, seller=replace(SELLER, email=email)))
    assert email in flat(printed)


LONG = [
    "W" * 300,
    "Wort " * 60,
    "長" * 300,
    "i" * 300,
    "a/" * 150,
    "x@" * 150,
]


@pytest.mark.parametrize("name", LONG, ids=lambda name: name[:4])
@pytest.mark.parametrize("size", Size)
def test_300_characters_stay_between_the_margins(name: str, size: Size):
    party = Party(name, (name,), tax_id=name, registration=name, email=name)
    line = Line(name, D(5), quantity=D(1), unit=name, note=name, tiers=TIERS)
    pay = replace(PAYMENT, bank=name, other=((name, name),))
    paper = simple(
        line,
        customer=party,
        seller=replace(party, address=()),
        payment=pay,
        number=name,
        terms=(name,),
        size=size,
    )
    printed = pdf.render(paper)
    assert flat(printed).count("".join(name.split())) >= 10
    width, height = SIZES[size]
    said = "".join(text(printed))
    for letter, box in zip(said, boxes(printed), strict=True):
        if letter.isspace():
            continue  # at the end of a line it may hang over
        assert box.left >= SIDE - 1
        assert box.right <= width - SIDE + 1
        assert box.bottom >= 3 * MM
        assert box.top <= height - 3 * MM


def test_the_longest_numbers_do_not_run_into_each_other():
    number = D("123456789012345678.123456789012")
    line = Line("Usage", D("999999999999999.99"), quantity=number, unit_price=D("0.000000000012"))
    (page,) = text(pdf.render(simple(line)))
    assert "123,456,789,012,345,678.123456789012 0.000000000012 999,999,999,999,999.99" in page


# --- columns and pages ----------------------------------------------------------------------------


def test_decimal_marks_stand_in_one_line():
    prices = {"49.00": D(49), "0.005": D("0.005"), "10.10": D("10.1"), "1,234.5678": D("1234.5678")}
    lines = [Line("Thing", D(1), unit_price=price) for price in prices.values()]
    printed = pdf.render(simple(*lines))
    (page,), places = text(printed), boxes(printed)
    marks = [places[page.index(shown) + shown.index(".")].left for shown in prices]
    assert max(marks) - min(marks) < 0.25, "points; a digit has 6"


def test_amounts_stand_above_the_sum():
    """Though the sum has its currency behind it."""
    printed = pdf.render(replace(INVOICE, language=Language.DE))
    (page,), places = text(printed), boxes(printed)
    marks = [places[page.index(shown) + 3].left for shown in ("121,73", "229,25")]
    assert max(marks) - min(marks) < 0.25, "points; a digit has 6"


def test_a_long_invoice_has_its_head_and_its_number_on_every_page():
    printed = text(pdf.render(of_length(120)))
    count = len(printed)
    assert count > 2
    for number, page in enumerate(printed, 1):
        assert f"{number} / {count}" in page
        assert "Amount (EUR)" in page or number == count
        assert ("Invoice 2027-000042" in page) or number == 1


@pytest.mark.parametrize("count", [60, 1000])
def test_what_is_carried_forward_is_what_stood_on_the_pages_before(count: int):
    before = 0
    for number, page in enumerate(text(pdf.render(of_length(count))), 1):
        here = page.count("Item ")
        assert ("Carried forward" in page) is (number > 1 and here > 0)
        if number > 1 and here:
            assert f"Carried forward {before * 10:,}.00" in page
        before += here
    assert before == count


def test_a_line_stays_together():
    """Its tiers are never on another page than it is, wherever on the page it comes."""
    tiered = Line("Tiered", D("121.73"), tiers=TIERS)
    for above in range(10, 30):
        filler = (Line(f"Item {n}", D(10)) for n in range(above))
        printed = text(pdf.render(simple(*filler, tiered)))
        (page,) = (page for page in printed if "Tiered" in page)
        assert "11.7275" in page
        assert "121.73" in page


def test_a_line_that_is_longer_than_a_page_goes_on():
    tiers = tuple(replace(TIERS[0], above=D(n), up_to=D(n + 1)) for n in range(100))
    printed = pdf.render(simple(Line("Tiered", D(5), tiers=tiers)))
    assert len(pages(printed)) > 1
    assert all(f"{n}–{n + 1}" in flat(printed) for n in range(100))


_GROWTH = """
from tests.documents.papers import of_length
from usance.documents import pdf
def size():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) // 256
pdf.render(of_length(500, number="0"))
before = size()
for n in range(1, 7):
    pdf.render(of_length(500, number=str(n)))
print(size() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_long_invoices_leave_nothing_behind():
    """typst keeps what it has laid out until ten more were made: 0.1 MB a line."""
    run = subprocess.run(
        [sys.executable, "-c", _GROWTH], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 120, "MB; six of these are 300"


# --- the code -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", Size)
@pytest.mark.parametrize("language", [Language.DE, Language.JA])
def test_the_code_on_the_page_is_read_again(language: Language, size: Size):
    paper = replace(INVOICE, language=language, size=size)
    assert codes(pdf.render(paper)) == [epc.payload(PAYMENT, D("1435.81"), "EUR")]


def test_the_code_asks_for_what_is_left():
    part = replace(INVOICE, paid=D("1000.00"), due=D("435.81"))
    (code,) = codes(pdf.render(part))
    assert "EUR435.81" in code.split("\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"mark": Mark.DRAFT},
        {"mark": Mark.VOID},
        {"mark": Mark.PAID},
        {"due": D(0)},
        {"currency": "USD"},
        {"kind": Kind.CREDIT_NOTE},
    ],
)
def test_what_is_not_to_be_paid_in_euro_has_no_code(changes: dict[str, object]):
    assert codes(pdf.render(replace(INVOICE, **changes))) == []  # type: ignore[arg-type]


# --- the logo -------------------------------------------------------------------------------------

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='90' height='30'><rect width='90' height='30' fill='#d02020'/></svg>"
RED = (0xD0, 0x20, 0x20)


def _pixels(printed: bytes, left: int, top: int) -> tuple[int, ...]:
    picture = pages(printed)[0].render(scale=1)
    at = top * picture.stride + left * picture.n_channels
    blue, green, red = bytes(picture.buffer)[at : at + 3]
    return red, green, blue


@pytest.mark.parametrize("logo", [png(90, 30), png(3, 1), SVG], ids=["png", "small", "svg"])
def test_a_logo_stands_at_the_left_and_the_name_gives_way(logo: bytes):
    with_logo = pdf.render(replace(INVOICE, logo=logo))
    left, top = round(SIDE) + 3, round(20 * MM) + 3
    assert _pixels(with_logo, left, top) == RED
    assert _pixels(pdf.render(INVOICE), left, top) != RED
    # 17 mm high and 51 wide: as it is, and not stretched.
    assert _pixels(with_logo, round(SIDE + 50 * MM), top) == RED
    assert _pixels(with_logo, round(SIDE + 53 * MM), top) != RED


@pytest.mark.parametrize(
    "logo",
    [
        png(9, 9)[:40],
        png(9, 9).replace(b"IDAT", b"XDAT"),
        b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x09\x00\x09\x01\x01\x11\x00",
        b"<svg xmlns='http://www.w3.org/2000/svg'><rect>",
        b"<svg xmlns='http://www.w3.org/2000/svg'>\xff</svg>",
        b"GIF89a",
    ],
)
def test_a_broken_logo_is_refused_and_the_next_document_is_made(logo: bytes):
    with pytest.raises(UnusableLogo):
        pdf.render(replace(INVOICE, logo=logo))
    assert pdf.render(INVOICE).startswith(b"%PDF")


def test_the_one_colour_can_be_the_sellers():
    plain, own = (pdf.render(replace(INVOICE, accent=c)) for c in ("#1d4e89", "#d02020"))
    assert plain != own
    assert text(plain) == text(own)


def test_everything_at_once_can_be_printed():
    """All fields, with every line of the samples, on a page of each size."""
    paper = replace(
        INVOICE,
        lines=(*LINES, Line("Refund", D("-206.56"))),
        subtotal=D("1000.00"),
        taxes=(),
        total=D("1000.00"),
        due=D("1000.00"),
        customer=replace(BUYER, phone="1", website="w", tax_number="t"),
        customer_number="C-1",
        purchase_order="PO-1",
        footer=("a", "b"),
        logo=SVG,
    )
    assert "−206.56" in flat(pdf.render(paper))


def test_an_invoice_without_lines_is_printed():
    """A first period that is free has none."""
    assert "2027-000042" in flat(pdf.render(simple()))

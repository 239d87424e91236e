"""Factur-X: the printed document as PDF/A-3 that carries its CII, byte for byte."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pypdfium2  # type: ignore[import-untyped]
import pytest
from tests.documents.einvoices import CREDIT, SAMPLES, WHOLE, with_lines
from tests.documents.papers import INVOICE, of_length
from tests.documents.rules import broken

from usance.documents import pdf
from usance.documents.einvoice import cii, facturx
from usance.documents.einvoice.content import Format
from usance.documents.paper import Language, Line

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
FX = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
PDFA = "{http://www.aiim.org/pdfa/ns/id/}"
SCHEMA = "{http://www.aiim.org/pdfa/ns/schema#}"
PROPERTY = "{http://www.aiim.org/pdfa/ns/property#}"


def metadata(data: bytes) -> ET.Element:
    """The metadata that the catalogue of the file names."""
    (number,) = re.findall(rb"/Type/Catalog[^\n]*?/Metadata (\d+) 0 R", data)
    obj = re.search(rb"\n%s 0 obj\n<</Length (\d+)/Type/Metadata" % number, data)
    assert obj is not None
    start = data.index(b"stream\n", obj.end()) + len(b"stream\n")
    end = start + int(obj[1])
    assert data[end:].startswith(b"\nendstream")
    return ET.fromstring(data[start:end].decode())


def text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return " ".join(document[n].get_textpage().get_text_bounded() for n in range(len(document)))


@pytest.mark.parametrize("name", ["standard", "reverse charge", "credit note", "in yen"])
def test_it_carries_its_cii_byte_for_byte(name: str):
    one = SAMPLES[name]
    document = pypdfium2.PdfDocument(facturx.write(one))
    assert document.count_attachments() == 1
    attached = document.get_attachment(0)
    assert attached.get_name() == "factur-x.xml"
    carried = bytes(attached.get_data())
    assert carried == cii.write(one, Format.FACTURX)
    assert broken(carried, Format.CII) == set()


def test_its_metadata_say_that_it_is_pdf_a_3_and_what_it_carries():
    data = facturx.write(WHOLE)
    told = metadata(data)
    assert [e.text for e in told.iter(f"{PDFA}part")] == ["3"]
    assert [e.text for e in told.iter(f"{PDFA}conformance")] == ["B"]
    said = {e.tag.removeprefix(FX): e.text for e in told.iter() if e.tag.startswith(FX)}
    assert said == {
        "DocumentFileName": "factur-x.xml",
        "DocumentType": "INVOICE",
        "Version": "1.0",
        "ConformanceLevel": "EN 16931",
    }
    # PDF/A wants every schema described, and every property in it.
    described = [e for e in told.iter(f"{RDF}li") if e.find(f"{SCHEMA}prefix") is not None]
    (own,) = [e for e in described if e.findtext(f"{SCHEMA}prefix") == "fx"]
    assert {e.text for e in own.iter(f"{PROPERTY}name")} == set(said)
    assert b"/AFRelationship/Alternative" in data
    assert b"/Subtype/text#2Fxml" in data


@pytest.mark.parametrize(
    "one", [WHOLE, CREDIT, replace(WHOLE, paper=with_lines(of_length(300).lines))]
)
def test_every_offset_in_it_is_right(one):
    data = facturx.write(one)
    at = int(data.rpartition(b"startxref\n")[2].split()[0])
    assert data[at : at + 5] == b"xref\n"
    table = data[at:].partition(b"trailer")[0].splitlines()
    first, count = map(int, table[1].split())
    assert (first, len(table) - 2) == (0, count)
    for number, entry in enumerate(table[2:]):
        offset, _, kind = entry.split()
        if kind == b"n":
            head = b"%d 0 obj" % number
            assert data[int(offset) :].startswith(head), (number, entry)


def test_it_says_what_the_printed_document_says_and_is_the_same_each_time():
    data = facturx.write(WHOLE)
    assert text(data) == text(pdf.render(INVOICE))
    assert data == facturx.write(WHOLE)
    assert data != facturx.write(replace(WHOLE, note="Another."))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("김 Kim", "□ Kim"),
        ("नमस्ते", "□"),
        ("a\ue000b\ufffec", "a□b□c"),
        ("\ufffd", "□"),
        ('"quoted" \\u{e000}', '"quoted" \\u{e000}'),
        ("café 日本語 שלום ☺", "café 日本語"),
    ],
)
def test_a_character_that_no_font_has_is_a_square(name: str, shown: str):
    paper = replace(INVOICE, customer=replace(INVOICE.customer, name=name))
    data = facturx.write(replace(WHOLE, paper=paper, note=name))
    assert shown in text(data).replace("\r\n", " ")
    assert name not in text(data) or "□" not in shown


@pytest.mark.parametrize("language", Language)
def test_every_language_can_be_archived(language: Language):
    paper = replace(INVOICE, language=language, lines=(*INVOICE.lines, Line("한", INVOICE.paid)))
    assert (
        pypdfium2.PdfDocument(facturx.write(replace(WHOLE, paper=paper))).count_attachments() == 1
    )

"""Factur-X: the printed document as PDF/A-3 that carries its CII; in Germany called ZUGFeRD.

Sources: Factur-X 1.0.8, ISO 19005-3; docs/decisions/0010-e-invoices-written-here.md.
"""

import re
from typing import Final

from usance.documents import pdf
from usance.documents.einvoice import cii
from usance.documents.einvoice.content import EInvoice, Format

NAME: Final = "factur-x.xml"

_METADATA: Final = re.compile(rb"<</Length (\d+)/Type/Metadata/Subtype/XML>>\nstream\n")
_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) n")
_FX: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES: Final = (
    ("DocumentFileName", NAME, "The name of the embedded XML document"),
    ("DocumentType", "INVOICE", "The type of the document"),
    ("Version", "1.0", "The version of the embedded XML document"),
    ("ConformanceLevel", "EN 16931", "The profile of the embedded XML document"),
)


def write(one: EInvoice) -> bytes:
    """Return the document as PDF with its CII in it, or raise `UnusableLogo`."""
    carrying = pdf.render(one.paper, attached=(NAME, cii.write(one, Format.FACTURX)))
    return _told(carrying)


def _told(document: bytes) -> bytes:
    """Return the PDF with what is said of the attachment in its metadata, and every offset right."""
    found = _METADATA.search(document)
    assert found is not None, "PDF/A has metadata, and typst writes them plainly"
    end = found.end() + int(found[1])
    said = document[found.end() : end].decode()
    schemas, rdf = "</rdf:Bag></pdfaExtension:schemas>", "</rdf:RDF>"
    assert said.count(schemas) == said.count(rdf) == 1, "the metadata tell their schemas"
    said = said.replace(schemas, _schema() + schemas).replace(rdf, _values() + rdf)
    new = said.encode()
    head = b"<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n" % len(new)
    grown = len(head) + len(new) - (end - found.start())
    body, _, rest = document.rpartition(b"\nxref\n")
    table, _, tail = rest.partition(b"trailer\n")

    def moved(entry: re.Match[bytes]) -> bytes:
        offset = int(entry[1])
        return b"%010d %s n" % (offset + grown if offset > found.start() else offset, entry[2])

    table = _ENTRY.sub(moved, table)
    body = body[: found.start()] + head + new + body[end:] + b"\nxref\n"
    trailer, _, _ = tail.partition(b"startxref\n")
    at = b"startxref\n%d\n%%%%EOF" % (len(body) - len(b"xref\n"))
    return body + table + b"trailer\n" + trailer + at


def _schema() -> str:
    told = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{what}</pdfaProperty:description></rdf:li>"
        for name, _, what in _PROPERTIES
    )
    return (
        '<rdf:li rdf:parseType="Resource">'
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{_FX}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{told}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )


def _values() -> str:
    told = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, value, _ in _PROPERTIES)
    return f'<rdf:Description rdf:about="" xmlns:fx="{_FX}">{told}</rdf:Description>'

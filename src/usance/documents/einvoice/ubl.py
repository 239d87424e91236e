"""UBL: an e-invoice in the syntax of OASIS UBL 2.1, as Invoice or as CreditNote.

Sources: EN 16931-3-2 for what stands where; the order is that of the schema.
"""

from decimal import Decimal
from typing import Final

from usance.documents.einvoice.content import PROCESS, EInvoice, Format, Row, Trader, row
from usance.documents.einvoice.xml import Element, group, leaf, render
from usance.documents.paper import Days, TaxCategory

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"


def write(one: EInvoice, form: Format) -> bytes:
    """Return a complete e-invoice as UBL."""
    note = one.is_credit_note
    root = "CreditNote" if note else "Invoice"
    paper = one.paper
    due_on = None if one.due_on is None else one.due_on.isoformat()
    document = group(
        root,
        leaf("cbc:CustomizationID", form.specification),
        leaf("cbc:ProfileID", PROCESS),
        leaf("cbc:ID", paper.number),
        leaf("cbc:IssueDate", one.issued_on.isoformat()),
        None if note else leaf("cbc:DueDate", due_on),
        leaf(f"cbc:{root}TypeCode", "381" if note else "380"),
        leaf("cbc:Note", one.note),
        leaf("cbc:DocumentCurrencyCode", paper.currency),
        leaf("cbc:BuyerReference", one.buyer_reference),
        _period(one.days),
        *(_corrected(number) for number in paper.corrects),
        group("cac:AccountingSupplierParty", _party(one, one.seller)),
        group("cac:AccountingCustomerParty", _party(one, one.buyer)),
        _means(one, due_on if note else None),
        _taxes(one),
        group(
            "cac:LegalMonetaryTotal",
            _amount(one, "cbc:LineExtensionAmount", paper.subtotal),
            _amount(one, "cbc:TaxExclusiveAmount", paper.subtotal),
            _amount(one, "cbc:TaxInclusiveAmount", paper.total),
            _amount(one, "cbc:PrepaidAmount", paper.paid),
            _amount(one, "cbc:PayableAmount", one.due),
        ),
        *(_line(one, row(line, paper), at) for at, line in enumerate(paper.lines, 1)),
    )
    assert document is not None, "there is always something to say"
    return render(
        document,
        {
            "": f"{_UBL}{root}-2",
            "cac": f"{_UBL}CommonAggregateComponents-2",
            "cbc": f"{_UBL}CommonBasicComponents-2",
        },
    )


def _corrected(number: str) -> Element | None:
    return group(
        "cac:BillingReference", group("cac:InvoiceDocumentReference", leaf("cbc:ID", number))
    )


def _period(days: Days | None) -> Element | None:
    if days is None:
        return None
    return group(
        "cac:InvoicePeriod",
        leaf("cbc:StartDate", days.first.isoformat()),
        leaf("cbc:EndDate", days.last.isoformat()),
    )


def _party(one: EInvoice, who: Trader) -> Element | None:
    endpoint, address = who.endpoint, who.address
    return group(
        "cac:Party",
        None
        if endpoint is None
        else leaf("cbc:EndpointID", endpoint.value, schemeID=endpoint.scheme),
        group("cac:PartyIdentification", leaf("cbc:ID", who.identifier)),
        group("cac:PartyName", leaf("cbc:Name", who.trading_name)),
        group(
            "cac:PostalAddress",
            leaf("cbc:StreetName", address.line1),
            leaf("cbc:AdditionalStreetName", address.line2),
            leaf("cbc:CityName", address.city),
            leaf("cbc:PostalZone", address.postal_code),
            leaf("cbc:CountrySubentity", address.subdivision),
            group("cac:AddressLine", leaf("cbc:Line", address.line3)),
            group("cac:Country", leaf("cbc:IdentificationCode", address.country)),
        ),
        _tax_scheme(who.vat_id if one.tax_ids_are_told else None, "VAT"),
        _tax_scheme(who.tax_number, "FC"),
        group(
            "cac:PartyLegalEntity",
            leaf("cbc:RegistrationName", who.name),
            leaf("cbc:CompanyID", who.registration),
        ),
        group(
            "cac:Contact",
            leaf("cbc:Name", who.contact),
            leaf("cbc:Telephone", who.phone),
            leaf("cbc:ElectronicMail", who.email),
        ),
    )


def _tax_scheme(number: str | None, scheme: str) -> Element | None:
    if number is None:
        return None
    return group(
        "cac:PartyTaxScheme",
        leaf("cbc:CompanyID", number),
        group("cac:TaxScheme", leaf("cbc:ID", scheme)),
    )


def _means(one: EInvoice, due_on: str | None) -> Element | None:
    payment = one.paper.payment if one.is_transfer else None
    return group(
        "cac:PaymentMeans",
        leaf("cbc:PaymentMeansCode", one.means),
        leaf("cbc:PaymentDueDate", due_on),
        None if payment is None else leaf("cbc:PaymentID", payment.reference),
        None
        if payment is None
        else group(
            "cac:PayeeFinancialAccount",
            leaf("cbc:ID", "".join((payment.iban or "").split())),
            leaf("cbc:Name", payment.holder),
            group("cac:FinancialInstitutionBranch", leaf("cbc:ID", payment.bic)),
        ),
    )


def _taxes(one: EInvoice) -> Element | None:
    tax = one.tax
    return group(
        "cac:TaxTotal",
        _amount(one, "cbc:TaxAmount", tax.amount),
        group(
            "cac:TaxSubtotal",
            _amount(one, "cbc:TaxableAmount", tax.net),
            _amount(one, "cbc:TaxAmount", tax.amount),
            group(
                "cac:TaxCategory",
                leaf("cbc:ID", tax.category.value),
                leaf("cbc:Percent", plain(tax.rate)),
                leaf("cbc:TaxExemptionReasonCode", one.exemption_code),
                leaf("cbc:TaxExemptionReason", one.exemption),
                _VAT,
            ),
        ),
    )


def _line(one: EInvoice, said: Row, at: int) -> Element | None:
    tax = one.tax
    kind = "CreditNote" if one.is_credit_note else "Invoice"
    rated = tax.category is not TaxCategory.OUTSIDE_SCOPE  # BR-O-05
    return group(
        f"cac:{kind}Line",
        leaf("cbc:ID", str(at)),
        leaf("cbc:Note", said.note),
        leaf(
            "cbc:InvoicedQuantity" if kind == "Invoice" else "cbc:CreditedQuantity",
            plain(said.quantity),
            unitCode="C62",
        ),
        _amount(one, "cbc:LineExtensionAmount", said.amount),
        _period(said.days),
        group(
            "cac:Item",
            leaf("cbc:Name", said.name),
            group(
                "cac:ClassifiedTaxCategory",
                leaf("cbc:ID", tax.category.value),
                leaf("cbc:Percent", plain(tax.rate)) if rated else None,
                _VAT,
            ),
        ),
        group(
            "cac:Price",
            leaf("cbc:PriceAmount", plain(said.price), currencyID=one.paper.currency),
        ),
    )


_VAT: Final = group("cac:TaxScheme", leaf("cbc:ID", "VAT"))


def _amount(one: EInvoice, name: str, value: Decimal) -> Element | None:
    return leaf(name, one.money(value), currencyID=one.paper.currency)


def plain(value: Decimal) -> str:
    """Return a number without zeros at its end.

    >>> plain(Decimal("19.00")), plain(Decimal("1E+3")), plain(Decimal("0.0500"))
    ('19', '1000', '0.05')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

"""CII: an e-invoice in the syntax of UN/CEFACT's Cross Industry Invoice, D16B and later.

Sources: EN 16931-3-3 for what stands where; the order is that of the schema.
"""

from datetime import date
from decimal import Decimal
from typing import Final

from usance.documents.einvoice.content import PROCESS, EInvoice, Format, Row, Trader, row
from usance.documents.einvoice.ubl import plain
from usance.documents.einvoice.xml import Element, group, leaf, render
from usance.documents.paper import Days, TaxCategory

_NAMESPACES: Final = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}


def write(one: EInvoice, form: Format) -> bytes:
    """Return a complete e-invoice as CII."""
    paper = one.paper
    document = group(
        "rsm:CrossIndustryInvoice",
        group(
            "rsm:ExchangedDocumentContext",
            group("ram:BusinessProcessSpecifiedDocumentContextParameter", leaf("ram:ID", PROCESS)),
            group(
                "ram:GuidelineSpecifiedDocumentContextParameter",
                leaf("ram:ID", form.specification),
            ),
        ),
        group(
            "rsm:ExchangedDocument",
            leaf("ram:ID", paper.number),
            leaf("ram:TypeCode", "381" if one.is_credit_note else "380"),
            _day("ram:IssueDateTime", one.issued_on),
            group("ram:IncludedNote", leaf("ram:Content", one.note)),
        ),
        group(
            "rsm:SupplyChainTradeTransaction",
            *(_line(one, row(line, paper), at) for at, line in enumerate(paper.lines, 1)),
            group(
                "ram:ApplicableHeaderTradeAgreement",
                leaf("ram:BuyerReference", one.buyer_reference),
                _party(one, one.seller, "ram:SellerTradeParty"),
                _party(one, one.buyer, "ram:BuyerTradeParty"),
            ),
            Element("ram:ApplicableHeaderTradeDelivery"),  # the schema wants it, empty or not
            _settlement(one),
        ),
    )
    assert document is not None, "there is always something to say"
    return render(document, _NAMESPACES)


def _line(one: EInvoice, said: Row, at: int) -> Element | None:
    tax = one.tax
    rated = tax.category is not TaxCategory.OUTSIDE_SCOPE  # BR-O-05
    return group(
        "ram:IncludedSupplyChainTradeLineItem",
        group(
            "ram:AssociatedDocumentLineDocument",
            leaf("ram:LineID", str(at)),
            group("ram:IncludedNote", leaf("ram:Content", said.note)),
        ),
        group("ram:SpecifiedTradeProduct", leaf("ram:Name", said.name)),
        group(
            "ram:SpecifiedLineTradeAgreement",
            group(
                "ram:NetPriceProductTradePrice",
                leaf("ram:ChargeAmount", plain(said.price)),
            ),
        ),
        group(
            "ram:SpecifiedLineTradeDelivery",
            leaf("ram:BilledQuantity", plain(said.quantity), unitCode="C62"),
        ),
        group(
            "ram:SpecifiedLineTradeSettlement",
            group(
                "ram:ApplicableTradeTax",
                leaf("ram:TypeCode", "VAT"),
                leaf("ram:CategoryCode", tax.category.value),
                leaf("ram:RateApplicablePercent", plain(tax.rate)) if rated else None,
            ),
            _period(said.days),
            group(
                "ram:SpecifiedTradeSettlementLineMonetarySummation",
                _amount(one, "ram:LineTotalAmount", said.amount),
            ),
        ),
    )


def _party(one: EInvoice, who: Trader, name: str) -> Element | None:
    endpoint, address = who.endpoint, who.address
    return group(
        name,
        leaf("ram:ID", who.identifier),
        leaf("ram:Name", who.name),
        group(
            "ram:SpecifiedLegalOrganization",
            leaf("ram:ID", who.registration),
            leaf("ram:TradingBusinessName", who.trading_name),
        ),
        group(
            "ram:DefinedTradeContact",
            leaf("ram:PersonName", who.contact),
            group("ram:TelephoneUniversalCommunication", leaf("ram:CompleteNumber", who.phone)),
            group("ram:EmailURIUniversalCommunication", leaf("ram:URIID", who.email)),
        ),
        group(
            "ram:PostalTradeAddress",
            leaf("ram:PostcodeCode", address.postal_code),
            leaf("ram:LineOne", address.line1),
            leaf("ram:LineTwo", address.line2),
            leaf("ram:LineThree", address.line3),
            leaf("ram:CityName", address.city),
            leaf("ram:CountryID", address.country),
            leaf("ram:CountrySubDivisionName", address.subdivision),
        ),
        None
        if endpoint is None
        else group(
            "ram:URIUniversalCommunication",
            leaf("ram:URIID", endpoint.value, schemeID=endpoint.scheme),
        ),
        group(
            "ram:SpecifiedTaxRegistration",
            leaf("ram:ID", who.vat_id if one.tax_ids_are_told else None, schemeID="VA"),
        ),
        group("ram:SpecifiedTaxRegistration", leaf("ram:ID", who.tax_number, schemeID="FC")),
    )


def _settlement(one: EInvoice) -> Element | None:
    paper, tax = one.paper, one.tax
    payment = paper.payment if one.is_transfer else None
    return group(
        "ram:ApplicableHeaderTradeSettlement",
        None if payment is None else leaf("ram:PaymentReference", payment.reference),
        leaf("ram:InvoiceCurrencyCode", paper.currency),
        _means(one),
        group(
            "ram:ApplicableTradeTax",
            _amount(one, "ram:CalculatedAmount", tax.amount),
            leaf("ram:TypeCode", "VAT"),
            leaf("ram:ExemptionReason", one.exemption),
            _amount(one, "ram:BasisAmount", tax.net),
            leaf("ram:CategoryCode", tax.category.value),
            leaf("ram:ExemptionReasonCode", one.exemption_code),
            leaf("ram:RateApplicablePercent", plain(tax.rate)),
        ),
        _period(one.days),
        group(
            "ram:SpecifiedTradePaymentTerms",
            None if one.due_on is None else _day("ram:DueDateDateTime", one.due_on),
        ),
        group(
            "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
            _amount(one, "ram:LineTotalAmount", paper.subtotal),
            _amount(one, "ram:TaxBasisTotalAmount", paper.subtotal),
            leaf("ram:TaxTotalAmount", one.money(tax.amount), currencyID=paper.currency),
            _amount(one, "ram:GrandTotalAmount", paper.total),
            _amount(one, "ram:TotalPrepaidAmount", paper.paid),
            _amount(one, "ram:DuePayableAmount", one.due),
        ),
        *(
            group("ram:InvoiceReferencedDocument", leaf("ram:IssuerAssignedID", number))
            for number in paper.corrects
        ),
    )


def _means(one: EInvoice) -> Element | None:
    payment = one.paper.payment if one.is_transfer else None
    if payment is None:
        return group("ram:SpecifiedTradeSettlementPaymentMeans", leaf("ram:TypeCode", one.means))
    return group(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        leaf("ram:TypeCode", one.means),
        group(
            "ram:PayeePartyCreditorFinancialAccount",
            leaf("ram:IBANID", "".join((payment.iban or "").split())),
            leaf("ram:AccountName", payment.holder),
        ),
        group("ram:PayeeSpecifiedCreditorFinancialInstitution", leaf("ram:BICID", payment.bic)),
    )


def _period(days: Days | None) -> Element | None:
    if days is None:
        return None
    return group(
        "ram:BillingSpecifiedPeriod",
        _day("ram:StartDateTime", days.first),
        _day("ram:EndDateTime", days.last),
    )


def _day(name: str, day: date) -> Element | None:
    return group(name, leaf("udt:DateTimeString", f"{day:%Y%m%d}", format="102"))


def _amount(one: EInvoice, name: str, value: Decimal) -> Element | None:
    return leaf(name, one.money(value))

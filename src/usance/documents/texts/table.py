"""The words that a document needs, as a record: a language without one of them does not type-check."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's words. Braces are filled in: {amount}, {date}, {reference} and so on."""

    invoice: str
    credit_note: str
    draft: str
    paid: str
    void: str

    # Facts at the head.
    invoice_number: str
    credit_note_number: str
    issued_on: str
    due_on: str
    due_by: str  # {date}
    days: str
    corrects: str
    customer_number: str
    purchase_order: str
    tax_id: str
    tax_number: str
    amount_due: str
    amount_credited: str

    # The table.
    description: str
    quantity: str
    unit_price: str
    amount: str
    flat_fee: str
    included: str  # {quantity}: units of a line that cost nothing
    share: str  # {elapsed}, {length}: numbers of days
    carried_forward: str

    # The sums.
    subtotal: str
    tax: str  # the tax's name where the seller gives none
    taxed: str  # {name}, {rate}, {net}
    total: str
    total_credited: str
    amount_paid: str

    # Why no tax is charged.
    zero_rated: str
    exempt: str
    reverse_charge: str
    intra_community: str
    export: str
    outside_scope: str

    # How to pay.
    payment: str
    holder: str
    iban: str
    bic: str
    bank: str
    reference: str
    pay_by: str  # {amount}, {date}, {reference}
    pay: str  # {amount}, {reference}
    scan: str

    draft_note: str
    void_note: str
    terms: str

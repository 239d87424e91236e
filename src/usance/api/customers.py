"""The routes of customers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from usance.actions import customers
from usance.api import credits, routes, subscriptions
from usance.api.answers import Many, One, answer, listing, show
from usance.api.bodies import Lenient, Shape
from usance.api.calls import Command, Reading
from usance.api.credits import PoolShape
from usance.api.electronic import ElectronicAddress
from usance.api.fields import (
    Address,
    Choice,
    CustomerInPath,
    DocumentLanguage,
    LongText,
    Metadata,
    Number,
    Percent,
    Reference,
    Text255,
    Zone,
)
from usance.api.pages import Paging
from usance.api.payments import BalanceShape
from usance.api.routes import refuses
from usance.api.subscriptions import SubscriptionShape
from usance.core.customers import Customer, Profile
from usance.core.refusals import Code, invalid
from usance.core.tax import TaxCategory

router: Final = routes.router("Customers")


class _Said(Lenient):
    """What can be said of a customer. Null says nothing, or takes back what was said."""

    email: Text255 | None = None
    first_name: Text255 | None = None
    last_name: Text255 | None = None
    name: Text255 | None = None
    phone_number: Text255 | None = None
    billing_address: Address | None = None
    tax_id: Text255 | None = None
    tax_rate: Percent | None = None
    tax_category: Choice[TaxCategory] | None = Field(
        default=None,
        description="With `taxRate`: a rate above 0 (STANDARD, REDUCED) or of 0 (all others).",
    )
    tax_exemption_reason: LongText | None = Field(
        default=None, description="Of EXEMPT and OUTSIDE_SCOPE: printed on the documents."
    )
    buyer_reference: Text255 | None = Field(
        default=None, description="Of e-invoices: the Leitweg-ID of a public buyer, or alike."
    )
    electronic_address: ElectronicAddress | None = Field(
        default=None, description="Where e-invoices go; without one, `email`."
    )
    time_zone: Zone | None = None
    language: DocumentLanguage | None = None
    reminders_enabled: bool | None = None
    metadata: Metadata | None = None

    def applied_to(self, profile: Profile) -> Profile:
        """Return the profile with what was sent in place of what it held."""
        sent = self.model_dump(exclude_unset=True, exclude={"customer_reference_id"})
        if "time_zone" in sent:
            sent["zone"] = sent.pop("time_zone")
        if "reminders_enabled" in sent:
            sent["reminders_enabled"] = sent["reminders_enabled"] is not False
        if "metadata" in sent:
            sent["metadata"] = sent["metadata"] or {}
        return replace(profile, **sent)


class NewCustomer(_Said):
    """A customer to register."""

    customer_reference_id: Reference | None = None


class CustomerChange(_Said):
    """What is to change of a customer: null clears a field, an absent one stays."""

    customer_reference_id: Reference | None = None


class CustomerShape(Shape):
    """A customer."""

    id: UUID
    customer_reference_id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    name: str | None
    phone_number: str | None
    billing_address: Mapping[str, str] | None
    tax_id: str | None
    tax_rate: Number | None
    tax_category: TaxCategory | None
    tax_exemption_reason: str | None
    buyer_reference: str | None
    electronic_address: Mapping[str, str] | None
    time_zone: str | None
    language: str | None
    reminders_enabled: bool
    metadata: Mapping[str, Any]
    created_at: datetime
    erased_at: datetime | None


class CustomerDetail(CustomerShape):
    """A customer with what hangs on it."""

    subscriptions: list[SubscriptionShape]
    credit_pools: list[PoolShape]
    balances: list[BalanceShape]


@router.post(
    "/customers",
    status_code=201,
    response_model=One[CustomerShape],
    responses=refuses(Code.CUSTOMER_EXISTS),
)
async def create_customer(body: NewCustomer, call: Command) -> Response:
    """Register a customer; its reference is made by us when absent."""
    reference, profile = body.customer_reference_id, body.applied_to(Profile())
    return await answer(
        call, lambda tx: customers.create(tx, call, reference, profile), shown, status=201
    )


@router.get("/customers", response_model=Many[CustomerShape])
async def list_customers(
    call: Reading, page: Paging, email: Annotated[Text255 | None, Query()] = None
) -> Response:
    """List customers, the newest first."""
    return await listing(
        call,
        page,
        lambda tx: customers.page(tx, call, email=email, limit=page.limit, offset=page.offset),
        shown,
    )


@router.get(
    "/customers/{customerReferenceId}",
    response_model=One[CustomerDetail],
    responses=refuses(Code.CUSTOMER_NOT_FOUND),
)
async def get_customer(reference: CustomerInPath, call: Reading) -> Response:
    """Show a customer with its subscriptions, credit pools and balances."""
    return await show(call, lambda tx: customers.detail(tx, call, reference), _detail)


@router.patch(
    "/customers/{customerReferenceId}",
    response_model=One[CustomerShape],
    responses=refuses(Code.CUSTOMER_NOT_FOUND, Code.CUSTOMER_ERASED),
)
async def update_customer(
    reference: CustomerInPath, body: CustomerChange, call: Command
) -> Response:
    """Change what is known of a customer. Null clears a field; `metadata` is replaced as a whole."""
    if body.customer_reference_id not in {None, reference}:
        raise invalid("customerReferenceId", "A customer keeps its reference.")
    return await answer(
        call, lambda tx: customers.update(tx, call, reference, body.applied_to), shown
    )


@router.delete(
    "/customers/{customerReferenceId}",
    response_model=One[CustomerShape],
    responses=refuses(
        Code.CUSTOMER_NOT_FOUND, Code.CUSTOMER_HAS_SUBSCRIPTIONS, Code.CUSTOMER_HAS_BALANCE
    ),
)
async def erase_customer(reference: CustomerInPath, call: Command) -> Response:
    """Erase a customer's personal data. Its invoices stay, under an opaque reference; drafts are voided."""
    return await answer(call, lambda tx: customers.erase(tx, call, reference), shown)


def shown(customer: Customer) -> CustomerShape:
    """Return the customer as it is answered."""
    return CustomerShape(**_fields(customer))


def _detail(detail: customers.Detail) -> CustomerDetail:
    return CustomerDetail(
        **_fields(detail.customer),
        subscriptions=[subscriptions.shown(one) for one in detail.subscriptions],
        credit_pools=[credits.pool_shown(one) for one in detail.credit_pools],
        balances=[
            BalanceShape(currency=one.currency, amount=one.amount) for one in detail.balances
        ],
    )


def _fields(customer: Customer) -> dict[str, Any]:
    profile = customer.profile
    return {
        "id": customer.id,
        "customer_reference_id": customer.reference,
        "email": profile.email,
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "name": profile.name,
        "phone_number": profile.phone_number,
        "billing_address": profile.billing_address,
        "tax_id": profile.tax_id,
        "tax_rate": profile.tax_rate,
        "tax_category": profile.tax_category,
        "tax_exemption_reason": profile.tax_exemption_reason,
        "buyer_reference": profile.buyer_reference,
        "electronic_address": profile.electronic_address,
        "time_zone": profile.zone,
        "language": profile.language,
        "reminders_enabled": profile.reminders_enabled,
        "metadata": profile.metadata,
        "created_at": customer.created_at,
        "erased_at": customer.erased_at,
    }

"""Refusals: every reason for which Usance says no to a request, as one closed list.

A refusal is the caller's mistake or bad luck, never ours: it names the fact, says what to do, and
leaves everything as it was. HTTP statuses are given to the codes in `api/errors.py` only.

Sources: BILLING.md, "Refusals"; docs/errors.md has a line for each code.
"""

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """The closed list. The value is what an API client reads as `error.code`."""

    # The request cannot be understood.
    MALFORMED_JSON = "malformed_json"
    VALIDATION_FAILED = "validation_failed"
    # The caller may not.
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    # The thing is not there (or belongs to somebody else, which is the same).
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CUSTOMER_NOT_FOUND = "customer_not_found"
    PLAN_NOT_FOUND = "plan_not_found"
    FEATURE_NOT_FOUND = "feature_not_found"
    SUBSCRIPTION_NOT_FOUND = "subscription_not_found"
    INVOICE_NOT_FOUND = "invoice_not_found"
    LINE_NOT_FOUND = "line_not_found"
    CREDIT_NOTE_NOT_FOUND = "credit_note_not_found"
    POOL_NOT_FOUND = "pool_not_found"
    PAYMENT_NOT_FOUND = "payment_not_found"
    STATEMENT_NOT_FOUND = "statement_not_found"
    ENTRY_NOT_FOUND = "entry_not_found"
    TRANSACTION_NOT_FOUND = "transaction_not_found"
    KEY_NOT_FOUND = "key_not_found"
    HOLD_NOT_FOUND = "hold_not_found"
    # A hold is denied like a check.
    FEATURE_DISABLED = "feature_disabled"
    NO_SUBSCRIPTION = "no_subscription"
    FEATURE_NOT_IN_PLAN = "feature_not_in_plan"
    SUBSCRIPTION_INACTIVE = "subscription_inactive"
    PAYMENT_PAST_DUE = "payment_past_due"
    SUBSCRIPTION_CANCELLED = "subscription_cancelled"
    USAGE_LIMIT_REACHED = "usage_limit_reached"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    # The thing is there and does not allow it.
    CUSTOMER_EXISTS = "customer_exists"
    CUSTOMER_HAS_SUBSCRIPTIONS = "customer_has_subscriptions"
    CUSTOMER_HAS_BALANCE = "customer_has_balance"
    CUSTOMER_ERASED = "customer_erased"
    PLAN_NOT_ACTIVE = "plan_not_active"
    ALREADY_SUBSCRIBED = "already_subscribed"
    CURRENCY_MISMATCH = "currency_mismatch"
    SAME_PLAN = "same_plan"
    NOT_AN_UPGRADE = "not_an_upgrade"
    SUBSCRIPTION_NOT_ACTIVE = "subscription_not_active"
    CANCELLATION_NOT_SCHEDULED = "cancellation_not_scheduled"
    TOO_FAR_AHEAD = "too_far_ahead"
    SUBSCRIPTION_ENDED = "subscription_ended"
    ALREADY_PAID = "already_paid"
    INVOICE_VOID = "invoice_void"
    INVOICE_PENDING = "invoice_pending"
    INVOICE_NOT_VOIDABLE = "invoice_not_voidable"
    INVOICE_NOT_OVERDUE = "invoice_not_overdue"
    INVOICE_ISSUED = "invoice_issued"
    E_INVOICE_INCOMPLETE = "e_invoice_incomplete"
    ENTRY_SETTLED = "entry_settled"
    NO_PROPOSAL = "no_proposal"
    PROPOSAL_CHANGED = "proposal_changed"
    PAYMENT_REFERENCE_CONFLICT = "payment_reference_conflict"
    EVENT_KEY_CONFLICT = "event_key_conflict"
    HOLD_KEY_CONFLICT = "hold_key_conflict"
    HOLD_SETTLED = "hold_settled"
    ALREADY_REVERSED = "already_reversed"
    NOT_REVERSIBLE = "not_reversible"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    NO_PRICE = "no_price"
    ALREADY_EFFECTIVE = "already_effective"
    MAIL_NOT_SET_UP = "mail_not_set_up"
    CLOCK_IS_REAL = "clock_is_real"
    CLOCK_BACKWARDS = "clock_backwards"
    # The same request under the same key.
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    IDEMPOTENCY_IN_FLIGHT = "idempotency_in_flight"
    # The shape of the message.
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    # Ours, or the world's.
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    INTERNAL_ERROR = "internal_error"


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """A no, with its code, one sentence for a person, and facts for a program.

    `field` names the part of the request at fault (`plans[0].price.amount`), where there is one;
    `detail` holds JSON-ready facts such as `{"subscriptionId": "…"}`.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        field: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.detail = dict(detail) if detail else None


def invalid(field: str, message: str) -> Refusal:
    """Return the refusal of one bad field: `validation_failed`, naming it."""
    return Refusal(Code.VALIDATION_FAILED, message, field=field)

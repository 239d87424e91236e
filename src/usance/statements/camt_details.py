"""What one entry of a camt.053 says, and each payment within it.

Sources: docs/statements.md, "camt.053"; ISO 20022, BankToCustomerStatement: ReportEntry and
EntryTransaction, versions 02 to 13.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from usance.statements.entries import (
    checked_amount,
    compact,
    known,
    refused,
    shown,
    tidy,
)
from usance.statements.tree import Node

_AMOUNT: Final = re.compile(r"\+?(\d{1,18}(?:\.\d{0,5})?|\.\d{1,5})", re.ASCII)
_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[TZ+-].*)?", re.ASCII)
# Families of transaction codes by which a bank takes a payment back.
_RETURNED: Final = frozenset({"RRTN", "RPCR", "UPDD", "PRDD", "RCDD", "RIMB", "ARET"})

Party = tuple[str, str]
"""A name and an account, each possibly empty."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One payment of an entry. `is_debit` is None where it does not say."""

    amount: Decimal | None = None
    currency: str = ""
    is_debit: bool | None = None
    debtor: Party = ("", "")
    creditor: Party = ("", "")
    text: str = ""
    structured_reference: str = ""
    end_to_end_id: str = ""
    reference: str = ""
    kind: str = ""
    reason: str = ""  # why it came back, such as AC04
    returned: bool = False
    instructed: Decimal | None = None
    instructed_currency: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """One entry, with the payments that it consists of. The amount has its sign."""

    amount: Decimal
    currency: str
    status: str
    booked_on: date
    value_on: date
    reversal: bool
    text: str
    reference: str
    kind: str
    told_count: int  # of payments, as the batch says; 0 if it does not
    details: tuple[Detail, ...]


def booking(node: Node) -> Booking:
    """Return what an Ntry says, or refuse: no amount, sign, state or day."""
    amount = node.first("Amt")
    if amount is None:
        raise refused(node.where, "The entry has no Amt.")
    exact = checked_amount(_amount(amount), amount.currency, amount.where)
    status = node.text("Sts/Cd", "Sts")
    if not status:
        raise refused(node.where, "The entry has no Sts: whether it is booked is not known.")
    booked, valued = _day(node, "BookgDt"), _day(node, "ValDt")
    day = booked or valued
    if day is None and status == "BOOK":
        raise refused(node.where, "The entry has neither BookgDt nor ValDt.")
    details = tuple(each.value for each in node.every("NtryDtls/TxDtls"))
    count = node.text("NtryDtls/Btch/NbOfTxs")
    code, returned = _kind(node)
    return Booking(
        amount=-exact if _is_debit(node, required=True) else exact,
        currency=amount.currency,
        status=status,
        booked_on=day or date.min,  # of what is not booked: it becomes no entry
        value_on=valued or day or date.min,
        reversal=returned or node.text("RvslInd") in {"true", "1"},
        text=tidy(node.text("AddtlNtryInf"), node.where),
        # NtryRef is not taken: with many banks it is the place in the file.
        reference=known(node.text("AcctSvcrRef")),
        kind=code,
        told_count=int(count) if re.fullmatch(r"\d{1,15}", count, re.ASCII) else 0,
        details=tuple(each for each in details if isinstance(each, Detail)),
    )


def detail(node: Node) -> Detail:
    """Return what a TxDtls says. What it does not say is empty."""
    own = node.first("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
    instructed = node.first("AmtDtls/InstdAmt/Amt")
    structured = [compact(each.own) for each in node.every("RmtInf/Strd/CdtrRefInf/Ref")]
    structured = [each for each in structured if known(each)]
    # More references than one, and the numbers of documents, are words of the text.
    words = [each.own for each in node.every("RmtInf/Ustrd")]
    words += structured[1:]
    words += [each.own for each in node.every("RmtInf/Strd/RfrdDocInf/Nb")]
    words += [each.own for each in node.every("RmtInf/Strd/AddtlRmtInf")]
    code, returned = _kind(node)
    return Detail(
        amount=None if own is None else checked_amount(_amount(own), own.currency, own.where),
        currency="" if own is None else own.currency,
        is_debit=_is_debit(node, required=False),
        debtor=_party(node, "Dbtr"),
        creditor=_party(node, "Cdtr"),
        text=tidy(" ".join(words) or node.text("AddtlTxInf"), node.where),
        structured_reference=structured[0] if structured else "",
        end_to_end_id=known(node.text("Refs/EndToEndId")),
        reference=known(node.text("Refs/AcctSvcrRef")) or known(node.text("Refs/TxId")),
        kind=code,
        reason=node.text("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry", "RtrInf/RtrRsn/Cd"),
        returned=returned or node.first("RtrInf") is not None,
        instructed=None if instructed is None else _amount(instructed),
        instructed_currency="" if instructed is None else instructed.currency,
    )


def _amount(node: Node) -> Decimal:
    found = _AMOUNT.fullmatch(node.own)
    if found is None:
        raise refused(node.where, f"{shown(node.own)} is not an amount.")
    return Decimal(found[1])


def _is_debit(node: Node, *, required: bool) -> bool | None:
    told = node.text("CdtDbtInd")
    if told in {"CRDT", "DBIT"}:
        return told == "DBIT"
    if told or required:
        raise refused(node.where, f"CdtDbtInd is CRDT or DBIT, not {shown(told)}.")
    return None


def _day(node: Node, name: str) -> date | None:
    """Return the day as the bank tells it: an instant's own day, in the zone that it stands in."""
    told = node.text(f"{name}/Dt", f"{name}/DtTm")
    if not told:
        return None
    found = _DAY.fullmatch(told)
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise refused(node.where, f"{name} is {shown(told)}, which is no day.") from None


def _party(node: Node, role: str) -> Party:
    """Return who paid or was paid; since version 08 names lie one element deeper."""
    parties = f"RltdPties/{role}"
    name = node.text(f"{parties}/Nm", f"{parties}/Pty/Nm")
    name = name or node.text(f"RltdPties/Ultmt{role}/Nm", f"RltdPties/Ultmt{role}/Pty/Nm")
    account = node.text(f"{parties}Acct/Id/IBAN", f"{parties}Acct/Id/Othr/Id")
    return tidy(name, node.where), compact(account)


def _kind(node: Node) -> tuple[str, bool]:
    """Return the code of the transaction, and whether it is one of a return."""
    domain = node.first("BkTxCd/Domn")
    if domain is None:
        return tidy(node.text("BkTxCd/Prtry/Cd"), node.where), False
    parts = [domain.text(each) for each in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "-".join(each for each in parts if each), parts[2] in _RETURNED

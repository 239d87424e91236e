"""Entries written as files of each format, for what is read to be compared with them."""

import csv
import io
from collections.abc import Sequence
from xml.sax.saxutils import escape

from usance.statements.entries import Entry

ACCOUNT = "DE89370400440532013000"


def camt053(entries: Sequence[Entry]) -> bytes:
    """Return a camt.053 of version 08, in one statement, with no line longer than an entry."""
    body = "\n".join(_ntry(each) for each in entries)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>
<Acct><Id><IBAN>{ACCOUNT}</IBAN></Id></Acct>
{body}
</Stmt></BkToCstmrStmt></Document>
""".encode()


def _ntry(each: Entry) -> str:
    credit = each.amount > 0
    role = "Dbtr" if credit != each.reversal else "Cdtr"
    return (
        f'<Ntry><Amt Ccy="{each.currency}">{abs(each.amount)}</Amt>'
        f"<CdtDbtInd>{'CRDT' if credit else 'DBIT'}</CdtDbtInd>"
        f"<RvslInd>{str(each.reversal).lower()}</RvslInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{each.booked_on}</Dt></BookgDt><ValDt><Dt>{each.value_on}</Dt></ValDt>"
        f"<AcctSvcrRef>{each.reference}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>{each.kind}</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{escape(each.end_to_end_id)}</EndToEndId></Refs>"
        f"<RltdPties><{role}><Pty><Nm>{escape(each.payer_name)}</Nm></Pty></{role}>"
        f"<{role}Acct><Id><IBAN>{each.payer_account}</IBAN></Id></{role}Acct></RltdPties>"
        f"<RmtInf><Ustrd>{escape(each.text)}</Ustrd><Strd><CdtrRefInf><Ref>"
        f"{each.structured_reference}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def mt940(entries: Sequence[Entry]) -> bytes:
    """Return an MT940 as German banks write it: parts of 27 characters, lines of 65."""
    currency = entries[0].currency if entries else "EUR"
    total = sum(each.amount for each in entries)
    lines = [":20:STARTUMS", f":25:{ACCOUNT}", ":28C:1/1", f":60F:C260101{currency}0,00"]
    for each in entries:
        mark = "C" if each.amount > 0 else "D"
        if each.reversal:
            mark = "RD" if each.amount > 0 else "RC"
        amount = f"{abs(each.amount):f}".replace(".", ",")
        amount += "" if "," in amount else ","
        reference = f"//{each.reference}" if each.reference else ""
        lines.append(
            f":61:{each.value_on:%y%m%d}{each.booked_on:%m%d}{mark}{amount}NTRFNONREF{reference}"
        )
        purpose = f"EREF+{each.end_to_end_id}" if each.end_to_end_id else ""
        parts = [f"?20{purpose}", *_parts(f"SVWZ+{each.text}", 21)]
        field = f"166?00{each.kind}{''.join(parts)}?31{each.payer_account}?32{each.payer_name}"
        lines += [f":86:{field[:65]}", *(field[at : at + 65] for at in range(65, len(field), 65))]
    sign = "C" if total >= 0 else "D"
    lines.append(f":62F:{sign}260101{currency}{abs(total):f}".replace(".", ","))
    return ("\r\n".join([*lines, "-"]) + "\r\n").encode()


def _parts(text: str, first: int) -> list[str]:
    cut = [text[at : at + 27] for at in range(0, len(text), 27)]
    return [f"?{first + n}{part}" for n, part in enumerate(cut)]


HEADER = (
    "Auftragskonto", "Buchungstag", "Valutadatum", "Betrag", "Waehrung", "Name Zahlungsbeteiligter",
    "IBAN Zahlungsbeteiligter", "Verwendungszweck", "Buchungstext", "Structured reference",
    "Kundenreferenz (End-to-End)", "Bankreferenz",
)  # fmt: skip


def as_csv(entries: Sequence[Entry], *, delimiter: str = ";", comma: bool = True) -> bytes:
    """Return a CSV with a German header, or with points for an English eye."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(HEADER)
    for each in entries:
        amount = f"{each.amount:,.3f}" if each.currency == "KWD" else f"{each.amount:,}"
        if comma:
            amount = amount.translate(str.maketrans(",.", ".,"))
        writer.writerow([
            ACCOUNT, f"{each.booked_on:%d.%m.%Y}", f"{each.value_on:%d.%m.%Y}", amount,
            each.currency, each.payer_name, each.payer_account, each.text, each.kind,
            each.structured_reference, each.end_to_end_id, each.reference,
        ])  # fmt: skip
    return out.getvalue().encode("utf-8-sig")

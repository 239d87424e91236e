"""Japanese."""

# ruff: noqa: RUF001 - the language's own marks

from typing import Final

from usance.mail.texts.table import Texts

TEXTS: Final = Texts(
    subjects=(
        "お支払いのご確認：請求書 {{ number }}",
        "お支払いのお願い（再送）：請求書 {{ number }}",
        "お支払いのお願い（最終）：請求書 {{ number }}",
    ),
    greeting="{{ customer }} 様",
    openings=(
        "請求書 {{ number }}（お支払期限 {{ dueDate }}）につきまして、{{ amountDue }} のお支払いをまだ確認できておりません。ご確認のほどお願いいたします。",
        "請求書 {{ number }}（お支払期限 {{ dueDate }}、{{ daysOverdue }} 日経過）につきまして、先日ご連絡いたしましたが、{{ amountDue }} のお支払いをまだ確認できておりません。数日中にお振り込みくださいますようお願いいたします。",
        "請求書 {{ number }}（お支払期限 {{ dueDate }}、{{ daysOverdue }} 日経過）につきまして、{{ amountDue }} のお支払いをまだ確認できておりません。本状が最後のご連絡となります。至急お振り込みいただくか、本日中にご連絡ください。",
    ),
    attached="請求書を添付いたします。",
    crossed="行き違いでお支払い済みの場合は、ご容赦ください。",
    closing="よろしくお願いいたします。",
)

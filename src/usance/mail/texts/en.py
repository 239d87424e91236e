"""English."""

from typing import Final

from usance.mail.texts.table import Texts

TEXTS: Final = Texts(
    subjects=(
        "Reminder: invoice {{ number }}",
        "Second reminder: invoice {{ number }}",
        "Final reminder: invoice {{ number }}",
    ),
    greeting="Hello {{ customer }},",
    openings=(
        "Invoice {{ number }} was due on {{ dueDate }}, and {{ amountDue }} is still open. Perhaps it has slipped your attention.",
        "Invoice {{ number }} was due on {{ dueDate }}, {{ daysOverdue }} days ago. In spite of our reminder {{ amountDue }} is still open. Please transfer the amount within a few days.",
        "Invoice {{ number }} was due on {{ dueDate }}, {{ daysOverdue }} days ago. {{ amountDue }} is still open. This is our final reminder: please transfer the amount now, or write to us today.",
    ),
    attached="The invoice is attached.",
    crossed="If you have paid in the meantime, please disregard this message.",
    closing="Kind regards",
)

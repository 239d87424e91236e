"""German."""

from typing import Final

from usance.mail.texts.table import Texts

TEXTS: Final = Texts(
    subjects=(
        "Zahlungserinnerung: Rechnung {{ number }}",
        "Zweite Zahlungserinnerung: Rechnung {{ number }}",
        "Letzte Zahlungserinnerung: Rechnung {{ number }}",
    ),
    greeting="Guten Tag {{ customer }},",
    openings=(
        "die Rechnung {{ number }} war am {{ dueDate }} fällig, und {{ amountDue }} sind noch offen. Vielleicht haben Sie sie übersehen.",
        "die Rechnung {{ number }} war am {{ dueDate }} fällig, vor {{ daysOverdue }} Tagen. Trotz unserer Erinnerung sind {{ amountDue }} noch offen. Bitte überweisen Sie den Betrag in den nächsten Tagen.",
        "die Rechnung {{ number }} war am {{ dueDate }} fällig, vor {{ daysOverdue }} Tagen. {{ amountDue }} sind noch offen. Dies ist unsere letzte Erinnerung: Bitte überweisen Sie den Betrag jetzt, oder melden Sie sich heute bei uns.",
    ),
    attached="Die Rechnung ist beigefügt.",
    crossed="Falls Sie inzwischen gezahlt haben, betrachten Sie diese Nachricht bitte als gegenstandslos.",
    closing="Mit freundlichen Grüßen",
)

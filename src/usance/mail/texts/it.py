"""Italian."""

from typing import Final

from usance.mail.texts.table import Texts

TEXTS: Final = Texts(
    subjects=(
        "Promemoria: fattura {{ number }}",
        "Secondo promemoria: fattura {{ number }}",
        "Ultimo promemoria: fattura {{ number }}",
    ),
    greeting="Buongiorno {{ customer }},",
    openings=(
        "La fattura {{ number }} è scaduta il {{ dueDate }} e restano da pagare {{ amountDue }}. Forse le è sfuggita.",
        "La fattura {{ number }} è scaduta il {{ dueDate }}, {{ daysOverdue }} giorni fa. Nonostante il nostro promemoria, restano da pagare {{ amountDue }}. La preghiamo di effettuare il bonifico nei prossimi giorni.",
        "La fattura {{ number }} è scaduta il {{ dueDate }}, {{ daysOverdue }} giorni fa. Restano da pagare {{ amountDue }}. Questo è il nostro ultimo promemoria: la preghiamo di effettuare subito il bonifico o di scriverci oggi stesso.",
    ),
    attached="La fattura è allegata.",
    crossed="Se nel frattempo ha già pagato, non tenga conto di questo messaggio.",
    closing="Cordiali saluti",
)

"""French."""

from typing import Final

from usance.mail.texts.table import Texts

TEXTS: Final = Texts(
    subjects=(
        "Rappel : facture {{ number }}",
        "Deuxième rappel : facture {{ number }}",
        "Dernier rappel : facture {{ number }}",
    ),
    greeting="Bonjour {{ customer }},",
    openings=(
        "La facture {{ number }} était à régler le {{ dueDate }} et il reste {{ amountDue }} à payer. Elle vous a peut-être échappé.",
        "La facture {{ number }} était à régler le {{ dueDate }}, il y a {{ daysOverdue }} jours. Malgré notre rappel, il reste {{ amountDue }} à payer. Merci de virer ce montant dans les prochains jours.",
        "La facture {{ number }} était à régler le {{ dueDate }}, il y a {{ daysOverdue }} jours. Il reste {{ amountDue }} à payer. Ceci est notre dernier rappel : merci de virer ce montant dès maintenant ou de nous écrire aujourd'hui.",
    ),
    attached="La facture est jointe à ce message.",
    crossed="Si vous avez payé entre-temps, merci de ne pas tenir compte de ce message.",
    closing="Cordialement",
)

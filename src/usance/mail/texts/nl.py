"""Dutch."""

from typing import Final

from usance.mail.texts.table import Texts

TEXTS: Final = Texts(
    subjects=(
        "Herinnering: factuur {{ number }}",
        "Tweede herinnering: factuur {{ number }}",
        "Laatste herinnering: factuur {{ number }}",
    ),
    greeting="Hallo {{ customer }},",
    openings=(
        "Factuur {{ number }} moest op {{ dueDate }} betaald zijn en {{ amountDue }} staat nog open. Misschien is de factuur u ontgaan.",
        "Factuur {{ number }} moest op {{ dueDate }} betaald zijn, {{ daysOverdue }} dagen geleden. Ondanks onze herinnering staat {{ amountDue }} nog open. Maak het bedrag alstublieft binnen enkele dagen over.",
        "Factuur {{ number }} moest op {{ dueDate }} betaald zijn, {{ daysOverdue }} dagen geleden. {{ amountDue }} staat nog open. Dit is onze laatste herinnering: maak het bedrag alstublieft nu over of neem vandaag contact met ons op.",
    ),
    attached="De factuur is bijgevoegd.",
    crossed="Hebt u intussen betaald, dan kunt u dit bericht als niet verzonden beschouwen.",
    closing="Met vriendelijke groet",
)

"""Spanish."""

from typing import Final

from usance.mail.texts.table import Texts

TEXTS: Final = Texts(
    subjects=(
        "Recordatorio: factura {{ number }}",
        "Segundo recordatorio: factura {{ number }}",
        "Último recordatorio: factura {{ number }}",
    ),
    greeting="Hola, {{ customer }}:",
    openings=(
        "La factura {{ number }} venció el {{ dueDate }} y quedan por pagar {{ amountDue }}. Es posible que se le haya pasado.",
        "La factura {{ number }} venció el {{ dueDate }}, hace {{ daysOverdue }} días. A pesar de nuestro recordatorio, quedan por pagar {{ amountDue }}. Le rogamos que transfiera el importe en los próximos días.",
        "La factura {{ number }} venció el {{ dueDate }}, hace {{ daysOverdue }} días. Quedan por pagar {{ amountDue }}. Este es nuestro último recordatorio: le rogamos que transfiera el importe ahora o que nos escriba hoy mismo.",
    ),
    attached="Adjuntamos la factura.",
    crossed="Si ya ha pagado, no tenga en cuenta este mensaje.",
    closing="Un cordial saludo",
)

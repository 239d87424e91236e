"""Portuguese."""

from typing import Final

from usance.mail.texts.table import Texts

TEXTS: Final = Texts(
    subjects=(
        "Lembrete: fatura {{ number }}",
        "Segundo lembrete: fatura {{ number }}",
        "Último lembrete: fatura {{ number }}",
    ),
    greeting="Bom dia, {{ customer }},",
    openings=(
        "A fatura {{ number }} venceu em {{ dueDate }} e continuam por pagar {{ amountDue }}. Talvez lhe tenha passado despercebida.",
        "A fatura {{ number }} venceu em {{ dueDate }}, há {{ daysOverdue }} dias. Apesar do nosso lembrete, continuam por pagar {{ amountDue }}. Pedimos que transfira o montante nos próximos dias.",
        "A fatura {{ number }} venceu em {{ dueDate }}, há {{ daysOverdue }} dias. Continuam por pagar {{ amountDue }}. Este é o nosso último lembrete: pedimos que transfira o montante agora ou que nos escreva ainda hoje.",
    ),
    attached="A fatura segue em anexo.",
    crossed="Se entretanto já pagou, ignore esta mensagem.",
    closing="Com os melhores cumprimentos",
)

"""What `usance serve` says at its start: where it is, and at the first one how to begin."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from usance.actions.accounts import NewKey

_STEPS = """\
# Register a customer, see the plans, subscribe.
curl -s $USANCE/customers -H "$KEY" -H "$JSON" -d '{"customerReferenceId": "user_456", "email": "jane@example.com"}'
curl -s $USANCE/plans -H "$KEY"
curl -s $USANCE/subscriptions -H "$KEY" -H "$JSON" -d '{"customerReferenceId": "user_456", "planKey": "pro_monthly"}'
# The subscription starts when its invoice is paid: put the invoice's id from the answer here.
curl -s -X POST $USANCE/billing/invoices/INVOICE_ID/mark-paid -H "$KEY"
curl -s $USANCE/entitlements/user_456/ai_chat -H "$KEY"\
"""


def hello(url: str, description: str, first: NewKey | None) -> None:
    """Say that Usance runs; with the key of the first start, and what to try with it."""
    console = Console(highlight=False)
    where = Table.grid(padding=(0, 2))
    where.add_row("API", f"[bold]{url}/api/v1[/]")
    where.add_row("Docs", f"{url}/docs")
    where.add_row("Database", description)
    console.print()
    console.print(
        Padding(
            f"[bold green]Usance is running[/] on [bold]{url}[/] [dim](Ctrl-C stops it)[/]", (0, 1)
        )
    )
    console.print(Padding(where, (0, 1)))
    if first is not None:
        console.print()
        console.print(
            Padding("A [bold]TEST[/] account was made. Its key, shown this once:", (0, 1))
        )
        console.print(f"   [bold yellow]{first.secret}[/]", soft_wrap=True)
        console.print()
        console.print(Padding("Try it in another terminal:", (0, 1)))
        settings = (
            f"USANCE={url}/api/v1 KEY='X-API-Key: {first.secret}' "
            "JSON='Content-Type: application/json'"
        )
        for line in (settings, *_STEPS.splitlines()):
            style = "dim" if line.startswith("#") else ""
            console.print(f"   {line}", style=style, markup=False, soft_wrap=True)
    console.print()


def goodbye() -> None:
    """Say that nothing runs any more."""
    Console(highlight=False).print(" Usance has stopped.")

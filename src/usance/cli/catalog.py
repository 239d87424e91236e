"""`usance catalog`: a catalogue file compared with an account, and applied to it."""

from pathlib import Path
from typing import Final

from usance import clock
from usance.actions import catalog
from usance.actions.commands import Call
from usance.cli import catalog_file
from usance.core.accounts import Account
from usance.store.db import Tx

DEMO: Final = Path(__file__).with_name("demo.yaml")


async def apply_demo(tx: Tx, account: Account) -> None:
    """Give an account the demo catalogue."""
    await catalog.apply(tx, call_of(account), catalog_file.load(DEMO))


def call_of(account: Account) -> Call:
    """Return the call of a command about the account, at its instant of now."""
    now = account.now(clock.real_now())
    return Call(account=account, now=now, seed=clock.seed(), keyed=None)

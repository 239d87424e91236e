"""What a catalogue file changes, told for a person: a sign, a name, and under it value by value."""

from collections import Counter
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.text import Text

from usance.api.catalog import DifferenceShape, PlanChangeShape, PublicationShape
from usance.core.decisions.publish import Kind

_SIGNS: Final = {Kind.CREATED: ("+", "green"), Kind.ARCHIVED: ("-", "red")}
_CHANGED: Final = ("~", "yellow")
_WORDS: Final = {
    Kind.CREATED: "created",
    Kind.UPDATED: "updated",
    Kind.VERSIONED: "with a new version",
    Kind.ACTIVATED: "activated",
    Kind.ARCHIVED: "archived",
}


def show(publication: PublicationShape, *, account: str, file: str) -> None:
    """Print what the file changes in the account."""
    if not publication.changed:
        say(f"Nothing to change: the catalogue of {account} is as {file} says.")
        return
    say(f"{file} and the catalogue of {account}:")
    for feature in publication.features:
        _thing("feature", feature.key, feature.kinds, feature.differences)
    for model in publication.credit_models:
        _thing("credit model", model.denomination, model.kinds, model.differences)
    for plan in publication.plans:
        _thing("plan", plan.key, plan.kinds, plan.differences, _about(plan))
    kinds = Counter(
        kind
        for changes in (publication.features, publication.credit_models, publication.plans)
        for change in changes
        for kind in change.kinds
    )
    say()
    say(", ".join(f"{kinds[kind]} {_WORDS[kind]}" for kind in Kind if kinds[kind]) + ".")


def say(line: str | Text = "") -> None:
    """Print a line as it is, whatever the terminal's width."""
    Console(highlight=False).print(line, markup=False, soft_wrap=True)


def _thing(
    noun: str, name: str, kinds: list[Kind], differences: list[DifferenceShape], about: str = ""
) -> None:
    sign, color = next((_SIGNS[kind] for kind in kinds if kind in _SIGNS), _CHANGED)
    line = Text("  ").append(f"{sign} {noun} ", color).append(name, "bold")
    if about:
        line.append(f"  {about}")
    say(line)
    width = max((len(one.path) for one in differences), default=0)
    for one in differences:
        line = Text("      ").append(one.path.ljust(width), "dim").append("  ")
        line.append(_shown(one.before), "red").append(" → ").append(_shown(one.after), "green")
        say(line)


def _about(plan: PlanChangeShape) -> str:
    said = []
    if plan.version_before is None:
        said.append(f"version {plan.version_after}")
    elif plan.version_before != plan.version_after:
        said.append(f"version {plan.version_before} → {plan.version_after}")
    said += [
        f"{one.live_subscriptions:,} live on version {one.version}, where they stay"
        for one in plan.staying
    ]
    return "; ".join(said)


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)

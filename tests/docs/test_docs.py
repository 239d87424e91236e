"""The documents against the code: what they name is there, and what is there they name."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from tests.docs.markdown import PAGES, ROOT, code, fences, headings, links, prose, read
from typer.testing import CliRunner

from usance import core
from usance.api import catalog_schema, openapi
from usance.api.errors import STATUSES
from usance.app import ROUTERS, routed
from usance.cli import app as cli
from usance.cli import catalog_file
from usance.core import catalog_document
from usance.core.entitlements import Denial
from usance.core.refusals import Code
from usance.settings import Settings, from_environment
from usance.store.db import Db

SOURCE = ROOT / "src" / "usance"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
_PREFIX = "/api/v1"

# --- ARCHITECTURE.md ---------------------------------------------------------------------------------


def tree() -> list[Path]:
    """Return the paths of the tree in ARCHITECTURE.md, by their indentation."""
    (text,) = (fence.text for fence in fences(ARCHITECTURE) if fence.section == "The tree")
    folders: list[Path] = [ROOT]
    found = []
    for line in text.splitlines():
        depth = (len(line) - len(line.lstrip(" "))) // 2
        names = re.split(r"  +", line.strip())[0].split(" ")
        paths = [folders[depth] / name for name in names]
        found += paths
        del folders[depth + 1 :]
        folders.append(paths[-1])
    return found


def test_the_tree_names_what_is_there():
    paths = tree()
    assert len(paths) > 60
    assert [str(path) for path in paths if not path.exists()] == []


def test_every_folder_of_the_code_is_in_the_tree():
    named = {path.resolve() for path in tree()}
    packages = {path.parent for path in SOURCE.rglob("*.py")} - {SOURCE}
    assert [str(each) for each in sorted(packages) if each not in named] == []


def test_the_walks_and_the_core_name_files_that_are_there():
    """`core/money.py` and the like, in the text; `core/holds.py` is the noun that is placed."""
    text = prose(ARCHITECTURE).replace("/holds.py", "/money.py")
    for folder in ("store", "actions", "api"):
        text = text.replace(f"{folder}/money.py", "core/money.py")
    paths = set(re.findall(r"`((?:core|store|actions|api|worker|cli|costs)/[\w/]+\.\w+)`", text))
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not (SOURCE / path).is_file()] == []


def test_the_core_says_its_reading_order_in_full():
    order = core.__doc__ or ""
    modules = {path.stem for path in (SOURCE / "core").glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in (SOURCE / "core").glob("*/__init__.py")}
    assert sorted(modules) == sorted(modules & set(re.findall(r"`(\w+)`", order)))


# --- docs/errors.md ----------------------------------------------------------------------------------


def test_every_refusal_has_its_line_and_its_status():
    told = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", read("docs/errors.md"), re.MULTILINE))
    assert told == {code.value: str(STATUSES[code]) for code in Code}


def test_every_denial_has_its_line():
    section = read("docs/errors.md").split("## When an entitlement is a no")[1]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [each.value for each in Denial]


# --- docs/api.md -------------------------------------------------------------------------------------


def routes() -> set[str]:
    """Return `POST /customers` and the like, as OpenAPI has them."""

    class Nowhere(Db):
        """A database that nobody asks."""

        def __init__(self) -> None:
            """Have no pool."""

    application = routed(Nowhere(), Settings())
    document = openapi.document(application)
    assert len(ROUTERS) > 5
    return {
        f"{method.upper()} {path.removeprefix(_PREFIX)}"
        for path, operations in document["paths"].items()
        for method in operations
    }


def test_the_guide_has_every_route_and_no_other():
    told = set(re.findall(r"`((?:GET|POST|PATCH|PUT|DELETE) /[^`?]*)`", read("docs/api.md")))
    assert told == routes()


# --- docs/self-hosting.md ----------------------------------------------------------------------------


def test_every_setting_is_told_and_no_other():
    asked: set[str] = set()

    class Environment(dict[str, str]):
        def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
            asked.add(key)
            return default

    from_environment(Environment())
    told = re.findall(r"^\| `([A-Z_]+)` \|", read("docs/self-hosting.md"), re.MULTILINE)
    assert len(asked) >= 9
    assert set(told) == asked


# --- docs/catalogue.md -------------------------------------------------------------------------------


def test_the_document_of_the_guide_is_one():
    (text,) = (f.text for f in fences(ROOT / "docs/catalogue.md") if f.language == "yaml")
    value = catalog_file.loads(text.encode(), "guide.yaml")
    assert catalog_document.parse(value, features=set(), denominations=set()).plans


def test_the_guide_names_every_field_of_a_document():
    """Of the schema that OpenAPI shows."""

    def names(schema: object) -> set[str]:
        if isinstance(schema, list):
            return {name for each in schema for name in names(each)}
        if not isinstance(schema, dict):
            return set()
        found = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
        return found | {name for each in schema.values() for name in names(each)}

    text = read("docs/catalogue.md")
    assert [name for name in sorted(names(catalog_schema.DOCUMENT)) if name not in text] == []


# --- all pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    for target in links(page):
        if re.match(r"https?:", target):
            assert target.startswith("http://127.0.0.1"), f"{target} leads outside"
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in headings(to), f"{page.name}: {target}"


def commands() -> set[str]:
    """Return the commands of `usance` that the pages name, with their options."""
    return {
        words.strip()
        for page in PAGES
        for line in code(page).splitlines()
        for words in re.findall(r"(?:^|\s|/)usance((?: [a-z][\w-]*| --[a-z-]+)+)", line)
    }


@pytest.mark.parametrize("words", sorted(commands()))
def test_every_command_named_is_there(words: str):
    """Its subcommands and options; what follows as a value is not looked at."""
    command: Any = typer.main.get_command(cli)
    path: list[str] = []
    for word in words.split():
        known = getattr(command, "commands", None)
        if known is not None:
            assert word in known, f"usance {words}: there is no {word}"
            command = known[word]
            path.append(word)
        elif word.startswith("--"):
            options = {name for each in command.params for name in each.opts}
            assert word in {*options, "--help"}, f"usance {words}: there is no {word}"
    told = CliRunner().invoke(cli, [*path, "--help"])
    assert told.exit_code == 0, told.output


def test_every_command_is_told():
    """Each one that is not hidden, in some page."""
    named = " ".join(commands())
    group: Any = typer.main.get_command(cli)
    assert [n for n, each in group.commands.items() if not each.hidden and n not in named] == []


def test_make_targets_named_are_there():
    targets = set(re.findall(r"^([\w-]+):", read("Makefile"), re.MULTILINE))
    for page in PAGES:
        for name in re.findall(r"(?:^|`)make ([a-z-]+)", code(page), re.MULTILINE):
            assert name in targets, f"{page.name}: make {name}"

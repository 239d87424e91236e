"""BILLING.md is law: its worked examples are run on the core, and its sections are those code names."""

import doctest
import re

import pytest
from tests.docs.markdown import ROOT, fences, headings, prose
from tests.docs.worked import Life, Row, instant, plans_of

PAGE = ROOT / "BILLING.md"
FENCES = list(fences(PAGE))


def lives() -> list[list[Row]]:
    """Return the tables of the page whose columns are on, done, then."""
    found: list[list[Row]] = []
    inside = False
    for number, line in enumerate(PAGE.read_text(encoding="utf-8").splitlines(), start=1):
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else []
        if cells == ["on", "done", "then"]:
            found.append([])
            inside = True
        elif not cells:
            inside = False
        elif inside and not cells[0].startswith("-"):
            found[-1].append(Row(number, instant(cells[0]), cells[1], cells[2]))
    return found


def test_the_blocks_of_code_print_what_they_say():
    """As one session, from the page's top to its end."""
    names: dict[str, object] = {}
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    told: list[str] = []
    for fence in FENCES:
        if fence.language != "python":
            continue
        example = parser.get_doctest(fence.text, names, f"line {fence.line}", str(PAGE), fence.line)
        runner.run(example, out=told.append, clear_globs=False)
        names.update(example.globs)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
    assert runner.tries > 15


@pytest.mark.parametrize("life", lives(), ids=lambda life: f"line {life[0].line}")
def test_a_worked_life_goes_as_its_table_says(life: list[Row]):
    """Each row is done, and then each of its facts holds."""
    (yaml,) = (fence.text for fence in FENCES if fence.language == "yaml")
    customer = Life(plans_of(yaml))
    for row in life:
        customer.do(row)
        facts = row.then.split("; ")
        refusals = [fact for fact in facts if fact.startswith("refused: ")]
        assert refusals or customer.refused is None, f"line {row.line}: {customer.refused}"
        assert [customer.state(fact) for fact in facts] == facts, f"line {row.line}"


def test_every_section_that_a_docstring_names_is_there():
    """`BILLING.md, "Renewing"` in a docstring is a heading of the page, or said to be one."""
    known = headings(PAGE)
    said = {each.lower() for each in re.findall(r"\*\*([^*]+)\*\*", prose(PAGE))}
    for path in ROOT.glob("src/**/*.py"):
        for sentence in re.findall(r"BILLING\.md, ([^.;]*)", path.read_text(encoding="utf-8")):
            for name in re.findall(r'"([^"]+)"', sentence):
                anchor = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
                assert anchor in known or name.lower() in said, f"{path}: {name}"

"""The auditor and the product share nothing: neither knows of the other."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
AUDITOR = ("auditor.py", "correcting.py", "papers.py", "reserve.py")
OWN = {f"tests.machine.{Path(name).stem}" for name in AUDITOR}


def imported(path: Path) -> set[str]:
    """The modules that a file imports, at any depth of its code."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def test_the_auditor_imports_the_standard_library_and_its_own_papers_only():
    for name in AUDITOR:
        for module in imported(ROOT / "tests/machine" / name) - OWN:
            assert module.split(".")[0] in sys.stdlib_module_names, f"{name} imports {module}"


def test_the_auditor_reads_no_code_behind_the_importer_s_back():
    for name in AUDITOR:
        tree = ast.parse((ROOT / "tests/machine" / name).read_text())
        called = {
            n.func.id
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        assert not called & {"__import__", "eval", "exec", "open", "compile"}, name
        assert "importlib" not in imported(ROOT / "tests/machine" / name), name


def test_the_product_imports_no_test():
    for path in (ROOT / "src").rglob("*.py"):
        assert not {m for m in imported(path) if m.split(".")[0] == "tests"}, path


def test_the_auditor_stays_small_enough_to_be_read_in_an_hour():
    for name in AUDITOR:
        assert len((ROOT / "tests/machine" / name).read_text().splitlines()) <= 1000, name

"""What the code may look like, where no linter asks: a pure core, small functions, closed lists."""

import ast
import re
import sys
from pathlib import Path

import pytest
from tests.tidy.sources import ROOT, Source, called, every

from usance.api.errors import STATUSES
from usance.core.refusals import Code

# Both lists only ever get shorter. Each entry says why it stands here.
LONG_FILES = {
    "store/verify.py": "one list of checks, each a statement on lines of its own",
}
LONG_FUNCTIONS: dict[str, str] = {}
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

# Codes that a client is promised and that nothing refuses with yet.
NOT_YET_REFUSED = {
    Code.FORBIDDEN: "comes with keys of one customer; no key of this version is limited",
    Code.RATE_LIMITED: "comes with rate limits; docs/errors.md says that nothing answers so yet",
}

# Where the word stands, though nothing is computed with it.
FLOAT_NAMED = {"core/credits.py": "an annotation that is wider than what it says of"}
# A wall clock has no zone.
NAIVE_ON_PURPOSE = {"core/periods.py"}

# An example that ARCHITECTURE.md gives of a noun to be added.
EXAMPLE_NOUN = "holds"


def _ids(source: Source) -> str:
    return source.name


core = pytest.mark.parametrize("source", every("core"), ids=_ids)


# --- the core -------------------------------------------------------------------------------------


@core
def test_the_core_imports_the_standard_library_and_itself(source: Source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            names = [node.module or ""]
        else:
            continue
        for name in names:
            allowed = name.split(".")[0] in sys.stdlib_module_names or name.startswith(
                "usance.core"
            )
            assert allowed, f"line {node.lineno}: {name}"


@core
def test_the_core_has_no_float(source: Source):
    """To ask whether a value is one, and refuse it, is all that is done with the word."""
    asked = {id(node.cls) for node in ast.walk(source.tree) if isinstance(node, ast.MatchClass)}
    named = False
    for node in ast.walk(source.tree):
        where = f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float | complex), f"{where}: {node.value}"
        if isinstance(node, ast.Name) and node.id in {"float", "complex"} and id(node) not in asked:
            named = True
            assert source.name in FLOAT_NAMED, f"{where}: {node.id}"
        if isinstance(node, ast.Call):
            made = {"round", "float", "complex", "math.sqrt", "math.pow"}
            assert called(node) not in made, f"{where}: {called(node)}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            both = (node.left, node.right)
            whole = [isinstance(n, ast.Constant) and isinstance(n.value, int) for n in both]
            assert not all(whole), f"{where}: two whole numbers divided give a float"
    assert named == (source.name in FLOAT_NAMED), "the exception is not needed any more"


_READS_THE_CLOCK = re.compile(
    r"(datetime|date)\.(now|utcnow|today|utcfromtimestamp)|time\.(time|time_ns|monotonic|perf_counter)"
    r"|localtime|uuid\.uuid[14]|uuid[14]|os\.urandom"
)
_ASKS_THE_WORLD = {
    "random",
    "secrets",
    "os",
    "io",
    "socket",
    "time",
    "asyncio",
    "threading",
    "logging",
}


@core
def test_the_core_reads_no_clock_and_makes_no_chance(source: Source):
    for node in ast.walk(source.tree):
        where = f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call | ast.Attribute):
            assert not _READS_THE_CLOCK.fullmatch(called(node)), f"{where}: {called(node)}"
        if isinstance(node, ast.Call):
            assert called(node) not in {"open", "print", "input"}, f"{where}: {called(node)}"
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name not in _ASKS_THE_WORLD, f"{where}: {alias.name}"
        if isinstance(node, ast.ImportFrom):
            assert node.module not in _ASKS_THE_WORLD, f"{where}: {node.module}"


@core
def test_the_core_makes_no_naive_instant(source: Source):
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        name, where = called(node), f"line {node.lineno}"
        keywords = {keyword.arg for keyword in node.keywords}
        if name in {"datetime", "datetime.combine", "datetime.datetime"}:
            positional = 3 if name == "datetime.combine" else 8
            zoned = "tzinfo" in keywords or None in keywords or len(node.args) >= positional
            zoned = zoned or any(isinstance(argument, ast.Starred) for argument in node.args)
            assert zoned or _is_given_a_zone(source.tree, node), f"{where}: {name} without a zone"
        assert name not in {"datetime.fromtimestamp", "datetime.strptime"}, f"{where}: {name}"
        if name.endswith(".replace") and source.name not in NAIVE_ON_PURPOSE:
            assert not _drops_the_zone(node), f"{where}: {name}"


def _is_given_a_zone(tree: ast.Module, node: ast.Call) -> bool:
    """Whether the next thing that is done with it is to give it a zone."""
    return any(
        isinstance(parent, ast.Attribute)
        and parent.value is node
        and parent.attr in {"replace", "astimezone"}
        for parent in ast.walk(tree)
    )


def _drops_the_zone(node: ast.Call) -> bool:
    return any(
        keyword.arg == "tzinfo"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is None
        for keyword in node.keywords
    )


@pytest.mark.parametrize("source", [*every("core"), *every("store")], ids=_ids)
def test_now_is_always_told(source: Source):
    """A default would let a caller forget it; None would let the callee look at the clock."""
    for function in source.functions():
        arguments = function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaulted = positional[len(positional) - len(arguments.defaults) :]
        defaulted += [
            argument
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is not None
        ]
        for argument in defaulted:
            assert argument.arg not in {"now", "at", "seed"}, (
                f"line {function.lineno}: {function.name}({argument.arg}=…)"
            )


# --- sizes ----------------------------------------------------------------------------------------


def test_a_file_has_at_most_500_lines():
    long = {source.name for source in every() if source.lines > FILE_LINES_MAX}
    assert long == set(LONG_FILES)


def test_a_function_has_at_most_70_lines():
    long = {
        f"{source.name}:{function.name}"
        for source in every()
        for function in source.functions()
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES_MAX
    }
    assert long == set(LONG_FUNCTIONS)


def test_exceptions_are_caught_without_their_kind_in_few_places():
    """Where nothing may escape: the edge, and a loop that must go on. Elsewhere they hide mistakes."""
    found = {
        source.name
        for source in every()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or called(node.type) == "Exception")
    }
    assert found <= {
        "api/edge.py",
        "worker/loop.py",
        "worker/deliver.py",
        "worker/mail.py",
        "actions/gather.py",
    }


# --- refusals -------------------------------------------------------------------------------------


def test_every_refusal_has_a_status():
    assert set(STATUSES) == set(Code)
    assert all(400 <= status < 600 for status in STATUSES.values())


def test_every_refusal_is_refused_somewhere():
    """A code in the documentation alone would be a promise that nobody keeps."""
    refused: set[str | None] = set()
    for source in every():
        if source.name == "core/refusals.py":
            refused.add("VALIDATION_FAILED")  # by `invalid`
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and called(node) not in {"refuses", "routes.refuses"}:
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                refused |= {_code(each) for argument in given for each in ast.walk(argument)}
            # `code = Code.X if … else Code.Y`, not the table of statuses.
            said = isinstance(node, ast.Assign | ast.AnnAssign | ast.Return) and node.value
            if said and not isinstance(said, ast.Dict):
                refused |= {_code(each) for each in ast.walk(said)}
    missing = {code for code in Code if code.name not in refused}
    assert missing == set(NOT_YET_REFUSED)


def _code(node: ast.AST) -> str | None:
    found = isinstance(node, ast.Attribute) and called(node.value) == "Code"
    return node.attr if found and isinstance(node, ast.Attribute) else None


# --- ARCHITECTURE.md ------------------------------------------------------------------------------


def test_architecture_names_only_files_that_exist():
    root = Path(__file__).parents[2]
    page = root / "ARCHITECTURE.md"
    if not page.exists():
        pytest.skip("it is not written yet")
    named = set(
        re.findall(r"`([\w./*-]+/[\w./*-]*|[\w-]+\.(?:py|md|sql|toml|yaml))`", page.read_text())
    )
    assert named
    places = (root, ROOT, root / "src")
    missing = {name for name in named if not any(_exists(place, name) for place in places)}
    assert {name for name in missing if Path(name).stem != EXAMPLE_NOUN} == set()


def _exists(place: Path, name: str) -> bool:
    stripped = name.rstrip("/")
    return (place / stripped).exists() or any(place.glob(stripped))

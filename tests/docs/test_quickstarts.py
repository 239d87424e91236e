"""The quickstarts play their story against a real server, to its end."""

import os
import shutil
import subprocess
import sys

import pytest
from tests.docs.conftest import Server
from tests.docs.markdown import ROOT

PYTHON = [sys.executable, "examples/quickstart.py"]
NODE = ["node", "examples/quickstart.mjs"]
NODE_MAJOR_MIN = 20


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False
    )


def needs_node(command: list[str]) -> None:
    """Skip where there is no Node that the quickstart is for; CI has one."""
    if command is NODE:
        if shutil.which("node") is None:
            pytest.skip("node is not installed")
        version = run(["node", "--version"], _path_only()).stdout
        if int(version.lstrip("v").split(".")[0]) < NODE_MAJOR_MIN:
            pytest.skip(f"node {version} is older than {NODE_MAJOR_MIN}")


@pytest.mark.parametrize("command", [PYTHON, NODE], ids=["python", "node"])
def test_the_story_goes_as_expected_twice(command: list[str], server: Server):
    """Each run makes a customer of its own, so it can be played again."""
    needs_node(command)
    for _ in range(2):
        told = run(command, server.environment)
        assert told.returncode == 0, told.stdout + told.stderr
        assert told.stdout.endswith("All as it should be.\n")
        assert "101.71 USD on account" in told.stdout


def test_a_call_of_a_model_is_held_settled_and_released(server: Server):
    for _ in range(2):
        told = run([sys.executable, "examples/llm_call.py"], server.environment)
        assert told.returncode == 0, told.stdout + told.stderr
        assert "denied before the model was called: no_subscription" in told.stdout
        assert told.stdout.endswith("All as it should be.\n")


@pytest.mark.parametrize("command", [PYTHON, NODE], ids=["python", "node"])
def test_without_a_key_it_says_where_to_get_one(command: list[str]):
    needs_node(command)
    told = run(command, _path_only())
    assert (told.returncode, told.stdout) == (1, "")
    assert "Set USANCE_KEY" in told.stderr


@pytest.mark.parametrize("command", [PYTHON, NODE], ids=["python", "node"])
def test_without_a_server_it_says_so(command: list[str]):
    needs_node(command)
    nowhere = {"USANCE_API": "http://127.0.0.1:9/api/v1", "USANCE_KEY": "sk_test_" + "0" * 32}
    told = run(command, {**_path_only(), **nowhere})
    assert told.returncode == 1
    assert "does not answer" in told.stderr
    assert "make run" in told.stderr


@pytest.mark.parametrize("command", [PYTHON, NODE], ids=["python", "node"])
def test_with_a_wrong_key_it_shows_the_refusal(command: list[str], server: Server):
    needs_node(command)
    told = run(command, {**server.environment, "USANCE_KEY": "sk_test_" + "0" * 32})
    assert told.returncode == 1
    assert "unauthenticated" in told.stderr


def test_both_tell_the_same_story():
    """Line by line, but for the syntax: what the comments explain is explained once."""
    python, node = (
        (ROOT / "examples" / name).read_text(encoding="utf-8")
        for name in ("quickstart.py", "quickstart.mjs")
    )
    explained = python[python.index("The money, by BILLING.md") : python.index('"""\n\n')]
    commented = "".join(
        f"// {line}\n" if line else "//\n" for line in explained.rstrip("\n").split("\n")
    )
    assert commented in node


def _path_only() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}

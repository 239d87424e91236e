"""README.md's first five minutes, pasted into a shell against a real server.

A line `#> text` in a block says what the block's output holds.
"""

import re
import subprocess

from tests.docs.conftest import Server
from tests.docs.markdown import ROOT, fences

SECTION = "The first paid invoice in five minutes"
BLOCKS = [
    fence.text
    for fence in fences(ROOT / "README.md")
    if fence.section == SECTION and fence.language == "sh"
]
PROMISED_URL = "http://127.0.0.1:8080"


def test_there_is_something_to_paste():
    assert len(BLOCKS) >= 5


def test_every_command_works_as_pasted(server: Server):
    """In one shell, block after block; each shows what it promises."""
    marked = [f"echo '=== {n}'\n{text}" for n, text in enumerate(BLOCKS)]
    script = "set -euo pipefail\n" + "\n".join(marked).replace(PROMISED_URL, server.url)
    told = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env={**server.environment, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    outputs = re.split(r"^=== \d+\n", told.stdout, flags=re.MULTILINE)[1:]
    for text, output in zip(BLOCKS, outputs, strict=True):
        for promise in re.findall(r"^#> (.+)$", text, flags=re.MULTILINE):
            assert promise in output, f"{promise} is not in:\n{output}"


def test_nothing_is_refused_on_the_way(server: Server):
    """curl ends with 0 also on a refusal, so the answers are looked at."""
    script = "\n".join(BLOCKS).replace(PROMISED_URL, server.url)
    told = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert '"success":false' not in told.stdout, told.stdout

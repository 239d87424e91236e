"""docs/explaining.md, pasted into a shell against a real server: it shows what it says."""

import re
import subprocess

from tests.docs.conftest import Server
from tests.docs.markdown import ROOT, fences, read

from usance.core.calculations import StepKind

PAGE = ROOT / "docs" / "explaining.md"
BLOCKS = [fence.text for fence in fences(PAGE) if fence.language == "sh"]


def test_every_command_works_as_pasted(server: Server):
    marked = [f"echo '=== {n}'\n{text}" for n, text in enumerate(BLOCKS)]
    script = "set -euo pipefail\n" + "\n".join(marked).replace("http://127.0.0.1:8080", server.url)
    told = subprocess.run(
        ["bash", "-c", script],
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert '"success":false' not in told.stdout, told.stdout
    outputs = re.split(r"^=== \d+\n", told.stdout, flags=re.MULTILINE)[1:]
    promises = 0
    for text, output in zip(BLOCKS, outputs, strict=True):
        for promise in re.findall(r"^#> (.+)$", text, flags=re.MULTILINE):
            promises += 1
            assert promise in output, f"{promise} is not in:\n{output}"
    assert promises >= 8


def test_every_kind_of_step_is_told():
    page = read("docs/explaining.md")
    assert [kind.value for kind in StepKind if f"`{kind.value}`" not in page] == []

"""The guide to bank statements: its commands, run in a shell as a reader would, against a server."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.docs.conftest import Server
from tests.docs.markdown import ROOT, fences

PAGE = ROOT / "docs" / "statements.md"


def commands() -> list[str]:
    """Return the curl calls of the page, in order."""
    shells = [fence.text for fence in fences(PAGE) if fence.language == "bash"]
    return [one for text in shells for one in re.split(r"\n\n", text.strip())]


def said(command: str, folder: Path, environment: dict[str, str]) -> Any:
    told = subprocess.run(
        ["bash", "-c", command.replace("curl ", "curl -s ", 1)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer = json.loads(told.stdout)
    assert answer["success"] is True, answer
    return answer["data"]


def made(server: Server, folder: Path, path: str, body: object) -> Any:
    call = (
        f"""curl "$USANCE_API{path}" -H "Authorization: Bearer $USANCE_KEY" """
        f"""-H "Content-Type: application/json" -d '{json.dumps(body)}'"""
    )
    return said(call, folder, server.environment)


def test_the_guide_s_calls_work_in_its_order(server: Server, tmp_path: Path):
    made(server, tmp_path, "/customers", {"customerReferenceId": "acme", "name": "Acme Ltd"})
    lines = [{"description": "Set-up", "unitPrice": 40}]
    invoice = made(server, tmp_path, "/invoices", {"customerReferenceId": "acme", "lines": lines})
    row = f"2026-01-05,50.00,USD,{invoice['number']}"
    (tmp_path / "january.csv").write_text(f"Date,Amount,Currency,Description\n{row}\n")
    (tmp_path / "bare.csv").write_text("06.01.2026;7,50;Interest\n")

    first, listed, bare, proposed, accepted = commands()
    imported = said(first, tmp_path, server.environment)
    assert (imported["fileName"], imported["proposed"]) == ("january.csv", 1)
    assert [each["id"] for each in said(listed, tmp_path, server.environment)] == [imported["id"]]
    assert said(bare, tmp_path, server.environment)["unmatched"] == 1
    (entry,) = said(proposed, tmp_path, server.environment)
    assert entry["proposals"][0]["parts"][0]["invoiceId"] == invoice["id"]
    ids = {"ENTRY": entry["id"], "INVOICE": invoice["id"]}
    done = said(accepted, tmp_path, {**server.environment, **ids})
    assert (done["status"], done["amountOpen"]) == ("APPLIED", 0)

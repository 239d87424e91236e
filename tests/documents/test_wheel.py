"""What is installed can print: the template and the fonts are in the wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_PRINT = """
import usance
from usance.documents import pdf
from tests.documents.papers import INVOICE
print(usance.__file__, len(pdf.render(INVOICE)))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_has_the_template_the_fonts_and_their_licences(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        packed = {info.filename: info for info in archive.infolist()}
    here = ROOT / "src"
    for path in (here / "usance/documents").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            assert packed[str(path.relative_to(here))].file_size == path.stat().st_size
    fonts = [info for name, info in packed.items() if "/documents/fonts/" in name]
    assert {"OFL.txt", "Apache-2.0.txt"} < {Path(info.filename).name for info in fonts}
    assert sum(info.compress_size for info in fonts) < 6_000_000, "bytes that all have to load"


def test_what_is_installed_prints(wheel: Path, tmp_path: Path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    path = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    run = subprocess.run(
        [sys.executable, "-c", _PRINT],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=path,
    )
    where, size = run.stdout.split()
    assert Path(where).is_relative_to(tmp_path)
    assert int(size) > 10_000

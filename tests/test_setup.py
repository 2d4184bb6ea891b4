"""The set-up itself: a sound Qt binding, bundled files and licences, no address of a package server."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QFontDatabase, QFontInfo
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QGraphicsRectItem

from gradstudio import __version__, preflight
from gradstudio.resources import resource

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "conda" + ".io", "anaconda" + ".org")


def tracked_files() -> list[Path]:
    """Files of the project as git knows them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_qt_calls_keep_the_reference_count_of_none(qapp: QApplication) -> None:
    item = QGraphicsRectItem()
    before = sys.getrefcount(None)
    for _ in range(500):
        item.scene()
        item.setPos(0, 0)
    assert sys.getrefcount(None) - before > -100


def test_no_tracked_file_names_a_package_server() -> None:
    for path in tracked_files():
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert not [server for server in SERVERS if server in text], path


def test_everything_bundled_has_its_licence() -> None:
    assert "Permission is hereby granted" in (ROOT / "LICENSE").read_text()
    for family in ("Inter", "JetBrainsMono"):
        assert "SIL OPEN FONT LICENSE" in resource("fonts", f"OFL-{family}.txt").read_text()
    assert "ISC" in resource("icons", "LICENSE-lucide.txt").read_text()


def test_the_desktop_opens_grad_files_with_gradstudio() -> None:
    mime = ElementTree.parse(resource("linux", "io.github.gradstudio.mime.xml"))
    kind = mime.find("{*}mime-type")
    assert kind is not None
    assert [glob.get("pattern") for glob in kind.findall("{*}glob")] == ["*.grad"]
    assert f"MimeType={kind.get('type')};" in resource("linux", "io.github.gradstudio.desktop").read_text()
    assert ElementTree.parse(resource("linux", "io.github.gradstudio.metainfo.xml")).findtext("provides/mediatype") == kind.get("type")


def test_a_missing_resource_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"resources/icons/nothing\.svg"):
        resource("icons", "nothing.svg")


def test_bundled_fonts_are_the_ones_in_use(qapp: QApplication) -> None:
    assert QFontInfo(qapp.font()).family() == "Inter"
    for family, styles in (("Inter", {"Regular", "Medium", "SemiBold"}), ("JetBrains Mono NL", {"Regular", "Medium", "SemiBold"})):
        assert styles <= {style.replace(" ", "") for style in QFontDatabase.styles(family)}


def test_every_icon_can_be_drawn(qapp: QApplication) -> None:
    for path in resource("icons").glob("*.svg"):
        assert QSvgRenderer(str(path)).isValid(), path


def test_every_requirement_of_the_set_up_is_pinned() -> None:
    pins = {line.split("==")[0] for line in (ROOT / "tools" / "constraints.txt").read_text().splitlines() if "==" in line}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"], *extras["test"], *extras["dev"]]
    names = {re.split(r"[^\w-]", requirement)[0].lower() for requirement in wanted}
    assert names - pins == {"gradstudio"}
    assert "pyside6-essentials==6.12.0" not in (ROOT / "tools" / "constraints.txt").read_text()


def test_the_version_is_the_same_everywhere() -> None:
    releases = ElementTree.parse(resource("linux", "io.github.gradstudio.metainfo.xml")).findall("releases/release")
    assert releases[0].get("version") == __version__


WITHOUT_QT = """
import sys
from gradstudio.cli import main
code = main({arguments!r})
loaded = sorted({{"PySide6", "shiboken6", "pyqtgraph"}} & {{name.partition(".")[0] for name in sys.modules}})
raise SystemExit(f"code {{code}}, loaded {{loaded}}" if code or loaded else 0)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", str(resource("examples", "tutorial.grad")), "--json"],
        ["trace", str(resource("examples", "accumulation.grad")), "--json"],
        ["export", str(resource("examples", "tutorial.grad")), "--to", "py"],
        ["ops", "--json"],
        ["--version"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_command_line_never_loads_qt(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_QT.format(arguments=arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_missing_system_libraries_become_one_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lacking = preflight.Package("liba", "a-libs", "a")
    (tmp_path / "dnf").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert preflight.install_command([lacking, lacking]) == "dnf install -y a-libs"
    assert not preflight.can_load("libsurely-not-there.so.1")


def test_the_set_up_script_tells_how_to_use_it_and_does_nothing() -> None:
    told = subprocess.run([sys.executable, ROOT / "tools" / "dev.py"], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "dev.py run" in told.stdout
    assert "dev.py test" in told.stdout

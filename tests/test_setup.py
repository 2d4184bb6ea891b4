"""The set-up itself: a sound Qt binding, bundled files and licences, no address of a package server."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QFontDatabase, QFontInfo
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QGraphicsRectItem

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

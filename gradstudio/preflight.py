"""Says in plain words which system libraries Qt lacks, before Qt fails to load.

Standard library only and no import of the package: tools/dev.py uses it before anything is installed.
"""

import ctypes
import os
import shutil
import sys
from typing import NamedTuple


class Package(NamedTuple):
    """One thing to install, by its name on Debian and Ubuntu, Fedora, Arch."""

    debian: str
    fedora: str
    arch: str


# Library -> package. Read off the NEEDED entries of the PySide6 wheel and of its platform plugins.
CORE = {
    "libglib-2.0.so.0": Package("libglib2.0-0", "glib2", "glib2"),
    "libEGL.so.1": Package("libegl1", "libglvnd-egl", "libglvnd"),
    "libGL.so.1": Package("libgl1", "libglvnd-glx", "libglvnd"),
    "libX11.so.6": Package("libx11-6", "libX11", "libx11"),
    "libxkbcommon.so.0": Package("libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    "libdbus-1.so.3": Package("libdbus-1-3", "dbus-libs", "dbus"),
    "libfontconfig.so.1": Package("libfontconfig1", "fontconfig", "fontconfig"),
    "libfreetype.so.6": Package("libfreetype6", "freetype", "freetype2"),
}
XCB = {
    "libX11-xcb.so.1": Package("libx11-xcb1", "libX11-xcb", "libx11"),
    "libxcb-cursor.so.0": Package("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    "libxcb-icccm.so.4": Package("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    "libxcb-image.so.0": Package("libxcb-image0", "xcb-util-image", "xcb-util-image"),
    "libxcb-keysyms.so.1": Package("libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    "libxcb-randr.so.0": Package("libxcb-randr0", "libxcb", "libxcb"),
    "libxcb-render-util.so.0": Package("libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    "libxcb-shape.so.0": Package("libxcb-shape0", "libxcb", "libxcb"),
    "libxcb-shm.so.0": Package("libxcb-shm0", "libxcb", "libxcb"),
    "libxcb-sync.so.1": Package("libxcb-sync1", "libxcb", "libxcb"),
    "libxcb-xfixes.so.0": Package("libxcb-xfixes0", "libxcb", "libxcb"),
    "libxcb-xkb.so.1": Package("libxcb-xkb1", "libxcb", "libxcb"),
    "libxkbcommon-x11.so.0": Package("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
}
WAYLAND = {
    "libwayland-client.so.0": Package("libwayland-client0", "libwayland-client", "wayland"),
    "libwayland-cursor.so.0": Package("libwayland-cursor0", "libwayland-cursor", "wayland"),
    "libwayland-egl.so.1": Package("libwayland-egl1", "libwayland-egl", "wayland"),
}
INSTALLERS = {
    "apt-get": ("debian", "apt-get install -y"),
    "dnf": ("fedora", "dnf install -y"),
    "pacman": ("arch", "pacman -S --needed"),
}


def has_display() -> bool:
    """True where a window can be opened."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def needed() -> dict[str, Package]:
    """The libraries that Qt will load for the platform it is going to choose here."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    libraries = dict(CORE)
    if platform == "xcb" or (not platform and os.environ.get("DISPLAY")):
        libraries |= XCB
    if platform == "wayland" or (not platform and os.environ.get("WAYLAND_DISPLAY")):
        libraries |= WAYLAND
    return libraries


def missing() -> list[Package]:
    """Packages of the libraries that the loader cannot open; none on Windows and macOS, whose wheels bring all."""
    if not sys.platform.startswith("linux"):
        return []
    return [package for library, package in needed().items() if not can_load(library)]


def can_load(library: str) -> bool:
    """True if the dynamic loader finds the library and all that it needs."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install_command(packages: list[Package]) -> str:
    """One command that installs the packages with this machine's package manager, without sudo."""
    for tool, (system, command) in INSTALLERS.items():
        if shutil.which(tool):
            return f"{command} {' '.join(sorted({getattr(package, system) for package in packages}))}"
    return f"install {' '.join(sorted({package.debian for package in packages}))}"


def broken_binding() -> str | None:
    """What to do about PySide6 6.12.0 before Python 3.12, where it frees None and aborts; else None."""
    if sys.version_info >= (3, 12):
        return None
    # importlib.metadata would say it too, but takes longer to import than half of Qt
    if not any(os.path.isdir(os.path.join(path, "pyside6_essentials-6.12.0.dist-info")) for path in sys.path):
        return None
    return "PySide6 6.12.0 crashes on Python 3.11. Install another one:\n    pip install 'PySide6-Essentials!=6.12.0'"


def obstacle() -> str | None:
    """Why Qt cannot start here, and the one command that mends it; None when it can."""
    if told := broken_binding():
        return told
    packages = missing()
    if not packages:
        return None
    return f"This machine lacks system libraries that the window needs. Install them with\n    sudo {install_command(packages)}"

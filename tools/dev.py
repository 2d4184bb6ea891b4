#!/usr/bin/env python3
"""Set up GradStudio on a fresh machine, then open it or run its tests.

    python3 tools/dev.py run  [file or arguments for gradstudio]
    python3 tools/dev.py test [arguments for pytest]

Standard library only. Makes .venv beside pyproject.toml and installs the project into it (again only when pyproject.toml,
the constraints or the Python change). On Linux it looks for the system libraries that Qt needs: as root it installs
missing ones with apt-get, otherwise it prints the one command that does. Without a display `run` writes a picture.
"""

from __future__ import annotations  # an old Python must get as far as to be told so

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
CONSTRAINTS = ROOT / "tools" / "constraints.txt"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "gradstudio-setup"
EXTRAS = {"run": "", "test": "[test]"}
# A process for each core, where each has settings and turns of its own (tests/conftest.py). A person's own -n comes later and wins.
PARALLEL = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal") if sys.platform.startswith("linux") else ()
OLDEST, NEWEST = (3, 11), (3, 14)


def say(text: str) -> None:
    print(f"[setup] {text}", file=sys.stderr, flush=True)


def stop(text: str) -> SystemExit:
    return SystemExit(f"[setup] {text}")


def call(*command: object, **options: object) -> int:
    return subprocess.call([str(part) for part in command], **options)  # type: ignore[call-overload]


def missing_packages() -> list:
    """System packages that Qt or the making of a virtual environment still needs."""
    from gradstudio import preflight

    packages = preflight.missing()
    if not PYTHON.exists() and importlib.util.find_spec("ensurepip") is None:
        packages.append(preflight.Package(f"python3.{sys.version_info[1]}-venv", "python3", "python"))
    return packages


def apt_install(names: list[str]) -> None:
    """Install Debian packages; the lists of packages are fetched only when they turn out to be missing or old."""
    say(f"installing system packages: {' '.join(names)}")
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *names]
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    if call(*command, stderr=subprocess.DEVNULL, **quiet) != 0:
        call("apt-get", "update", "-q", **quiet)
        call(*command, **quiet)
    importlib.invalidate_caches()


def provide_system_packages() -> None:
    """Install what is missing where that needs no password, else say how."""
    packages = missing_packages()
    if packages and shutil.which("apt-get") and os.geteuid() == 0:
        apt_install(sorted({package.debian for package in packages}))
        packages = missing_packages()
    if packages:
        from gradstudio import preflight

        command = preflight.install_command(packages)
        raise stop(f"This machine lacks system packages. Install them, then run this again:\n    {sudo()}{command}")


def sudo() -> str:
    return "" if os.geteuid() == 0 else "sudo "


def fingerprint() -> str:
    """What the installed environment depends on, as one word."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes())
    digest.update(CONSTRAINTS.read_bytes())
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def provide_environment(mode: str) -> None:
    """Make .venv hold the project and the extras of this mode; done at once when it already does."""
    version = ".".join(map(str, sys.version_info[:2]))
    have = STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []
    if have[:2] == [fingerprint(), version] and mode in (have[2], "run"):
        return
    if have and have[1] != version:
        say(f"making .venv again: it was made with Python {have[1]}")
        shutil.rmtree(VENV)
    if not PYTHON.exists():
        say(f"making .venv with Python {sys.version.split()[0]}")
        if call(sys.executable, "-m", "venv", "--clear", VENV) != 0:
            raise stop("could not make .venv; see the message above")
    mode = "test" if "test" in have else mode
    install(mode)
    STAMP.write_text(f"{fingerprint()} {version} {mode}\n")


def install(mode: str) -> None:
    """Install the project as it lies here, at the versions of the constraints, its build tool's too."""
    say("installing (the first time about 120 MB are fetched)")
    pinned = {**os.environ, "PIP_CONSTRAINT": CONSTRAINTS.as_uri(), "PIP_BUILD_CONSTRAINT": CONSTRAINTS.as_uri()}
    pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    if call(*pip, "-e", f"{ROOT}{EXTRAS[mode]}", env=pinned) != 0:
        raise stop("could not install; see pip's message above")
    # PySide compiles its support files at every start unless they lie in a folder, where this switch of theirs puts them.
    call(PYTHON, "-c", "import shiboken6", env={**os.environ, "SBK_EMBED": "False"})


def can_open_a_window() -> bool:
    from gradstudio import preflight

    return preflight.has_display() or "QT_QPA_PLATFORM" in os.environ


def run(arguments: list[str]) -> int:
    """Open the window; where there is no display, write a picture of it instead."""
    opens_window = not arguments or (len(arguments) == 1 and not arguments[0].startswith("-") and Path(arguments[0]).exists())
    if not opens_window or can_open_a_window():
        return call(PYTHON, "-m", "gradstudio", *arguments)
    picture = Path.cwd() / "gradstudio.png"
    say(f"there is no display here, so no window can open: writing a picture of it to {picture}")
    file = arguments or [ROOT / "resources" / "examples" / "tutorial.grad"]
    quiet = {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "default.warning=false"}  # it warns of what it cannot show
    return call(PYTHON, "-m", "gradstudio", *file, "--screenshot", picture, env={**os.environ, **quiet})


def main(arguments: list[str]) -> int:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise stop(f"GradStudio needs Python 3.11 to 3.14; this is {sys.version.split()[0]}. Try: python3.12 tools/dev.py run")
    if not arguments or arguments[0] not in EXTRAS:
        print(__doc__)
        return 2
    mode, rest = arguments[0], arguments[1:]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every start, and every worker, compiles the whole program again
    if mode == "test":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if sys.platform.startswith("linux"):
        provide_system_packages()
    provide_environment(mode)
    return run(rest) if mode == "run" else call(PYTHON, "-m", "pytest", *PARALLEL, *rest, cwd=ROOT)


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None

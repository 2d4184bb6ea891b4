"""A real desktop for a test: an X server of its own, a window manager, a mouse and a keyboard."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

NEEDED = ("Xvfb", "openbox", "xdotool", "import")
SIZE = (1600, 1000)
# A window fills the screen and the window manager takes no keys: every run shows the same pixels.
OPENBOX = """<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <applications><application type="normal"><decor>no</decor><maximized>yes</maximized><focus>yes</focus></application></applications>
</openbox_config>
"""


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Poll until the condition holds; raises AssertionError naming `what` after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


@contextmanager
def process(*command: object, output: IO[bytes] | int = subprocess.DEVNULL, **options: object) -> Iterator[subprocess.Popen]:
    """A process that ends with the block: asked first, then killed, by its own id."""
    running = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def x_server() -> Iterator[str]:
    """The name of the display of an X server that picked a free number itself."""
    reading, writing = os.pipe()
    screen = f"{SIZE[0]}x{SIZE[1]}x24"
    command = ("Xvfb", "-displayfd", writing, "-screen", "0", screen, "-nolisten", "tcp", "-noreset")
    with process(*command, pass_fds=(writing,)):
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"


@contextmanager
def desktop(folder: Path) -> Iterator["Desktop"]:
    """An X server with a window manager; settings of what runs on it go to `folder`."""
    lacking = [tool for tool in NEEDED if not shutil.which(tool)]
    assert not lacking, f"the job on a real X server needs {', '.join(lacking)}: see .ci/run"
    with ExitStack() as stack:
        display = stack.enter_context(x_server())
        settings = {f"XDG_{name}_HOME": str(folder / "settings" / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        environment = {**os.environ, **settings, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8"}
        environment.pop("WAYLAND_DISPLAY", None)
        configuration = folder / "openbox.xml"
        configuration.write_text(OPENBOX)
        stack.enter_context(process("openbox", "--sm-disable", "--config-file", configuration, env=environment))
        yield Desktop(environment, folder)


@dataclass
class Desktop:
    """What a person has at hand: a screen, a mouse, a keyboard."""

    environment: dict[str, str]
    folder: Path

    @contextmanager
    def gradstudio(self, *arguments: object) -> Iterator["Window"]:
        """The program as a user starts it for the first time, with its window open over the whole screen."""
        shutil.rmtree(self.folder / "settings", ignore_errors=True)
        log = self.folder / "gradstudio.log"
        self.tool("xdotool", "mousemove", SIZE[0] - 1, SIZE[1] - 1)  # away from what lights up under it
        command = (sys.executable, "-X", "faulthandler", "-m", "gradstudio", *arguments)
        with log.open("wb") as output, process(*command, output=output, env=self.environment) as running:
            window = Window(self, "", running, log)
            window.wait(window.find, "the window opens")
            window.wait(lambda: window.size == SIZE, "the window fills the screen")
            window.wait(lambda: window.has_keys, "the window manager gives the keys to the window")
            try:
                yield window
            except AssertionError as failure:
                self.screenshot(self.folder / "failed.png")
                failure.add_note(f"the screen: {self.folder / 'failed.png'}; what the program said: {log.read_text() or 'nothing'}")
                raise

    def tool(self, *command: object, check: bool = True) -> str:
        """What a command prints on this desktop."""
        words = [str(part) for part in command]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=check, timeout=30)
        return done.stdout.strip()

    def screenshot(self, path: Path, area: QRect | None = None) -> QImage:
        """The screen, or a part of it, saved to `path` too."""
        part = ("-crop", f"{area.width()}x{area.height()}+{area.x()}+{area.y()}", "+repage") if area else ()
        self.tool("import", "-window", "root", *part, path)
        return QImage(str(path))


@dataclass
class Window:
    """One window of the program, with the mouse and the keyboard on it; points are in its own pixels."""

    desktop: Desktop
    id: str
    running: subprocess.Popen
    log: Path

    def find(self) -> bool:
        """Look for the program's window on the screen."""
        search = ("xdotool", "search", "--onlyvisible", "--pid", self.running.pid, "--name", "GradStudio")
        self.id = self.desktop.tool(*search, check=False).split("\n")[0]
        return bool(self.id)

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition while the program runs; raises AssertionError when it ends, or after a while, naming `what`."""

        def holds() -> object:
            code = self.running.poll()
            assert code is None, f"the program ended with {code} while this was waited for: {what}"
            return condition()

        wait_until(holds, what)

    @property
    def title(self) -> str:
        return self.desktop.tool("xdotool", "getwindowname", self.id, check=False)

    @property
    def size(self) -> tuple[int, int]:
        shell = self.desktop.tool("xdotool", "getwindowgeometry", "--shell", self.id)
        values = dict(line.split("=") for line in shell.splitlines())
        return int(values["WIDTH"]), int(values["HEIGHT"])

    @property
    def has_keys(self) -> bool:
        return self.desktop.tool("xdotool", "getwindowfocus", check=False) == self.id

    def move(self, x: int, y: int) -> None:
        self.desktop.tool("xdotool", "mousemove", "--window", self.id, x, y)

    def click(self, x: int, y: int, times: int = 1, held: str = "") -> None:
        """Press and release the left button `times` times, a double click for 2, with a key held or none."""
        keys = (("keydown", held), ("keyup", held)) if held else ((), ())
        click = ("click", "--repeat", times, "--delay", 60, 1)
        self.desktop.tool("xdotool", *keys[0], "mousemove", "--window", self.id, x, y, *click, *keys[1])

    def drag(self, start: tuple[int, int], end: tuple[int, int], steps: int = 12, key: str = "", pause: float = 0.015) -> None:
        """Press at `start`, move in small steps as a hand does, `pause` seconds each, press a key or none, release at `end`."""
        words: list[object] = ["mousemove", "--window", self.id, *start, "mousedown", 1]
        for step in range(1, steps + 1):
            x, y = (round(a + (b - a) * step / steps) for a, b in zip(start, end, strict=True))
            words += ["sleep", pause, "mousemove", "--window", self.id, x, y]
        self.desktop.tool("xdotool", *words, *(("key", key) if key else ()), "sleep", 2 * pause, "mouseup", 1)

    def type(self, text: str) -> None:
        self.desktop.tool("xdotool", "type", "--delay", 20, "--", text)

    def key(self, *names: str) -> None:
        """Press keys by their X names, e.g. `ctrl+s`, `Return`."""
        self.desktop.tool("xdotool", "key", "--delay", 20, *names)

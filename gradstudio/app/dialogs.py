"""Dialogs: the few questions that the window asks, each in plain words with verbs on its buttons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDir, QSize, Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from gradstudio.app import menus
from gradstudio.app.leaf_form import LeafForm
from gradstudio.app.widgets.drawn import scaled_font, sized
from gradstudio.app.widgets.plain import label
from gradstudio.document.graph import Node

if TYPE_CHECKING:
    from gradstudio.app.main_window import MainWindow

GRAPHS, PROGRAMS = "GradStudio graphs (*.grad)", "Python programs (*.py)"
WIDTH = 440
SAVE, DISCARD, SAVE_AS, REPLACE = "save", "discard", "save as", "replace"
ABOUT = "Its engine follows PyTorch 2.13. MIT licence.\nFonts: Inter and JetBrains Mono (OFL 1.1). Icons: Lucide (ISC)."
FAULT = "The graph is untouched and can be saved. What was being done may not be complete: undo it if it looks odd."
KEYS_OF_CANVAS = (
    ("Next, previous node", "Tab   Shift+Tab"),
    ("Along a wire; a step while stepping", "Left   Right"),
    ("Ports of the node: Tab goes round, Enter connects", "P"),
    ("Type the number", "Enter"),
    ("Nudge by 1, by 20", "Alt+arrows   Shift+Alt+arrows"),
    ("Play or pause; drag with it to pan", "Space"),
    ("Fix of the open card", "1   2   3"),
    ("Open the menu", "Alt"),
)


class Dialogs:
    """Asks on behalf of one window. Each question returns plain values; None or an empty word means: not now."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self._telling_fault = False

    def tell(self, words: str) -> None:
        """Say what went wrong, and what stays safe."""
        Question(self.window, words, "", (("", "Close"),)).ask()

    def ask_after_failed_save(self, words: str) -> bool:
        """Say why a file could not be saved. Return whether to save to another place."""
        return Question(self.window, words, "", (("", "Keep editing"), (SAVE_AS, "Save as…"))).ask() == SAVE_AS

    def ask_unsaved(self, title: str) -> str:
        """Ask what to do with unsaved changes: `save`, `discard`, or nothing."""
        words = f"{title}.grad has changes that are not saved."
        return Question(self.window, words, "", ((DISCARD, "Discard changes"), ("", "Keep editing"), (SAVE, "Save"))).ask()

    def tell_fault(self, words: str, details: str) -> None:
        """Say that the program made a mistake; one at a time, those that come meanwhile are only written to the terminal."""
        if not self._telling_fault:
            self._telling_fault = True
            try:
                Question(self.window, words, FAULT, (("", "Close"),), details).ask()
            finally:
                self._telling_fault = False

    # ---- files

    def ask_open(self) -> Path | None:
        """Ask for a file to open."""
        return self._chosen(self._file_dialog("Open", (GRAPHS, "All files (*)")))

    def ask_save(self, suggestion: str, kinds: str, ending: str) -> Path | None:
        """Ask where to save; before a file is replaced it is asked for."""
        dialog = self._file_dialog("Save", (kinds,))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(suggestion)
        path = self._chosen(dialog)
        if path is not None and path.suffix != ending:
            path = path.with_name(path.name + ending)
        return path if path is None or not path.exists() or self._may_replace(path) else None

    def _may_replace(self, path: Path) -> bool:
        if path == self.window.studio.path:
            return True
        words = f"There is already a file called {path.name} in {path.parent.name or path.parent}."
        return Question(self.window, words, "", (("", "Keep it"), (REPLACE, "Replace it"))).ask() == REPLACE

    def _file_dialog(self, title: str, kinds: tuple[str, ...]) -> QFileDialog:
        dialog = QFileDialog(self.window, title, str(self._folder()))
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)  # one look, and one that a test can use, on every desktop
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(list(kinds))
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, title)
        dialog.resize(sized(720, 460))
        return dialog

    def _folder(self) -> Path:
        """Return where the document lies, else where the last one lay, else the home folder."""
        recent = self.window.studio.settings.recent()
        last = self.window.studio.path or (Path(recent[0]) if recent else None)
        return last.parent if last is not None and last.parent.is_dir() else Path(QDir.homePath())

    def _chosen(self, dialog: QFileDialog) -> Path | None:
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        names = dialog.selectedFiles()
        dialog.deleteLater()
        return Path(names[0]) if accepted and names else None

    # ---- forms and pages

    def complete_leaf(self, node: Node) -> Node | None:
        """Ask for a new leaf's name, shape, dtype, start value and requires_grad; None where it is not wanted after all."""
        form = LeafForm(self.window.studio, node, self.window)
        leaf = form.leaf() if form.exec() == QDialog.DialogCode.Accepted else None
        form.deleteLater()
        return leaf

    def show_keys(self) -> None:
        """Show every command and its keys."""
        width = max(len(entry.text) for entry in menus.TABLE) + 4
        lines: list[str] = []
        for menu in menus.MENUS:
            rows = [e for e in menus.TABLE if e.menu == menu and e.keys]
            lines += ["", menu, *(f"  {e.text:<{width}}{'   '.join(e.keys)}" for e in rows)] if rows else []
        lines += ["", "Canvas", *(f"  {words:<{width}}{keys}" for words, keys in KEYS_OF_CANVAS)]
        page = Question(self.window, "Keys", "", (("", "Close"),), "\n".join(lines).strip(), sized(680, 640))
        page.ask()

    def about(self) -> None:
        """Say what this is."""
        Question(self.window, "GradStudio shows PyTorch's autograd while it works.", ABOUT, (("", "Close"),)).ask()


class Question(QDialog):
    """Words, more words, perhaps a page of details, and verbs on buttons: (answer, words). The last one is what Enter means."""

    def __init__(
        self, window: MainWindow, words: str, more: str, answers: tuple[tuple[str, str], ...], details: str = "", size: QSize | None = None
    ) -> None:
        super().__init__(window)
        self.setWindowTitle("GradStudio")
        self.answer = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(8)
        for part, role in ((words, "bodyStrong"), (more, "body")):
            if part:
                line = label(part, self)
                line.setFont(scaled_font(window.studio, role))
                line.setWordWrap(True)
                line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                column.addWidget(line)
        if details:
            column.addWidget(self._details(window, details), 1)
        column.addSpacing(8)
        column.addLayout(self._buttons(answers))
        self.setMinimumWidth(sized(WIDTH, 0).width())
        if size is not None:
            self.resize(size)

    def _details(self, window: MainWindow, details: str) -> QWidget:
        page = QPlainTextEdit(details, self)
        page.setReadOnly(True)
        page.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        page.setFont(scaled_font(window.studio, "code"))
        return page

    def _buttons(self, answers: tuple[tuple[str, str], ...]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        for answer, words in answers:
            button = QPushButton(words, self)
            button.setAutoDefault(False)
            button.setProperty("answer", answer)
            button.clicked.connect(self._take)
            row.addWidget(button)
        button.setDefault(True)
        button.setFocus()
        return row

    def _take(self) -> None:
        sender = self.sender()
        self.answer = str(sender.property("answer")) if sender is not None else ""
        self.accept()

    def ask(self) -> str:
        """Show it and return the answer; an empty word after Escape."""
        self.exec()
        answer = self.answer
        self.deleteLater()
        return answer

"""What holds for all commands."""

from importlib import import_module
from pkgutil import iter_modules

import gradstudio.document.commands as package
from tests.document.commands import (
    test_blocks,
    test_frames,
    test_groups,
    test_layout,
    test_nodes,
    test_optimizers,
    test_paste,
    test_script,
    test_wires,
)

TABLES = (test_blocks, test_frames, test_groups, test_layout, test_nodes, test_optimizers, test_paste, test_script, test_wires)


def commands() -> set[str]:
    """Return the names of all commands."""
    modules = [import_module(f"{package.__name__}.{info.name}") for info in iter_modules(package.__path__)]
    own = [(name, each) for module in modules for name, each in vars(module).items() if getattr(each, "__module__", "") == module.__name__]
    return {name for name, each in own if isinstance(each, type) and hasattr(each, "apply")} - {"Command"}


def test_every_command_is_in_a_table() -> None:
    assert commands() == {type(case.command).__name__ for table in TABLES for case in table.CASES}

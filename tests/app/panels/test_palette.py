"""What can be added is found, pressed and dragged."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from gradstudio.app.panels.palette import PalettePanel
from gradstudio.app.widgets.catalog import MIME, OPEN, SYNONYMS, TITLES, find, free_name, items, node_of, section
from gradstudio.code.catalogue import as_markdown
from gradstudio.code.sections import COMMON, FIRST, of_palette, of_table
from gradstudio.document.graph import Graph, Literal, Node, Recipe
from gradstudio.document.map import Map
from gradstudio.engine import TABLE


@pytest.fixture
def panel(qtbot, studio):
    made = PalettePanel(studio)
    qtbot.addWidget(made)
    made.resize(208, 700)
    made.show()
    made.told = []
    made.chosen.connect(made.told.append)
    return made


def titles(panel):
    return [tile.item.title for tile in panel.tiles()]


def test_every_op_that_people_see_has_one_tile():
    keys = [item.key for title in TITLES for item in section(title)]
    assert len(keys) == len(set(keys))
    assert set(keys) >= {name for name, row in TABLE.items() if not row.hidden}


def test_the_first_sections_are_open_and_stand_as_in_the_picture(panel):
    heads = [head for head, _ in panel.sections]
    assert [head.title for head in heads[:5]] == ["Tensors", "Arithmetic", "Matrix", "Activation", "Gradient control"]
    assert [head.isChecked() for head in heads] == [True] * 5 + [False] * (len(heads) - 5)
    assert titles(panel)[:9] == ["Leaf", "Constant", "Random", "add", "sub", "mul", "div", "pow", "sqrt"]
    assert "hook" not in titles(panel)
    leaf, constant, random = panel.tiles()[:3]
    assert (leaf.x(), constant.x(), random.x()) == (12, 105, 12)
    assert random.y() - leaf.y() == 30


def test_a_section_opens_and_closes(panel):
    head, tiles = panel.sections[5]
    assert not tiles
    head.click()
    assert tuple(tile.item for tile in tiles) == section(head.title) != ()
    assert all(tile.isVisible() for tile in tiles)
    head.click()
    assert not any(tile.isVisible() for tile in tiles)


@pytest.mark.parametrize(
    ("typed", "first"),
    [("matm", "matmul"), ("@", "matmul"), ("times", "mul"), ("mean squared", "mse_loss"), ("ln", "log"), ("randn", "random")],
)
def test_what_is_typed_finds_an_op_by_name_sign_or_synonym(typed, first):
    assert find(typed)[0].key == first


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mm", {"mm", "matmul"}),
        ("cross entropy", {"cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"}),
        ("bce", {"binary_cross_entropy", "binary_cross_entropy_with_logits"}),
        ("attention", {"scaled_dot_product_attention"}),
        ("eigenvalues", {"linalg_eigh", "eigvalsh"}),
        ("swish", {"silu"}),
    ],
)
def test_words_that_people_use_find_all_forms_of_an_op(typed, found):
    assert found <= {item.key for item in find(typed)[:8]}


def test_synonyms_are_of_tiles():
    assert SYNONYMS.keys() <= items().keys()


def test_the_common_ops_come_first_in_their_sections_and_in_the_page():
    common = {*COMMON, *(name for _, names in FIRST for name in names)}
    assert len(common) == 60
    for _, names in (*of_table(), *of_palette()):
        known = [name in common for name in names]
        assert known == sorted(known, reverse=True)
    assert sorted(name for _, names in of_table() for name in names) == sorted(TABLE)
    assert sorted(name for _, names in of_palette() for name in names) == sorted(TABLE)
    heads = [line for line in as_markdown().splitlines() if line.startswith("## ")]
    assert len(heads) == len(set(heads))


def test_typing_shows_what_was_found_and_enter_takes_the_first(panel):
    panel.field.setText("re")
    assert titles(panel)[0] in ("relu", "reshape")
    assert all(tile.isVisible() for tile in panel.tiles())
    assert not panel.sections[0][0].isVisible()
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    assert panel.told == [panel.tiles()[0].item.key]


def test_escape_shows_everything_again(panel):
    panel.field.setText("relu")
    QTest.keyClick(panel.field, Qt.Key.Key_Escape)
    assert titles(panel)[0] == "Leaf"
    assert panel.sections[0][0].isVisible()


def test_a_click_and_a_key_choose_a_tile(panel):
    leaf, constant = panel.tiles()[:2]
    QTest.mouseClick(leaf, Qt.MouseButton.LeftButton)
    QTest.keyClick(constant, Qt.Key.Key_Return)
    QTest.keyClick(constant, Qt.Key.Key_Space)
    assert panel.told == ["leaf", "constant", "constant"]


def test_arrows_lead_from_the_field_over_the_tiles_and_back(panel, qtbot):
    panel.activateWindow()
    panel.field.setFocus()
    qtbot.waitUntil(panel.field.hasFocus)
    QTest.keyClick(panel.field, Qt.Key.Key_Down)
    leaf, constant, random = panel.tiles()[:3]
    assert leaf.hasFocus()
    QTest.keyClick(leaf, Qt.Key.Key_Right)
    assert constant.hasFocus()
    QTest.keyClick(constant, Qt.Key.Key_Left)
    QTest.keyClick(leaf, Qt.Key.Key_Down)
    assert random.hasFocus()
    QTest.keyClick(random, Qt.Key.Key_Up)
    QTest.keyClick(leaf, Qt.Key.Key_Up)
    assert panel.field.hasFocus()


def test_a_drag_carries_the_key_and_looks_like_the_tile(panel):
    tile = panel.tiles()[3]
    assert bytes(tile.mime().data(MIME).data()) == b"add"
    assert tile.picture().deviceIndependentSize().toSize() == tile.size()


def test_a_press_that_moves_is_no_click(panel, monkeypatch):
    tile = panel.tiles()[3]
    dragged = []
    monkeypatch.setattr("gradstudio.app.panels.palette.QDrag.exec", lambda drag, action: dragged.append(drag.mimeData().formats()))
    QTest.mousePress(tile, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(10, 10))
    QTest.mouseMove(tile, QPoint(60, 12))
    QTest.mouseRelease(tile, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(60, 12))
    assert dragged == [[MIME]]
    assert panel.told == []


def test_every_control_says_its_name(panel):
    for tile in panel.tiles():
        assert tile.accessibleName() == tile.item.title
    assert panel.field.accessibleName() == "Add a node"


def test_a_new_leaf_has_a_free_name_and_a_new_op_has_its_ports():
    graph = Graph(nodes=Map({"n1": Node("n1", "leaf", names=("x",))}))
    assert free_name(graph) == "y"
    leaf = node_of("leaf", "n2", graph)
    assert (leaf.names, leaf.requires_grad, leaf.value.item()) == (("y",), True, 1.0)
    assert not node_of("constant", "n2", graph).requires_grad
    assert isinstance(node_of("random", "n2", graph).value, Recipe)
    assert node_of("mul", "n3", graph).inputs == (None, None)
    assert node_of("pow", "n3", graph).inputs == (None, Literal(2))
    with pytest.raises(KeyError):
        node_of("no_grad", "n4", graph)


def test_every_tile_of_the_picture_names_something():
    assert TITLES[: len(OPEN)] == OPEN
    assert {"leaf", "constant", "random", "no_grad", "retain", *(name for _, names in FIRST for name in names)} <= items().keys()

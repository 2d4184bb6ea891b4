"""Groups in the whole window: by the menus' commands, in the search, on the clipboard, in the inspector."""

from __future__ import annotations

import pytest

from gradstudio.app import menus
from gradstudio.app.finding import nodes_in
from gradstudio.document.codec import dumps
from gradstudio.document.graph import INSTANCE, Ref
from tests.app.conftest import example


@pytest.fixture
def studio_on(window, settle):
    window.studio.show_example(example("accumulation"), "accumulation")
    settle()
    return window.studio


def numbers(studio, label: str) -> tuple[object, object]:
    key = studio.labels.by_label(label)
    value, grad = studio.shown.state.tensors.get(key), studio.shown.state.grads.get(key)
    return value and value.item, grad and grad.item


def test_grouping_changes_no_number_and_undo_gives_the_bytes_back(window, studio_on, settle):
    studio, before = studio_on, dumps(studio_on.document)
    seen = [numbers(studio, name) for name in ("z", "loss", "x", "y")]
    studio.select(("n1", "n4", "n5"))
    window.do("group")
    window.canvas.editor.field.setText("square")
    window.canvas.editor.field.done.emit("square", 0)
    settle()
    instance = studio.primary
    assert studio.document.graph.nodes[instance].op == INSTANCE
    assert [g.name for g in studio.document.groups.values()] == ["l2_penalty", "square"]
    assert [numbers(studio, name) for name in ("z", "loss", "x", "y")] == seen
    studio.undo()  # the name
    studio.undo()
    assert dumps(studio.document) == before


def test_ungroup_is_the_way_back(window, studio_on):
    studio, before = studio_on, dumps(studio_on.document)
    studio.select(("n4", "n5"))
    window.do("group")
    window.canvas.editor.close()
    window.do("ungroup")
    assert set(studio.selected_nodes) == {"n4", "n5"}
    assert dumps(studio.document) == before


def test_a_selection_that_cannot_be_grouped_says_why(window, studio_on):
    studio_on.select(("n4", "n8"))
    window.do("group")
    assert "z reads the selection" in studio_on.notice
    assert len(studio_on.document.groups) == 1


def test_page_down_enters_and_page_up_leaves(window, studio_on):
    assert (menus.BY_ID["enter"].keys, menus.BY_ID["leave_group"].keys) == (("PgDown",), ("PgUp",))
    studio_on.select(("n7",))
    window.do("enter")
    assert studio_on.scope == ("n7",)
    window.do("leave_group")
    assert studio_on.scope == ()
    assert studio_on.primary == "n7"


def test_the_inspector_is_about_the_node_inside(window, studio_on):
    studio_on.enter(("n7",))
    studio_on.select(("n13",))
    assert window.inspector.header.head.name == "pow"


def test_commands_work_on_what_lies_inside(window, studio_on, settle):
    studio = studio_on
    studio.enter(("n7",))
    window.do("select_all")
    assert set(studio.selected_nodes) == {"n12", "n13", "n14", "n15"}
    studio.select(("n13",))
    window.do("duplicate")
    (copy,) = studio.selected_nodes
    body = studio.document.groups["g1"].graph
    assert body.nodes[copy].inputs[0] == Ref("n12")
    window.do("toggle_output")
    assert studio.document.groups["g1"].outputs == (Ref("n15"), Ref(copy))
    window.do("delete")
    assert studio.document.groups["g1"].outputs == (Ref("n15"),)
    window.do("add_input")
    assert len(studio.document.groups["g1"].inputs) == 2
    assert not menus.BY_ID["backward_from"].enabled(window)
    window.do("arrange_all")
    settle()


def test_a_group_is_used_again_and_one_use_made_unique(window, studio_on):
    studio = studio_on
    window.placing.use_group("g1", None)
    again = studio.primary
    assert studio.document.graph.nodes[again].group == "g1"
    window.do("make_unique")
    own = studio.document.groups[studio.document.graph.nodes[again].group]
    assert own.name == "l2_penalty_2"
    assert not menus.BY_ID["make_unique"].enabled(window)


def test_the_search_finds_what_lies_in_a_group(window, studio_on):
    paths = [path for path, _ in nodes_in(studio_on.document)]
    assert ("n7", "n13") in paths
    assert paths.index(("n9",)) < paths.index(("n7", "n13"))


def test_every_command_of_the_graph_can_be_done_within_a_group_and_undone(window, studio_on):
    studio, before = studio_on, dumps(studio_on.document)
    for entry in (e for e in menus.TABLE if e.menu in ("Graph", "Edit") and e.id not in ("undo", "redo")):
        for node in ("n12", "n13", "n15"):
            studio.enter(("n7",))
            studio.select((node,))
            window.do(entry.id)
            window.canvas.editor.close()
            while studio.can_undo:
                studio.undo()
            assert dumps(studio.document) == before, entry.id

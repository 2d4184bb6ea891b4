"""What nodes reach is remembered while wiring, ops and frames stay: it is what a document read anew says."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gradstudio.app.canvas.reach import downstream, frozen_nodes, requiring_grad, scissors, upstream
from gradstudio.document.codec import document_from, dumps
from gradstudio.document.diff import downstream as fed
from gradstudio.document.document import Document
from gradstudio.document.rules import Refused
from tests.document.commands.test_sequences import Drawing, counter
from tests.document.making import documents


def found(doc: Document) -> list[object]:
    graph = doc.graph
    each = [(n, upstream(graph, [n]), downstream(graph, [n]), fed(doc, [n])) for n in sorted(graph.nodes)]
    return [each, frozen_nodes(graph), scissors(graph), requiring_grad(graph), upstream(graph, sorted(graph.nodes)[:2])]


@settings(max_examples=60, deadline=None)
@given(documents(), st.data())
def test_what_is_remembered_is_what_a_document_read_anew_says(doc, data):
    new_id = counter(doc)
    found(doc)
    for _ in range(data.draw(st.integers(1, 8))):
        command = data.draw(st.sampled_from([*Drawing(data.draw, doc, new_id).commands()]))()
        try:
            doc = command.apply(doc)
        except Refused:
            continue
        assert found(doc) == found(document_from(json.loads(dumps(doc))))

"""The canvas: nodes, wires and frames on a QGraphicsView, and the gestures that edit them."""

"""How the numbers of a tensor are laid out and written."""

import numpy as np

from gradstudio.app.widgets.grid import Grid, grid_of_array, sample_shape, words


def test_a_matrix_has_its_own_rows_and_their_indices():
    grid = grid_of_array(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert grid.rows == ((0.0, 1.0, 2.0), (3.0, 4.0, 5.0))
    assert [grid.row_label(i) for i in range(2)] == ["0", "1"]
    assert grid.index(1, 2) == (1, 2)


def test_a_long_vector_is_wrapped_and_says_where_each_row_starts():
    grid = grid_of_array(np.arange(10))
    assert [len(row) for row in grid.rows] == [8, 2]
    assert [grid.row_label(i) for i in range(2)] == ["0", "8"]
    assert grid.index(1, 1) == (9,)


def test_leading_axes_become_rows():
    grid = grid_of_array(np.zeros((2, 2, 3)))
    assert [grid.row_label(i) for i in range(4)] == ["0,0", "0,1", "1,0", "1,1"]
    assert grid.index(3, 1) == (1, 1, 1)


def test_a_large_tensor_is_sampled_over_its_whole_extent():
    grid = grid_of_array(np.arange(10_000, dtype=np.float64).reshape(100, 100))
    assert not grid.whole
    assert len(grid.cells) <= 64
    assert grid.cells[0] == 0.0
    assert grid.cells[-1] == 9999.0


def test_a_sample_cuts_the_longest_axis_first():
    assert sample_shape((1000, 3), 64) == (15, 3)
    assert sample_shape((8, 8), 64) == (8, 8)


def test_numbers_of_a_map_share_their_decimals():
    assert words(Grid((0.5, -1.0, 0.0, 1.5), (2, 2), (2, 2))) == (("0.50", "−1.00"), ("0.00", "1.50"))


def test_small_numbers_are_not_written_as_zero():
    assert words(Grid((0.004, -0.0001), (2,), (2,))) == (("0.004", "−0.0001"),)


def test_whole_numbers_and_truth_values_have_no_decimals():
    assert words(Grid((1, -2), (2,), (2,), "int64")) == (("1", "−2"),)
    assert words(Grid((True,), (1,), (1,), "bool")) == (("True",),)


def test_what_is_not_finite_is_named():
    assert words(Grid((float("nan"), float("inf")), (2,), (2,))) == (("nan", "inf"),)


def test_an_empty_tensor_has_no_rows():
    assert grid_of_array(np.zeros((0, 3))).rows == ()

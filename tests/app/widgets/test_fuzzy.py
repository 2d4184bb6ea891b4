"""What a few typed letters find."""

from gradstudio.app.widgets.fuzzy import Entry, rank

OPS = [
    Entry("matmul", "matmul", ("mm", "dot")),
    Entry("mm", "mm"),
    Entry("cross_entropy", "cross_entropy", ("nll",)),
    Entry("relu", "relu"),
    Entry("l1_loss", "l1_loss", ("mean absolute error",)),
    Entry("mean", "mean", ("average",)),
    Entry("sub", "sub", ("minus", "-")),
    Entry("sub_", "sub_", ("-=",)),
]


def found(query: str) -> list[str]:
    return [entry.key for entry in rank(query, OPS)]


def test_an_exact_name_comes_before_what_only_shares_a_synonym():
    assert found("mm")[:2] == ["mm", "matmul"]


def test_blanks_and_underscores_are_the_same():
    assert found("cross entropy") == ["cross_entropy"]
    assert found("Cross-Entropy") == ["cross_entropy"]


def test_what_is_typed_to_the_letter_comes_first():
    assert found("sub") == ["sub", "sub_"]
    assert found("sub_") == ["sub_", "sub"]


def test_a_sign_is_found_as_it_is_typed():
    assert found("-=") == ["sub_"]
    assert found("-") == ["sub", "sub_"]
    assert found("_") == []


def test_a_name_comes_before_words_that_mention_it():
    assert found("mean") == ["mean", "l1_loss"]


def test_letters_may_be_left_out_after_the_first():
    assert found("rl") == ["relu"]
    assert found("elu") == ["relu"]


def test_words_of_name_and_synonyms_may_be_mixed():
    assert found("absolute l1") == ["l1_loss"]


def test_nothing_typed_finds_nothing():
    assert found("  ") == []
    assert found("zzz") == []


def test_no_more_than_the_limit_is_returned():
    assert len(rank("m", OPS, limit=1)) == 1

"""One desktop for the whole job."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.xserver import desktop as real


@pytest.fixture(scope="session")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[real.Desktop]:
    folder: Path = tmp_path_factory.mktemp("desktop")
    with real.desktop(folder) as running:
        yield running

"""A repository, its mirror, and the programs that render what is committed there."""

import pytest

from tests.common.rendering import Rendering


@pytest.fixture
def rendering(source, tmp_path):
    return Rendering(source, tmp_path)

from typing import Any

import pytest

from llmtui.quantize.convert import convert
from tests.quantize.tiny import ARCHITECTURES, tiny_folder


@pytest.fixture(scope="session", params=ARCHITECTURES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Architecture, the folder that transformers saved, the GGUF that was made of it."""
    place = tmp_path_factory.mktemp(request.param)
    folder = tiny_folder(place / "model", request.param)
    convert(folder, place / "model.gguf")
    return request.param, folder, place / "model.gguf"

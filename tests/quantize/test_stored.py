"""Files of safetensors, read without the packages that training needs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from llmtui.quantize.stored import floats, stored

WITHOUT_TRAINING = """
import sys
for name in ("torch", "transformers", "safetensors", "tokenizers"):
    sys.modules[name] = None
import llmtui.inference.engine, llmtui.quantize.export, llmtui.quantize.share
import llmtui.quantize.verify, llmtui.tui.cli
from pathlib import Path
from llmtui.quantize.stored import floats
print(float(floats(Path(sys.argv[1]))["a"].sum()))
"""


def test_answering_exporting_and_sharing_need_nothing_of_training(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    save_file({"a": np.full((2, 3), 0.5, np.float32)}, str(file))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRAINING, str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("3.0\n", "")


def test_numbers_are_read_as_the_package_reads_them(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save

    file = tmp_path / "a.safetensors"
    matrix = torch.randn(5, 7)
    kept = {
        "full": matrix,
        "half": matrix.half(),
        "brain": matrix.bfloat16(),
        "row": torch.randn(3),
    }
    save(kept, str(file))
    got = floats(file)
    assert got.keys() == kept.keys()
    for name, tensor in kept.items():
        assert np.array_equal(got[name], tensor.float().numpy()), name
        assert got[name].dtype == np.float32


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"dtype": "F32", "shape": [4], "data_offsets": [0, 400]}, "cut short"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [8, 0]}, "cut short"),
        ({"dtype": "F32", "shape": [5], "data_offsets": [0, 16]}, "another size"),
        ({"dtype": "F32", "shape": [4]}, "unreadable"),
        ("noise", "unreadable"),
    ],
)
def test_a_file_whose_list_does_not_fit_it_is_refused(
    told: object, reason: str, tmp_path: Path
) -> None:
    header = json.dumps({"a": told}).encode()
    file = tmp_path / "a.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(16))
    with pytest.raises(ValueError, match=reason):
        stored(file)

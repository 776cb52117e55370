"""docs/python.md: its code is run, in order, in one folder."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

for package in ("torch", "jax", "optax", "lightning", "transformers", "accelerate"):
    pytest.importorskip(package)
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.filterwarnings("ignore")
def test_the_examples_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "guide"}
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert len(blocks) > 10
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Lines of a traceback are those of the page.
            exec(compile("\n" * line + block[1], str(ROOT / "docs" / "python.md"), "exec"), names)

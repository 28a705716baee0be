"""benches/torch_layer.py runs, where it is beside this package."""

import json
import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("torch")

BENCH = pathlib.Path(__file__).parents[2] / "benches" / "torch_layer.py"


@pytest.mark.skipif(not BENCH.exists(), reason="without the repository")
def test_the_table_is_printed(tmp_path):
    out = tmp_path / "rows.json"
    command = [sys.executable, str(BENCH), "--quick", "--json", str(out)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    rows = json.loads(out.read_text())["rows"]
    assert len(rows) == 6 and all(row["torch_ms"] > 0 and row["refrain_ms"] > 0 for row in rows)
    assert ran.stdout.count("| LSTM |") == 2

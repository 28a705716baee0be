"""refrain.benchmark against the command `refrain benchmark`, on the CPU engine."""

import json
import math
import os
import pathlib
import signal
import subprocess
import threading
import warnings

import numpy as np
import pytest

import refrain

ROOT = pathlib.Path(__file__).parents[2]
COMMAND = os.environ.get("REFRAIN", ROOT / "target" / "debug" / "refrain")
SMALL = {"budget": 0, "epochs": 2, "device": "cpu", "horizon": 6}


def table(rows, seed):
    """A day of hours, whose levels are all above 0."""
    t, random = np.arange(rows), np.random.default_rng(seed)
    y = np.round(50 + 10 * np.sin(t * math.tau / 24) + random.normal(0, 1, rows), 3)
    return {"ds": (np.datetime64("2024-01-01T00", "h") + t).astype("datetime64[us]"), "y": y, "note": np.zeros(rows)}


def write(path, columns):
    rows = zip(*(values.tolist() for values in columns.values()))
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")


@pytest.fixture
def folder(tmp_path):
    for seed, name in enumerate(["a.csv", "b.CSV"]):
        write(tmp_path / name, table(200, seed))
    (tmp_path / "c.csv").write_text("ds,y\n2024-01-01,few\n2024-01-02,many\n")
    (tmp_path / "notes.txt").write_text("nothing")
    return tmp_path


def without_seconds(report):
    for of in report["tables"]:
        for method in of["methods"]:
            del method["seconds"]
    return report


def test_it_says_what_the_command_says(folder):
    with pytest.warns(UserWarning, match="c.csv is left out: .*few"):
        found = refrain.benchmark(folder, ["rows", "segrnn"], except_="note", seed=3, **SMALL)
    if not os.path.exists(COMMAND):
        pytest.skip(f"no {COMMAND}: build it, or name it in REFRAIN")
    flags = "--model rows --model segrnn --except note --seed 3 --budget 0 --epochs 2 --device cpu --horizon 6 --json"
    theirs = subprocess.run([COMMAND, "benchmark", folder, *flags.split()], capture_output=True, text=True)
    theirs, ours = without_seconds(json.loads(theirs.stdout)), without_seconds(found.report)
    assert (ours["tables"], ours["ranks"]) == (theirs["tables"], theirs["ranks"])
    assert [failed["name"] for failed in theirs["failed"]] == list(found.failed) == ["c.csv"]

    methods = ["refrain rows", "refrain segrnn", "naive", "seasonal naive", "mean", "theta", "ets"]
    assert list(found.scores["method"]) == 2 * methods and list(found.scores["table"]) == 7 * ["a.csv"] + 7 * ["b.CSV"]
    of_first = ours["tables"][0]["methods"]
    assert list(found.scores["mase"])[:7] == [method["mase"] for method in of_first]
    assert sorted(found.ranks["method"]) == sorted(methods) and sum(found.ranks["rank"]) == 28
    assert sum(found.ranks["wins"]) >= 2
    assert 0 <= found.friedman["p"] <= 1 and found.critical_difference > 0
    assert all(name in methods for group in found.groups for name in group) and found.groups


def test_it_is_read_in_a_terminal_and_in_a_notebook(capsys):
    tables = {"<a>": table(200, 0), "b": table(160, 1)}
    found = refrain.benchmark(tables, target="y", verbose=True, **SMALL)
    text, page = str(found), found._repr_html_()
    assert text.startswith("<a>: 1 series, 1 target, season 24, 6 rows ahead, ")
    for words in ("seasonal naive", "Ranks over 2 tables", "mean rank", "Friedman's test: chi squared", "Not told apart"):
        assert words in text
    for words in ("&lt;a&gt;: 6 ahead", "seasonal naive", "mean rank", "Friedman&#x27;s test", "Not told apart"):
        assert words in page
    assert "<a>" not in page and page.count("<table>") == 3
    told = capsys.readouterr()
    assert told.out == "" and "b: 1 series" in told.err
    assert isinstance(found.scores, dict) and found.failed == {}

    one = refrain.benchmark({"a": table(200, 0)}, target="y", **SMALL)
    assert one.friedman is None and one.critical_difference is None and one.groups == []
    assert "One table says nothing" in str(one) and "One table says nothing" in one._repr_html_()


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames_come_back_as_they_are(kind):
    module = pytest.importorskip(kind)
    found = refrain.benchmark({"a": module.DataFrame(table(200, 0))}, target="y", **SMALL)
    assert type(found.scores) is type(found.ranks) is module.DataFrame
    assert list(found.scores.columns) == ["table", "method", "smape", "mase", "relative", "seconds"]


def test_what_makes_no_sense_is_refused(folder, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    tables = {"a": table(200, 0)}
    for given, arguments, words in [
        (tables, {"horizon": 0}, "horizon is 0, expected a whole number of at least 1"),
        (tables, {"models": "lstm"}, 'models has "lstm", expected some of "default", "segrnn", "rows"'),
        (tables, {"models": []}, "models is empty, expected one at least"),
        (tables, {"freq": "sometimes"}, "freq"),
        (tables, {"stride": -1}, "stride is -1, expected"),
        (tables, {"target": "z"}, "none of 1 tables could be forecast; a: .*column `z`"),
        (empty, {}, "expected tables, files that end in .csv or .parquet, found none"),
        ([folder / "c.csv"], {}, "none of 1 tables could be forecast; c.csv: "),
        ([], {}, "none of 0 tables could be forecast"),
    ]:
        with warnings.catch_warnings(), pytest.raises(ValueError, match=words):
            warnings.simplefilter("ignore")
            refrain.benchmark(given, **{**SMALL, **arguments})
    with pytest.raises(FileNotFoundError):
        refrain.benchmark(folder / "nowhere")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_control_c_ends_it_and_what_is_finished_was_told(capsys):
    slow = {**SMALL, "epochs": 1}
    told = []

    class Last(dict):
        """A table whose reading is the sign that the first is finished."""

        def items(self):
            told.append(capsys.readouterr().err)
            threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
            return super().items()

    tables = {"a": table(200, 0), "b": Last(table(60_000, 1))}
    with pytest.raises(KeyboardInterrupt):
        refrain.benchmark(tables, target="y", verbose=True, **slow)
    assert told and told[0].startswith("a: 1 series")

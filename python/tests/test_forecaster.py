"""refrain.Forecaster against the command `refrain`, on the CPU engine: the same files and the same numbers."""

import base64
import csv
import datetime
import io
import json
import math
import os
import pathlib
import pickle
import re
import shlex
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import refrain

ROOT = pathlib.Path(__file__).parents[2]
COMMAND = os.environ.get("REFRAIN", ROOT / "target" / "debug" / "refrain")
SMALL = {"horizon": 6, "window": 12, "hidden": 8, "epochs": 2, "device": "cpu", "budget": 0}
FLAGS = "--horizon 6 --window 12 --hidden 8 --epochs 2 --device cpu"


def hours(rows, first="2024-01-01T00"):
    return np.datetime64(first, "h") + np.arange(rows)


def series(rows, seed=0):
    random = np.random.default_rng(seed)
    t = np.arange(rows)
    return np.round(50 + 10 * np.sin(t * math.tau / 24) + 0.02 * t + random.normal(0, 1, rows), 3)


def wide(rows=300, known=None):
    temperature = np.round(20 + np.cos(np.arange(rows) * math.tau / 24), 2)
    y = series(rows)
    y[rows if known is None else known :] = np.nan
    return {"ds": hours(rows).astype("datetime64[us]"), "y": y, "temperature": temperature, "other": series(rows, 1)}


def panel(rows=200, count=3):
    return {
        "unique_id": np.repeat([f"s{n}" for n in range(count)], rows),
        "ds": np.tile(hours(rows).astype("datetime64[us]"), count),
        "y": np.concatenate([(n + 1) * series(rows, n) for n in range(count)]),
    }


def made(kind, columns):
    return dict(columns) if kind == "dict" else pytest.importorskip(kind).DataFrame(columns)


def write(path, kind, df):
    """The CSV that the frame's own writer makes of it."""
    if kind == "pandas":
        df.to_csv(path, index=False)
    elif kind == "polars":
        df.write_csv(path)
    else:
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(df)
            writer.writerows(zip(*(values.tolist() for values in df.values())))


def command(*arguments):
    if not os.path.exists(COMMAND):
        pytest.skip(f"no {COMMAND}: build it, or name it in REFRAIN")
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def train(path, model, more):
    budget = "" if "--budget" in more else "--budget 0"
    command("train", path, *shlex.split(f"{FLAGS} {budget} {more}"), "--quiet", "--out", model)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def column(frame, name):
    values = frame[name]
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def quiet(work):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work()


KINDS = ["dict", "pandas", "polars"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_and_the_numbers_are_the_commands(kind, tmp_path):
    df = made(kind, panel())
    data, ours, theirs = tmp_path / "data.csv", tmp_path / "ours.safetensors", tmp_path / "theirs.safetensors"
    write(data, kind, df)
    train(data, theirs, "--target y --id unique_id --time ds --calendar hour,weekday")
    forecaster = refrain.Forecaster(**SMALL, calendar=["hour", "weekday"]).fit(df)
    forecaster.save(ours)
    assert ours.read_bytes() == theirs.read_bytes()

    expected = rows_of(command("forecast", theirs, data, "--device", "cpu", "--quiet"))
    found = forecaster.predict()
    assert type(found) is type(df)
    assert list(found if kind == "dict" else found.columns) == ["unique_id", "ds", "y", "y_0.05", "y_0.95"]
    assert column(found, "unique_id") == [row["unique_id"] for row in expected]
    for name in ("y", "y_0.05", "y_0.95"):
        assert column(found, name) == [float(row[name]) for row in expected]
    stamps = [np.datetime64(row["ds"]) for row in expected]
    assert np.array_equal(np.asarray(found["ds"]).astype("datetime64[s]"), np.array(stamps, "datetime64[s]"))

    again = refrain.Forecaster.load(theirs, device="cpu")
    for name in ("y", "y_0.95"):
        assert column(again.predict(df=df), name) == column(found, name)


def test_backtests_are_the_commands(tmp_path):
    data, model, kept = tmp_path / "data.csv", tmp_path / "m.safetensors", tmp_path / "f.csv"
    write(data, "dict", panel())
    forecaster = refrain.Forecaster(**SMALL).fit(panel())
    forecaster.save(model)
    arguments = ["--from", "last:20", "--stride", "2", "--level", "0.8", "--forecasts", kept]
    command("backtest", model, data, "--device", "cpu", "--quiet", *arguments)
    found = forecaster.backtest(from_="last:20", stride=2, level=0.8)
    expected = rows_of(kept.read_text())
    assert list(found.forecasts) == list(expected[0])
    for name in ("truth", "forecast", "forecast_0.1", "step"):
        assert column(found.forecasts, name) == [float(row[name]) for row in expected]
    assert column(found.forecasts, "id") == [row["id"] for row in expected]

    assert found.scores["method"][0] == "model" and len(found.scores["mae"]) >= 4
    errors = np.abs(found.forecasts["forecast"] - found.forecasts["truth"])
    assert found.scores["mae"][0] == pytest.approx(errors.mean())
    assert len(found.report["methods"][0]["steps"]) == 6
    assert isinstance(found.verdict, str)
    # Training ends with the same, on the rows held out.
    assert forecaster.test_.report == forecaster.backtest().report
    assert forecaster.backtest(from_=150, to=datetime.datetime(2024, 1, 8)).report["windows"] < 60
    with pytest.raises(ValueError, match="a row is '?last:x'?, expected a date"):
        forecaster.backtest(from_="last:x")


def test_a_model_is_trained_again_as_the_command_does_it(tmp_path):
    data, model = tmp_path / "data.csv", tmp_path / "m.safetensors"
    write(data, "dict", panel())
    forecaster = refrain.Forecaster(**SMALL).fit(panel())
    forecaster.save(model)
    before = forecaster.predict()["y"]
    theirs = json.loads(command("backtest", model, data, "--device", "cpu", "--refit", "2", "--json"))
    found = forecaster.backtest(refit=2)
    assert found.report["refits"] == theirs["refits"] and found.report["methods"] == theirs["methods"]
    refits = found.refits
    assert list(refits) == ["from", "rows", "windows", "mae", "mae_without", "mase", "mase_without"]
    assert len(refits["from"]) == 3 and refits["rows"][0] == 0 and refits["mae"][0] == refits["mae_without"][0]
    assert sum(refits["windows"]) == found.report["windows"] == forecaster.backtest().report["windows"]
    assert column(found.refits, "mae")[1] != column(found.refits, "mae_without")[1]
    assert "Trained again:" in found._repr_html_() and "Trained again:" not in forecaster.test_._repr_html_()
    assert forecaster.backtest().refits is None and np.array_equal(forecaster.predict()["y"], before)
    with pytest.raises(ValueError, match="refit is 500, expected 1 to .*, fewer than the .* origins"):
        forecaster.backtest(refit=500)
    with pytest.raises(ValueError, match="refit is 0, expected a whole number of at least 1"):
        forecaster.backtest(refit=0)
    with pytest.raises(ValueError, match="begin later with from_"):
        forecaster.backtest(refit=2, from_=20, to=60)


@pytest.mark.parametrize(
    "arguments, flags",
    [
        ({"cell": "lstm", "layers": 2, "dropout": 0.1}, "--cell lstm --layers 2 --dropout 0.1"),
        ({"cell": "rnn-relu", "bidirectional": True}, "--cell rnn-relu --bidirectional"),
        ({"model": "segrnn", "segment": 5, "dropout": 0.2}, "--model segrnn --segment 5 --dropout 0.2"),
        ({"loss": "huber", "delta": 0.5, "clip": 0, "patience": 0}, "--loss huber --delta 0.5 --clip 0 --patience 0"),
        ({"optimizer": "sgd", "lr": 0.01, "weight_decay": 0.001}, "--optimizer sgd --lr 0.01 --weight-decay 0.001"),
        ({"optimizer": "adamw"}, "--optimizer adamw"),
        ({"schedule": "step:1:0.5", "batch": 20, "seed": 3}, "--schedule step:1:0.5 --batch 20 --seed 3"),
        ({"past": "other", "center": "mean", "scale": "robust"}, "--past other --center mean --scale robust"),
        ({"center": "season", "divide": "deviation", "season": 6}, "--center season --divide deviation --season 6"),
        ({"members": 2}, "--members 2"),
        ({"budget": 1, "past": "other"}, "--budget 1 --past other"),
        ({"log": True, "future": ["temperature"]}, "--log --future temperature"),
        ({"target": ["y", "other"], "channels": "independent"}, "--target other --channels independent"),
        ({"target": "all", "except_": "other", "season": 12}, "--except other --season 12"),
        ({"weight": "other", "past": "all"}, "--weight other --past all"),
        ({"quantiles": [0.2, 0.5, 0.8], "val": 40}, "--quantiles 0.2,0.5,0.8 --val 40"),
        ({"test": "2024-01-12", "fill": "linear"}, "--test 2024-01-12 --fill linear"),
        ({"loss": "quantile", "test": 0.0, "recompute": 4}, "--loss quantile --test 0 --recompute 4"),
        ({"freq": "h", "time_format": "%Y-%m-%d %H:%M:%S"}, "--freq h --time-format '%Y-%m-%d %H:%M:%S'"),
    ],
)
def test_every_option_is_the_commands(arguments, flags, tmp_path):
    data, ours, theirs = tmp_path / "data.csv", tmp_path / "ours.safetensors", tmp_path / "theirs.safetensors"
    write(data, "dict", wide())
    target = "all" if arguments.get("target") == "all" else "y"
    train(data, theirs, f"--target {target} --time ds {flags}")
    quiet(lambda: refrain.Forecaster(**{**SMALL, **arguments}).fit(wide())).save(ours)
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_covariates_of_the_future(kind, tmp_path):
    whole = wide(306, known=300)
    known = {name: values[:300] for name, values in whole.items()}
    future = {name: whole[name][300:] for name in ("ds", "temperature")}
    forecaster = refrain.Forecaster(**SMALL, future="temperature").fit(made(kind, known))
    beside = forecaster.predict(future=made(kind, future))
    within = forecaster.predict(df=made(kind, whole))
    assert column(beside, "y") == column(within, "y") and len(column(beside, "y")) == 6
    with pytest.raises(ValueError, match="`temperature` known up to"):
        forecaster.predict()
    if kind != "dict":
        with pytest.raises(ValueError, match="future is a dict, expected a DataFrame"):
            forecaster.predict(future=future)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_that_do_not_change(kind, tmp_path):
    data, ours, theirs = tmp_path / "data.csv", tmp_path / "ours.safetensors", tmp_path / "theirs.safetensors"
    kinds = {"shop": np.repeat(["small", "large", "small"], 200), "area": np.repeat([40.5, 800.0, 38.0], 200)}
    df = made(kind, {**panel(), **kinds})
    write(data, kind, df)
    train(data, theirs, "--target y --time ds --id unique_id --static shop,area")
    forecaster = refrain.Forecaster(**SMALL, static=["shop", "area"]).fit(df)
    forecaster.save(ours)
    assert ours.read_bytes() == theirs.read_bytes()
    assert refrain.Forecaster.load(ours).get_params()["static"] == ["shop", "area"]
    with pytest.raises(ValueError, match="`large`, as before in series `s1`, found `small`: it is static"):
        kinds["shop"][300] = "small"
        refrain.Forecaster(**SMALL, static="shop").fit(made(kind, {**panel(), **kinds}))


def test_windows_are_drawn_by_weights(tmp_path):
    weighted = panel()
    weighted["w"] = np.repeat([1.0, 0.0, 2.0], 200)
    forecaster = refrain.Forecaster(**SMALL, weight="w", patience=0).fit(weighted)
    assert forecaster.plan_["weight"] == "w" and "w" not in forecaster.plan_["past"]
    # It forecasts without the column, and is trained again and further with it.
    assert column(forecaster.predict(df=panel()), "y") == column(forecaster.predict(), "y")
    assert len(forecaster.backtest(refit=1).refits["from"]) == 2
    assert len(forecaster.backtest(weighted, refit=1).refits["from"]) == 2
    with pytest.raises(ValueError, match="column `w`: there is no such column"):
        forecaster.backtest(panel(), refit=1)
    on = refrain.Forecaster(epochs=1, device="cpu", init=forecaster).fit(weighted)
    assert on.plan_ == forecaster.plan_
    forecaster.save(tmp_path / "m")
    assert refrain.Forecaster.load(tmp_path / "m").weight == "w"
    with pytest.raises(ValueError, match="weight is 'y', expected None: beside init"):
        refrain.Forecaster(init=forecaster, weight="y").fit(weighted)
    weighted["w"][250] = -1
    with pytest.raises(ValueError, match="df, series `s1`: column `w` is -1 at 2024-01-03 02:00.*, expected a weight"):
        refrain.Forecaster(**SMALL, weight="w").fit(weighted)


def test_quantiles_levels_and_steps():
    forecaster = refrain.Forecaster(**SMALL, quantiles=(0.1, 0.5, 0.9)).fit(wide())
    found = forecaster.predict(h=9)
    assert list(found) == ["ds", "y_0.1", "y_0.5", "y_0.9"] and len(found["ds"]) == 9
    forecaster = refrain.Forecaster(**SMALL).fit(wide())
    assert list(forecaster.predict(level=0)) == ["ds", "y"]
    assert list(forecaster.predict(level=0.5)) == ["ds", "y", "y_0.25", "y_0.75"]
    with pytest.raises(ValueError, match="level is 90, expected one of"):
        forecaster.predict(level=90)
    with pytest.raises(ValueError, match="h is 0, expected a whole number of at least 1"):
        forecaster.predict(h=0)


def test_times_stay_what_they_were():
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2024-03-01", periods=200, freq="D", name="day")
    by_index = pandas.DataFrame({"y": series(200)}, index=days)
    found = refrain.Forecaster(**SMALL).fit(by_index).predict()
    assert isinstance(found.index, pandas.DatetimeIndex) and found.index.name == "day"
    assert found.index[0] == days[-1] + pandas.Timedelta(days=1) and list(found.columns)[0] == "y"
    months = pandas.Series(series(200), index=pandas.period_range("2000-01", periods=200, freq="M"))
    found = refrain.Forecaster(**SMALL).fit(months).predict()
    assert found.index[0] == months.index[-1] + 1 and found.index.name == "ds"
    hourly = pandas.date_range("2024-10-20", periods=200, freq="h", tz="Europe/Berlin")
    zoned = pandas.DataFrame({"ds": hourly, "y": series(200)})
    found = refrain.Forecaster(**SMALL).fit(zoned).predict()
    assert found["ds"].dtype == zoned["ds"].dtype and found["ds"][0] == zoned["ds"].iloc[-1] + pandas.Timedelta(hours=1)
    text = {"ds": [f"{day:%d.%m.%Y}" for day in days], "y": series(200)}
    assert refrain.Forecaster(**SMALL).fit(text).predict()["ds"][0] == "17.09.2024"
    rows = refrain.Forecaster(**SMALL).fit({"y": series(200)}).predict()
    assert rows["time"].tolist()[:2] == [200, 201]


def test_files(tmp_path):
    data = tmp_path / "data.csv"
    rows = zip(hours(200).astype("datetime64[s]"), series(200))
    data.write_text("date;sold\n" + "".join(f"{time};{value}\n" for time, value in rows))
    forecaster = refrain.Forecaster(**SMALL, target="sold", time="date").fit(data)
    assert len(forecaster.predict()["sold"]) == 6
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    pandas.DataFrame(panel()).to_parquet(tmp_path / "data.parquet", compression="snappy")
    found = refrain.Forecaster(**SMALL).fit(tmp_path / "data.parquet").predict()
    assert column(found, "y") == column(refrain.Forecaster(**SMALL).fit(panel()).predict(), "y")


def test_training_goes_on_and_is_taken_up_again(tmp_path):
    first = refrain.Forecaster(**SMALL).fit(wide())
    on = refrain.Forecaster(epochs=1, device="cpu", init=first).fit(wide())
    assert on.plan_ == first.plan_ and column(on.predict(), "y") != column(first.predict(), "y")
    with pytest.raises(ValueError, match="hidden is 9, expected None: beside init"):
        refrain.Forecaster(init=first, hidden=9).fit(wide())

    kept = tmp_path / "kept"
    stopped = refrain.Forecaster(**SMALL)
    stopped.fit(wide(), checkpoint=kept, callback=lambda report: report["epoch"] < 1)
    assert stopped.fit_.stopped and len(stopped.fit_.loss) == 1
    resumed = refrain.Forecaster(**SMALL).fit(wide(), resume=kept)
    assert column(resumed.predict(), "y") == column(first.predict(), "y")


def test_saved_loaded_and_pickled(tmp_path):
    forecaster = refrain.Forecaster(**SMALL, quantiles=[0.1, 0.5]).fit(panel())
    expected = column(forecaster.predict(), "y_0.5")
    forecaster.save(tmp_path / "m")
    loaded = refrain.Forecaster.load(tmp_path / "m", device="cpu")
    copied = pickle.loads(pickle.dumps(forecaster))
    for other in (loaded, copied):
        assert column(other.predict(df=panel()), "y_0.5") == expected
        with pytest.raises(ValueError, match="df is None, expected a table"):
            other.predict()
    assert copied.test_.report == forecaster.test_.report
    told = {"time": "ds", "id": "unique_id", "season": 24, "target": ["y"], "past": [], "future": [], "calendar": []}
    told |= {"static": [], "channels": "joint", "center": "last", "divide": "none", "log": False, "model": "segrnn", "segment": 2}
    assert {**loaded.get_params(), "epochs": 2, "budget": 0} == {**forecaster.get_params(), **told}
    # What it says of itself suffices to train it again.
    again = loaded.set_params(epochs=2, budget=0).fit(panel())
    assert column(again.predict(), "y_0.5") == expected
    with pytest.raises(FileNotFoundError):
        refrain.Forecaster.load(tmp_path / "none")


def segrnn(torch, channels, segment, positions, hidden=8):
    """A network over segments as PyTorch has its parts."""
    return torch.nn.ModuleDict(
        {
            "embedding": torch.nn.Linear(segment * channels, hidden),
            "positions": torch.nn.Embedding(positions, hidden),
            "rnn": torch.nn.GRU(hidden, hidden),
            "fc": torch.nn.Linear(hidden, segment),
        }
    )


@pytest.mark.parametrize("model", ["rows", "segrnn"])
def test_pytorch_loads_a_member_as_the_docs_say(model, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    monkeypatch.chdir(tmp_path)
    arguments = {**SMALL, "model": model, "segment": 3 if model == "segrnn" else None, "layers": 1}
    refrain.Forecaster(**arguments, members=3).fit(wide()).save("ensemble.safetensors")
    made = {"rnn": torch.nn.GRU(1, 8), "fc": torch.nn.Linear(8, 6)}
    module = torch.nn.ModuleDict(made) if model == "rows" else segrnn(torch, 1, 3, 2)
    tensors = files.load_file("ensemble.safetensors")
    with pytest.raises(RuntimeError, match='Unexpected key.*"checkpoint.member.0"'):
        module.load_state_dict(tensors, strict=True)

    text = (ROOT / "docs" / "pytorch.md").read_text()
    snippet = re.search("```python\n(tensors = .*?)```", text, re.S)[1]
    for member in range(3):
        # A member is what its seed trains alone.
        refrain.Forecaster(**arguments, seed=member).fit(wide()).save("alone.safetensors")
        alone = files.load_file("alone.safetensors")
        scope = {"torch": torch, "safetensors": sys.modules["safetensors"], "module": module}
        exec(snippet.replace("checkpoint.member.1", f"checkpoint.member.{member}"), scope)
        found = module.state_dict()
        assert list(found.keys() ^ alone.keys()) == []
        assert all(torch.equal(found[name], alone[name]) for name in alone)
        module.load_state_dict(alone, strict=True)


def test_parameters_are_scikit_learns():
    forecaster = refrain.Forecaster(horizon=3, calendar=["hour"])
    assert forecaster.get_params()["horizon"] == 3 and forecaster.get_params(deep=False)["cell"] == "gru"
    assert forecaster.set_params(horizon=4, lr=0.1) is forecaster and forecaster.lr == 0.1
    assert repr(forecaster) == "Forecaster(horizon=4, calendar=['hour'], lr=0.1)"
    with pytest.raises(ValueError, match="depth is no argument of Forecaster"):
        forecaster.set_params(depth=1)
    clone = pytest.importorskip("sklearn.base").clone
    assert clone(forecaster).get_params() == forecaster.get_params()


@pytest.mark.parametrize(
    "arguments, df, words",
    [
        ({"target": "x"}, wide(), "df, column `x`: there is no such column"),
        ({"horizon": 0}, wide(), "horizon is 0, expected a whole number of at least 1"),
        ({"window": 2.5}, wide(), "window is 2.5, expected a whole number"),
        ({"cell": "gre"}, wide(), "cell is 'gre', expected one of .*\"gru\""),
        ({"optimizer": "adm"}, wide(), "optimizer is \"adm\", expected adam, adamw, sgd or rmsprop"),
        ({"momentum": 0.5}, wide(), "momentum is 0.5, expected none, or the optimizer sgd"),
        ({"segment": 5}, wide(), 'segment is 5, expected None, or model="segrnn"'),
        ({"delta": 0.5}, wide(), 'delta is 0.5, expected None, or loss="huber"'),
        ({"lr": -1}, wide(), "lr is -1, expected a finite number above 0"),
        ({"schedule": "sine"}, wide(), "schedule: expected constant"),
        ({"calendar": "tide"}, wide(), "calendar has \"tide\", expected some of minute"),
        ({"quantiles": [0.9, 0.1]}, wide(), "quantiles is .*, expected 1 to"),
        ({"val": 1.5}, wide(), "val: a part of the table is 1.5"),
        ({"window": 300}, wide(), "take a smaller window or horizon, or less for val and test"),
        ({"freq": "D"}, wide(), "freq|frequency"),
        ({"except_": "other"}, wide(), "except is other, expected none, or all"),
        ({}, {"ds": hours(3), "y": [1.0, 2.0]}, "df has columns of unequal length"),
        ({}, {"ds": ["2024-01-01", "2024-01-01"] * 40, "y": np.arange(80)}, "df, row 3"),
        ({}, {"ds": hours(90), "y": ["a"] * 90}, "df, row 2, column `y`: expected a number"),
        ({}, 5, "df is a int, expected a frame of pandas or polars"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, df, words):
    with pytest.raises(ValueError, match=words):
        refrain.Forecaster(**{**SMALL, **arguments}).fit(df)


def test_what_is_not_trained_forecasts_nothing():
    with pytest.raises(ValueError, match="the forecaster is not trained"):
        refrain.Forecaster().predict()
    with pytest.raises(RuntimeError, match="no adapter matches"):
        refrain.Forecaster(**{**SMALL, "device": "no such adapter"}).fit(wide())


def test_one_should_know_what_was_assumed():
    newest_first = {name: values[::-1] for name, values in wide().items()}
    with pytest.warns(UserWarning, match="the newest row comes first"):
        refrain.Forecaster(**SMALL).fit(newest_first)
    with pytest.warns(UserWarning, match="hold some out with val in training"):
        refrain.Forecaster(**SMALL, val=0).fit(wide())


def test_pictures_in_notebooks():
    forecaster = refrain.Forecaster(**SMALL, calendar="hour")
    assert "Forecaster(" in forecaster._repr_html_()
    forecaster.fit(panel())
    about = forecaster._repr_html_()
    for words in ("6 ahead, from 12", "gru, 1 x 8 units", "repeat the last value", "held out", "MASE"):
        assert words in about
    for shown in (forecaster.forecast()._repr_html_(), forecaster.test_._repr_html_()):
        picture = base64.b64decode(re.search("base64,([^\"]*)", shown)[1]).decode()
        assert picture.startswith("<svg") and "3 series" in picture
    assert "<s&amp;" not in about


def test_progress_is_told_where_it_is_asked_for(capsys):
    told = []
    refrain.Forecaster(**SMALL).fit(wide(), callback=told.append)
    assert [report["epoch"] for report in told] == [1, 2]
    assert set(told[0]) == {"epoch", "epochs", "loss", "val_loss", "best_epoch"}
    assert capsys.readouterr() == ("", "")
    refrain.Forecaster(**SMALL).fit(wide(), verbose=True)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[1].startswith("epoch 2/2, loss ") and "best: epoch" in lines[1]

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    kept, sys.stderr = sys.stderr, Terminal()
    try:
        refrain.Forecaster(**SMALL).fit(wide(), verbose=True)
        shown = sys.stderr.getvalue()
    finally:
        sys.stderr = kept
    assert shown.startswith("\r") and shown.endswith("\n") and shown.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_control_c_ends_training():
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        refrain.Forecaster(**{**SMALL, "epochs": 100_000, "patience": 0}).fit(wide())


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_control_c_ends_training_again():
    once = {"done": False}

    def stop(report):
        once["done"] = True
        return False

    # A recipe of many epochs, and a model after the first.
    forecaster = refrain.Forecaster(**{**SMALL, "epochs": 100_000, "patience": 0}).fit(wide(), callback=stop)
    assert once["done"]
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        forecaster.backtest(refit=2)
    assert forecaster.backtest().refits is None


def test_the_example_of_the_readme(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    pandas.DataFrame(panel(400)).to_csv("demand.csv", index=False)
    readme = (ROOT / "python" / "README.md").read_text()
    example = re.search("## Forecasting.*?```python\n(.*?)```", readme, re.S)[1]
    quick = example.replace("horizon=24,", 'horizon=24, epochs=1, hidden=8, device="cpu",')
    assert quick != example
    quiet(lambda: exec(quick, {}))
    assert (tmp_path / "demand.safetensors").exists()

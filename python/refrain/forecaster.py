"""Forecasting of tables."""

import base64
import html
import inspect
import json
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import _refrain
from .frames import Frame
from .layers import Fit
from .progress import Line

_Path = str | os.PathLike
_Names = str | Sequence[str]
# A fraction, a count, or a date.
_Part = Any

# What a model whose training goes on brings along.
_OF_MODEL = (
    "target past future static except_ calendar window horizon season quantiles scale center divide log channels cell model segment "
    "hidden layers bidirectional budget"
).split()
_SCORES = "mae rmse mape smape mase mase_median r2 r2_median scaled_mse scaled_mae coverage width".split()
_CELLS = {"rnn_tanh": "rnn", "rnn_relu": "rnn-relu"}


def _image(svg, title):
    # An image of its own: the styles of one that stands in the page would be those of the page.
    data = base64.b64encode(svg.encode()).decode()
    return f'<img style="max-width:100%" alt="{html.escape(title)}" src="data:image/svg+xml;base64,{data}">'


def _table(rows, head=()):
    cells = lambda tag, row: "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in row)  # noqa: E731
    head = f"<thead><tr>{cells('th', head)}</tr></thead>" if head else ""
    body = "".join("<tr>" + cells("td", row) + "</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


@dataclass(frozen=True)
class Forecast:
    """What comes after a table's end. In a notebook it is a picture.

    Attributes
    ----------
    frame : frame
        Of the kind of the table: the times, under the name of their column, the identifiers, where the table has some, and
        for each target a column of its name, and one for each bound of the interval, or for each quantile: y, y_0.05,
        y_0.95.
    svg : str
        The picture: history, forecast and intervals.
    """

    frame: Any
    svg: str

    def _repr_html_(self):
        return _image(self.svg, "Forecast")


@dataclass(frozen=True)
class Backtest:
    """What forecasts from many rows of a table would have been worth.

    Attributes
    ----------
    scores : frame
        The errors of the model, and of forecasts that need no network, a row each: over all of them, as
        `refrain backtest` prints them.
    verdict : str
        Sentences: where the model is no better than one of those, and what makes the errors look better than they are.
        Empty where there is nothing to be said against it.
    forecasts : frame
        Every forecast: target, origin (the time of the last row that it knew), step, time, truth, forecast, and the bounds
        of its interval.
    report : dict
        All errors: of each step, and of each series.
    svg : str
        A picture of the last forecasts.
    """

    scores: Any
    verdict: str
    forecasts: Any
    report: dict[str, Any]
    svg: str

    def _errors_html(self):
        shown = ("MAE", "RMSE", "MAPE", "sMAPE", "MASE", "R2")
        rows = []
        for method in self.report["methods"]:
            cells = [method.get(name.lower()) for name in shown]
            rows.append([method["name"], *("-" if cell is None else f"{cell:.4g}" for cell in cells)])
        verdict = f"<p>{html.escape(self.verdict)}</p>" if self.verdict else ""
        return _table(rows, ["", *shown]) + verdict

    def _repr_html_(self):
        return self._errors_html() + _image(self.svg, "Backtest")


class Forecaster:
    """Forecasts a table of time series by a recurrent network that is trained on it.

    Its arguments are the options of `refrain train TABLE`, under the same names and with the same defaults, and the model
    file is the same, to the byte. `get_params` and `set_params` are those of scikit-learn, whose `clone` takes it.

    A table is a frame of pandas or polars, a dict of arrays, or the path of a file, CSV or Parquet. It is *wide*, a column
    for each series and covariate, or *long*, one series below the other. The columns `ds` and `unique_id` are recognised as
    times and identifiers, and so is an index of dates; `time` and `id` name others.

    Parameters
    ----------
    horizon : int, optional
        Rows that are forecast at once; by default a season, or 10 where the frequency has none.
    window : int, optional
        Rows that the network sees; by default two seasons or more, and at least twice the horizon.
    season : int, optional
        Rows of a season; by default the frequency's, or what autocorrelation shows where times are numbers.
    freq : str or float, optional
        How far apart times stand: "15min", "h", "D", "B", "W", "M", "Q", "Y", a number and others; by default what the
        times say.
    target : str or list of str
        The columns to forecast, or "all".
    past, future : str or list of str
        Columns that are known up to the present ("all" that have no other part), and those that are known for the time of
        the forecast too.
    calendar : str or list of str
        What the network is told of the calendar: "minute", "hour", "weekday", "day", "month", "yearday".
    static : str or list of str
        Columns of a panel that hold one value a series, text or a number.
    except_ : str or list of str
        Columns that "all" leaves out.
    quantiles : list of float, optional
        Levels to forecast, under the quantile loss, in place of a point.
    center : str, optional
        What is subtracted from the targets of each window and from what follows it: "last", the last value, "mean",
        "season", the same time last season, or "none"; by default what the table calls for.
    divide : str, optional
        What they are divided by then: the window's "deviation", its "level", or "none"; by default what the table calls for.
    scale : str
        How columns are scaled: "standard", "minmax", "robust" or "none"; fitted on the training rows.
    log : bool, optional
        Whether to forecast the logarithms of the targets; by default where their swings grow with their level.
    channels : str, optional
        Whether targets are forecast together ("joint"), or each on its own by one network ("independent"), the default.
    time, id : str, optional
        The column of times, or "none" to count rows, and the column that tells series apart.
    time_format : str, optional
        How times are written, as strftime has it, or "epoch-s", "epoch-ms", "epoch-us", "epoch-ns" or "number".
    fill : str, optional
        What to put where values or rows are missing, which are refused otherwise: "forward" or "linear".
    delimiter, decimal, thousands : str, optional
        How a file is written, where that is not to be guessed.
    header : bool, optional
        Whether the first row of a file holds names.
    cell : str
        "gru", "lstm", "rnn" or "rnn-relu".
    model : str, optional
        What the network goes over: "segrnn", segments of rows, with the horizon decoded at once; or "rows", one by one. By
        default segments, or rows where these forecast better.
    segment : int, optional
        Rows of a segment; by default a season, the horizon where there is none, or more where the window has over 16.
    hidden : int, optional
        Hidden units of a layer; by default 64, or twice that where they help.
    layers : int
        Stacked layers.
    bidirectional : bool
        Whether each layer runs in both directions of time.
    dropout : float, optional
        Probability with which a unit is dropped between layers, and over segments before the head. By default 0, over
        segments 0.3 where there are 1000 windows.
    epochs, batch : int, optional
        Passes over the training windows, by default 5 to 200, about 4,000 steps; and windows of a step, by default 16 to
        256.
    optimizer : str
        "adam", "adamw", "sgd" or "rmsprop".
    lr : float, optional
        Learning rate; by default 0.001, or twice that where it helps.
    momentum : float, optional
        How much of its last step "sgd" takes along; by default 0.9.
    weight_decay : float, optional
        L2 penalty on the weights; of "adamw" their decay. By default 0, of "adamw" 0.01.
    schedule : str, optional
        The learning rate over the run: "constant", "cosine[:WARM_UP_STEPS[:FLOOR]]", "step:EPOCHS:FACTOR" or
        "plateau:FACTOR:EPOCHS"; by default "cosine".
    clip : float, optional
        Largest norm of the gradient, 0 for none; by default 1.
    loss : str, optional
        "mse", "mae", "huber", "quantile", or the likelihood of a distribution, "student_t" or "negative_binomial" (of counts),
        whose `quantiles` are given; by default "huber", which turns into lines at a quarter of a naive forecast's mean
        error, or "quantile" where levels are forecast.
    delta : float, optional
        Where the loss "huber", where it is asked for, turns from a parabola into lines; by default 1.
    patience : int, optional
        Epochs without a better validation loss after which training stops; by default a fifth of them, 5 at least. 0 trains
        every epoch, and keeps the last weights.
    val, test : float, int or date
        The rows that decide when training stops and how wide intervals are, and the rows at the end that are held out: a
        fraction, a count, or the first date. A tenth each, as for the command: without rows that it has never seen, nobody
        knows what a model is worth. With `test=0` it learns from them too, once that is known.
    precision : str
        How an adapter stores weights and tape: "f32" or "f16".
    recompute : int, optional
        On the CPU engine the most time steps whose tape is kept at once.
    members : int
        Networks to train, each from a seed of its own; forecast is the median of theirs.
    budget : float
        How long to search for what is left open of task and network, by short trainings that the validation rows judge:
        seconds of a nominal machine, so that it comes out the same on any; 0 for no search.
    init : Forecaster or path, optional
        A model whose training goes on: task, scales and network are its own.
    seed : int
        Of everything random.
    device : str
        "auto", a hardware GPU or else the CPU engine; "cpu"; "gpu"; or part of an adapter's name.

    Attributes
    ----------
    plan_ : dict
        The task with every number settled, once it is fitted or loaded.
    fit_ : Fit
        The losses of training.
    test_ : Backtest or None
        What the model is worth on the rows held out.

    Examples
    --------
    >>> forecaster = refrain.Forecaster(horizon=24, calendar=["hour", "weekday"]).fit(df)  # doctest: +SKIP
    >>> forecaster.predict()  # doctest: +SKIP
    """

    def __init__(
        self,
        horizon: int | None = None,
        window: int | None = None,
        season: int | None = None,
        freq: str | float | None = None,
        target: _Names = "y",
        past: _Names = (),
        future: _Names = (),
        calendar: _Names = (),
        *,
        static: _Names = (),
        except_: _Names = (),
        quantiles: Sequence[float] | None = None,
        center: str | None = None,
        divide: str | None = None,
        scale: str = "standard",
        log: bool | None = None,
        channels: str | None = None,
        time: str | None = None,
        id: str | None = None,
        time_format: str | None = None,
        fill: str | None = None,
        delimiter: str | None = None,
        decimal: str | None = None,
        thousands: str | None = None,
        header: bool | None = None,
        cell: str = "gru",
        model: str | None = None,
        segment: int | None = None,
        hidden: int | None = None,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float | None = None,
        epochs: int | None = None,
        batch: int | None = None,
        optimizer: str = "adam",
        lr: float | None = None,
        momentum: float | None = None,
        weight_decay: float | None = None,
        schedule: str | None = None,
        clip: float | None = None,
        loss: str | None = None,
        delta: float | None = None,
        patience: int | None = None,
        val: _Part = 0.1,
        test: _Part = 0.1,
        precision: str = "f32",
        recompute: int | None = None,
        members: int = 1,
        budget: float = 30.0,
        init: "Forecaster | _Path | None" = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        given = locals()
        vars(self).update((name, given[name]) for name in self._defaults())

    @classmethod
    def _defaults(cls):
        parameters = inspect.signature(cls.__init__).parameters.values()
        return {parameter.name: parameter.default for parameter in parameters if parameter.name != "self"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments by their names.

        Parameters
        ----------
        deep : bool
            Without meaning here: no argument has arguments of its own.

        Returns
        -------
        dict
        """
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self, **params: Any) -> "Forecaster":
        """Changes arguments, for the next `fit`.

        Returns
        -------
        Forecaster
            This one.

        Raises
        ------
        ValueError
            Where there is no argument of a name.
        """
        known = self._defaults()
        for name in params:
            if name not in known:
                raise ValueError(f"{name} is no argument of Forecaster, expected one of {', '.join(known)}")
        vars(self).update(params)
        return self

    def _said(self):
        """The arguments that are not as by default."""
        defaults = self._defaults()
        differs = lambda value, default: type(value) is not type(default) or value != default  # noqa: E731
        return {name: value for name, value in self.get_params().items() if differs(value, defaults[name])}

    def __repr__(self):
        return f"Forecaster({', '.join(f'{name}={value!r}' for name, value in self._said().items())})"

    def __getstate__(self):
        # Neither the table nor the frame that it was learned from.
        return {name: value for name, value in vars(self).items() if name not in ("_table", "_frame", "_df")}

    def _init_model(self):
        if self.init is None:
            return None
        for name, value in self._said().items():
            if name in _OF_MODEL:
                expected = self._defaults()[name]
                raise ValueError(f"{name} is {value!r}, expected {expected!r}: beside init, which has its own")
        return self.init._trained() if isinstance(self.init, Forecaster) else _refrain.Trained.open(os.fspath(self.init))

    def _trained(self):
        model = vars(self).get("_model")
        if model is None:
            raise ValueError("the forecaster is not trained, expected `fit` or `load` before")
        return model

    def _take(self, model):
        self._model = model
        self._description = json.loads(model.description())
        self.plan_ = self._description["plan"]

    def fit(
        self,
        df: Any,
        *,
        callback: Callable[[dict[str, Any]], object] | None = None,
        verbose: bool = False,
        checkpoint: _Path | None = None,
        every: int = 1,
        resume: _Path | None = None,
    ) -> "Forecaster":
        """Trains a network on a table, and measures it on the rows held out. Ctrl-C ends that between two steps.

        Parameters
        ----------
        df : frame, dict of arrays, or path
            The table. Rows in errors are those of CSV: the header is row 1.
        callback : callable, optional
            Called after each epoch with a dict of `epoch`, `epochs`, `loss`, `val_loss` and `best_epoch`. Where it returns
            False, training ends, and the weights stay as they are.
        verbose : bool
            Whether to show on stderr how far training has come.
        checkpoint : path, optional
            Where to keep what an interrupted run can be taken up from, every so many epochs (`every`) and where it stops.
        every : int
            Epochs from one checkpoint to the next.
        resume : path, optional
            Takes up the run of this checkpoint, to the same bits as if it had never been interrupted.

        Returns
        -------
        Forecaster
            This one.

        Raises
        ------
        ValueError
            Where the table or an argument makes no sense; it says what was expected.
        RuntimeError
            Where the loss becomes NaN or infinite, or the device fails.
        """
        init = self._init_model()
        frame = Frame(df)
        options = frame.options(self.get_params(), recognise=init is None)
        table = init.read(frame.source, options) if init else _refrain.Table.read(frame.source, options)
        line = Line() if verbose else None

        def watch(report):
            if line:
                line.show(report)
            if report["ended"] and callback:
                told = ("epoch", "epochs", "loss", "val_loss", "best_epoch")
                return callback({name: report[name] for name in told})

        try:
            model, fit, notes = _refrain.Trained.fit(
                table,
                device=self.device,
                options=options,
                init=init,
                watch=watch if line or callback else None,
                checkpoint=checkpoint,
                every=every,
                resume=resume,
            )
        finally:
            if line:
                line.end()
        self._take(model)
        self._table, self._frame, self._df = table, frame, df
        self.fit_, self.test_ = Fit(**fit), None
        for note in [*table.notes(), *notes, *filter(None, [model.without_intervals()])]:
            warnings.warn(note, stacklevel=2)
        if self._description["rows"][2]:
            self.test_ = self._backtest(table, frame, {})
        return self

    def _read(self, df, future=None):
        """The table that is to be forecast: by default that of `fit`."""
        model = self._trained()
        if df is None and "_table" not in vars(self):
            raise ValueError("df is None, expected a table: this forecaster was loaded, and its file has none")
        if df is None and future is None:
            return self._table, self._frame
        frame = Frame(self._df if df is None else df, future)
        table = model.read(frame.source, frame.options(self.get_params(), recognise=False))
        for note in table.notes():
            warnings.warn(note, stacklevel=4)
        return table, frame

    def forecast(
        self, h: int | None = None, level: float | None = None, df: Any = None, future: Any = None
    ) -> Forecast:
        """As `predict`, with a picture.

        Returns
        -------
        Forecast
            Its `frame` is what `predict` returns.
        """
        table, frame = self._read(df, future)
        columns, svg, notes = self._model.forecast(table, device=self.device, options={"h": h, "level": level})
        for note in notes:
            warnings.warn(note, stacklevel=3)
        names = [name for name, _ in columns]
        if self._description["id"]:
            # The identifier comes first, as is usual: unique_id, ds, y.
            columns.insert(0, columns.pop(names.index(self._description["id"])))
        return Forecast(frame.back(columns, self._description["within_days"]), svg)

    def predict(
        self, h: int | None = None, level: float | None = None, df: Any = None, future: Any = None
    ) -> Any:
        """Forecasts what comes after the end of each series.

        Parameters
        ----------
        h : int, optional
            Rows to forecast; by default the horizon. Beyond it, the network is fed with its own forecasts.
        level : float, optional
            Coverage of the intervals of a model of points: 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, or 0 for none; by default
            0.9, where that was measured.
        df : frame, dict of arrays, or path, optional
            The table; by default that of `fit`.
        future : frame or dict of arrays, optional
            What is known of the time of the forecast, the rows after the table's end: times, identifiers, and the columns
            `future`. It can stand in `df` as well, in rows without targets.

        Returns
        -------
        frame
            Of the kind of the table: the columns of times and identifiers, under their names (`unique_id`, `ds`, and "time"
            where the column was not named), and for each target one of its name, and one for each bound of the interval, or
            for each quantile, as `refrain forecast` names them: y, y_0.05, y_0.95.
        """
        return self.forecast(h, level, df, future).frame

    def backtest(
        self,
        df: Any = None,
        *,
        from_: Any = None,
        to: Any = None,
        stride: int = 1,
        season: int | None = None,
        level: float | None = None,
    ) -> Backtest:
        """Forecasts the rows of a table from many origins, each from what was known there, and counts the errors.

        Parameters
        ----------
        df : frame, dict of arrays, or path, optional
            The table; by default that of `fit`.
        from_ : date, int or str, optional
            The first row to forecast: a date, rows from the start, or "last:N", N rows before the end of each series; by
            default the first that training held out.
        to : date, int or str, optional
            The first row that is not forecast any more.
        stride : int
            Rows from one origin to the next.
        season : int, optional
            Rows of a season; by default the model's.
        level : float, optional
            As for `predict`.

        Returns
        -------
        Backtest
        """
        table, frame = self._read(df)
        options = {"from_": from_, "to": to, "stride": stride, "season": season, "level": level}
        return self._backtest(table, frame, options)

    def _backtest(self, table, frame, options):
        found, columns, svg, verdict = self._model.backtest(table, device=self.device, options=options)
        report = json.loads(found)
        methods = report["methods"]
        scores = [("method", [method["name"] for method in methods])]
        for name in _SCORES:
            scores.append((name, [float("nan") if method.get(name) is None else method[name] for method in methods]))
        within_days = self._description["within_days"]
        return Backtest(frame.back(scores), "\n".join(verdict), frame.back(columns, within_days), report, svg)

    def save(self, path: _Path) -> None:
        """Writes a model file, which the command `refrain` and `Forecaster.load` read.

        Parameters
        ----------
        path : str or os.PathLike
            Where to. What stands there before is replaced, wholly or not at all.
        """
        self._trained().save(os.fspath(path))

    @classmethod
    def load(cls, path: _Path, *, device: str = "auto") -> "Forecaster":
        """The forecaster of a model file: of `save`, or of `refrain train TABLE --out`.

        Parameters
        ----------
        path : str or os.PathLike
            The file. Of the arguments it has those of the task and the network; the others have their defaults.
        device : str
            As for `Forecaster`.

        Returns
        -------
        Forecaster
        """
        path = os.fspath(path)
        os.stat(path)  # FileNotFoundError, where there is none
        loaded = cls(device=device)
        loaded._take(_refrain.Trained.open(path))
        description, plan = loaded._description, loaded.plan_
        spec = description["spec"]
        quantiles = plan["quantiles"] and [round(level, 7) for level in plan["quantiles"]]
        same = ("past", "future", "calendar", "window", "horizon", "season", "channels", "center", "divide", "log")
        loaded.set_params(
            **{name: plan[name] for name in same},
            target=plan["targets"],
            static=[column["name"] for column in plan["statics"]],
            scale=plan["scaling"],
            quantiles=quantiles,
            time=description["time"],
            id=description["id"],
            cell=_CELLS.get(description["cell"], description["cell"]),
            model="segrnn" if spec.get("segments") else "rows",
            segment=spec["segments"]["steps"] if spec.get("segments") else None,
            hidden=spec["hidden"],
            layers=spec["layers"],
            bidirectional=spec["bidirectional"],
        )
        return loaded

    def _repr_html_(self):
        if vars(self).get("_model") is None:
            return f"<pre>{html.escape(repr(self))}</pre>"
        about, plan = self._description, self.plan_
        spec = about["spec"]
        named = {"forecasts": plan["targets"], "past": plan["past"], "future": plan["future"]}
        named |= {"static": [column["name"] for column in plan["statics"]], "calendar": plan["calendar"]}
        rows = [(what, ", ".join(names)) for what, names in named.items() if names]
        rows.append(("rows", f"{plan['horizon']} ahead, from {plan['window']}; frequency {about['frequency']}"))
        if about["series"] > 1:
            rows.append(("series", about["series"]))
        cell = _CELLS.get(about["cell"], about["cell"])
        rows.append(("network", f"{cell}, {spec['layers']} x {spec['hidden']} units, {about['parameters']} parameters"))
        if about["rows"]:
            train, val, test = about["rows"]
            rows.append(("learned from", f"{train} rows; {val} validated, {test} held out"))
        tested = vars(self).get("test_")
        errors = f"<p>On the rows held out:</p>{tested._errors_html()}" if tested else ""
        return f"<p><b>{html.escape(repr(self))}</b></p>{_table(rows)}{errors}"

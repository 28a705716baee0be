"""Comparisons with naive and statistical forecasts over many tables."""

import html
import json
import os
import pathlib
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import _refrain
from .forecaster import _Names, _Part, _table
from .frames import Frame


@dataclass(frozen=True)
class Benchmark:
    """What models and baselines make of several tables. Printed, it is what `refrain benchmark` prints.

    Attributes
    ----------
    scores : frame
        A row for each method of each table: table, method, smape, mase, relative, the error as a part of the seasonal naive
        forecast's, and seconds.
    ranks : frame
        The methods from the least mean rank to the greatest: method, rank, and wins, the tables of which it is the best.
    friedman : dict or None
        Friedman's test: chi_squared, and p, the probability of one as large where methods do not differ. None of one table.
    critical_difference : float or None
        Nemenyi's at 5 %: mean ranks that are no further apart do not differ. None of one table.
    groups : list of list of str
        Methods whose ranks do not differ.
    failed : dict
        Tables that could not be forecast, and why.
    report : dict
        All of that, and what each table is.
    """

    scores: Any
    ranks: Any
    friedman: dict[str, float] | None
    critical_difference: float | None
    groups: list[list[str]]
    failed: dict[str, str]
    report: dict[str, Any]
    _text: str

    def __str__(self):
        return self._text

    def _repr_html_(self):
        tables, ranks = self.report["tables"], self.report["ranks"]
        parts = []
        for table in tables:
            best = min(method["relative"] for method in table["methods"])
            rows = []
            for method in table["methods"]:
                mase = "-" if method["mase"] is None else f"{method['mase']:.4g}"
                mark = " *" if method["relative"] == best else ""
                errors = [f"{method['smape']:.2f} %", mase, f"{method['relative']:.3f}{mark}", f"{method['seconds']:.2f}"]
                rows.append([method["name"], *errors])
            forecasts = "1 forecast" if table["windows"] == 1 else f"{table['windows']} forecasts"
            head = html.escape(f"{table['name']}: {table['horizon']} ahead, {forecasts}")
            parts.append(f"<p>{head}</p>" + _table(rows, ["", "sMAPE", "MASE", "relative", "seconds"]))
        rows = [[method["name"], f"{method['rank']:.2f}", method["wins"]] for method in ranks["methods"]]
        parts.append(_table(rows, [f"over {ranks['tables']}", "mean rank", "best of"]))
        after = str(self).rpartition("Friedman's test")
        words = "".join(after[1:]) if after[1] else str(self).rpartition("\n")[2]
        parts += [f"<p>{html.escape(line)}</p>" for line in words.splitlines()]
        return "".join(parts)


def _named(tables):
    """Tables by their names: those of a folder, of paths, or as they are."""
    if isinstance(tables, Mapping):
        return dict(tables)
    if isinstance(tables, (str, os.PathLike)):
        folder = pathlib.Path(tables)
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".csv", ".parquet") and path.is_file())
        if not paths:
            raise ValueError(f"{folder}: expected tables, files that end in .csv or .parquet, found none")
    else:
        paths = [pathlib.Path(path) for path in tables]
    return {path.name: path for path in paths}


def benchmark(
    tables: Any,
    models: _Names = "default",
    *,
    target: _Names = "all",
    except_: _Names = (),
    window: int | None = None,
    horizon: int | None = None,
    season: int | None = None,
    val: _Part = 0.1,
    test: _Part = 0.1,
    stride: int | None = None,
    budget: float = 30.0,
    epochs: int | None = None,
    freq: str | float | None = None,
    time: str | None = None,
    id: str | None = None,
    time_format: str | None = None,
    fill: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    header: bool | None = None,
    seed: int = 0,
    device: str = "auto",
    verbose: bool = False,
) -> Benchmark:
    """Compares models with naive and statistical forecasts over many tables, as `refrain benchmark` does.

    Each model is trained on the first rows of a table, and all forecast the rows held out from the same origins: models,
    repeating the last value and the last season, the mean, Theta, and exponential smoothing. A table that cannot be read or
    forecast is warned of, and the others go on. Ctrl-C ends that between two steps of a training.

    Parameters
    ----------
    tables : path, sequence of paths, or dict
        A folder, all files of which are taken that end in .csv or .parquet; files; or by their names tables as
        `Forecaster.fit` takes them.
    models : str or list of str
        What to compare: "default" searches for the network as `Forecaster` does; "segrnn" and "rows" say what it goes over.
    target : str or list of str
        The columns to forecast; by default all but times and identifiers.
    except_ : str or list of str
        Columns that are left out where all are forecast; not every table must have them.
    stride : int, optional
        Rows from one origin to the next; by default the horizon.
    verbose : bool
        Whether to say on stderr what came out of each table.
    window, horizon, season, val, test, budget, epochs, seed, device
        As for `Forecaster`.
    freq, time, id, time_format, fill, delimiter, decimal, thousands, header
        How tables are written, as for `Forecaster`.

    Returns
    -------
    Benchmark

    Raises
    ------
    ValueError
        Where an argument makes no sense, or none of the tables could be forecast.

    Examples
    --------
    >>> print(refrain.benchmark("tables", fill="forward"))  # doctest: +SKIP
    """
    given = locals()
    options = {name: value for name, value in given.items() if name not in ("tables", "device", "verbose")}
    contest = _refrain.Contest(options, device)
    measured, failed, first = [], [], None
    tables = _named(tables)
    for name, df in tables.items():
        try:
            frame = Frame(df)
            table = contest.read(frame.source, frame.options(options, recognise=True))
            for note in table.notes():
                warnings.warn(f"{name}: {note}", stacklevel=2)
            found = contest.run(str(name), table)
        except (ValueError, RuntimeError, OSError) as error:
            failed.append((str(name), str(error)))
            warnings.warn(f"{name} is left out: {error}", stacklevel=2)
            continue
        measured.append(found)
        first = first or frame
        if verbose:
            print(found, end="\n\n", file=sys.stderr, flush=True)
    if not measured:
        reason = f"; {failed[0][0]}: {failed[0][1]}" if failed else ""
        raise ValueError(f"none of {len(tables)} tables could be forecast{reason}")
    report, columns, text = _refrain.ranked(measured, failed)
    report = json.loads(report)
    ranks = report["ranks"]
    names = [method["name"] for method in ranks["methods"]]
    by_rank = [(name, [method[name] for method in ranks["methods"]]) for name in ("rank", "wins")]
    return Benchmark(
        scores=first.back(columns),
        ranks=first.back([("method", names), *by_rank]),
        friedman=ranks["friedman"],
        critical_difference=ranks["critical_difference"],
        groups=[[names[place] for place in group] for group in ranks["groups"]],
        failed=dict(failed),
        report=report,
        _text=text,
    )

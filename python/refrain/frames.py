"""Tables as Python has them: a frame of pandas or polars, a dict of arrays, or a file of CSV or Parquet.

The library is given a frame as the text of CSV that the frame itself writes, and so has the numbers that the command
`refrain` reads from that file. What comes back is given in the same kind.
"""

import csv
import importlib.util
import io
import os
from collections.abc import Mapping

import numpy as np

from . import _refrain


class _Pandas:
    """Frames of pandas."""

    def __init__(self, df=None, future=None):
        self.index = None
        self.types = {}
        if df is None:
            return
        import pandas

        df = self._flat(df)
        if future is not None:
            df = pandas.concat([df, self._flat(future)], ignore_index=True)
        self.types = {str(name): dtype for name, dtype in zip(df.columns, df.dtypes)}
        self.text = df.to_csv(index=False)

    def _flat(self, df):
        """The frame with what its index says as columns."""
        import pandas

        if df.ndim == 1:
            df = df.to_frame("y" if df.name is None else df.name)
        if isinstance(df.index, (pandas.DatetimeIndex, pandas.PeriodIndex)):
            self.index = df.index.name or "ds"
            df = df.rename_axis(index=self.index)
        return df if all(name is None for name in df.index.names) else df.reset_index()

    @staticmethod
    def is_date(dtype):
        return dtype.kind == "M" or hasattr(dtype, "freq")

    def times(self, dtype, times, within_days):
        import pandas

        wall = pandas.Series(times["wall"].astype("datetime64[us]"))
        if hasattr(dtype, "freq"):
            return pandas.PeriodIndex(wall, freq=dtype.freq)
        zone = getattr(dtype, "tz", None)
        if zone is None:
            return wall.astype(dtype)
        if within_days:
            utc = pandas.Series(times["utc"].astype("datetime64[us]"))
            return utc.dt.tz_localize("UTC").dt.tz_convert(zone).astype(dtype)
        first = np.ones(len(wall), bool)
        return wall.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward").astype(dtype)

    def build(self, columns):
        import pandas

        frame = pandas.DataFrame(columns)
        return frame.set_index(self.index) if self.index in columns else frame


class _Polars:
    """Frames of polars."""

    index = None

    def __init__(self, df=None, future=None):
        self.types = {}
        if df is None:
            return
        import polars

        df = self._whole(df)
        if future is not None:
            df = polars.concat([df, self._whole(future)], how="diagonal_relaxed")
        self.types = dict(df.schema)
        self.text = df.write_csv()

    @staticmethod
    def _whole(df):
        """The frame of one that is yet to be computed, or of a single column."""
        df = df.collect() if hasattr(df, "collect") else df
        return df.to_frame() if hasattr(df, "to_frame") else df

    @staticmethod
    def is_date(dtype):
        import polars

        return dtype == polars.Date or dtype == polars.Datetime

    def times(self, dtype, times, within_days):
        import polars

        wall = polars.Series(times["wall"]).cast(polars.Datetime("us"))
        zone = getattr(dtype, "time_zone", None)
        if zone is None:
            return wall.cast(dtype)
        if within_days:
            utc = polars.Series(times["utc"]).cast(polars.Datetime("us")).dt.replace_time_zone("UTC")
            return utc.dt.convert_time_zone(zone).cast(dtype)
        return wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").cast(dtype)

    def build(self, columns):
        import polars

        return polars.DataFrame(columns)


class _Dict:
    """Dicts of arrays."""

    index = None

    def __init__(self, df=None, future=None):
        self.types = {}
        if df is None:
            return
        columns = {str(name): self._values(name, values) for name, values in df.items()}
        if future is not None:
            columns = self._joined(columns, {str(name): self._values(name, values) for name, values in future.items()})
        counts = {name: len(values) for name, values in columns.items()}
        if len(set(counts.values())) != 1:
            raise ValueError(f"df has columns of unequal length: {counts}")
        self.types = {name: values.dtype for name, values in columns.items()}
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*map(self._cells, columns.values())))
        self.text = text.getvalue()

    @staticmethod
    def _values(name, values):
        values = np.asarray(values)
        if values.ndim != 1:
            raise ValueError(f"{name} has the shape {list(values.shape)}, expected one value a row")
        return values

    @staticmethod
    def _cells(values):
        """What is written of values; of dates no more than microseconds."""
        return (values.astype("datetime64[us]") if values.dtype.kind == "M" else values).tolist()

    @staticmethod
    def _joined(columns, future):
        rows = max(map(len, future.values()), default=0)
        joined = {}
        for name, values in columns.items():
            if name in future:
                more = future[name]
            else:
                more = np.full(rows, np.nan if values.dtype.kind in "fiub" else None)
            joined[name] = np.concatenate([values, more])
        return joined

    @staticmethod
    def is_date(dtype):
        return dtype.kind == "M"

    def times(self, dtype, times, within_days):
        return times["wall"].astype("datetime64[us]").astype(dtype)

    def build(self, columns):
        return {name: np.asarray(values) for name, values in columns.items()}


class Frame:
    """A table that was given, and how one like it is given back.

    Attributes
    ----------
    source : tuple of str and bytes, or str
        The text, under the name that errors call it, or a path.
    """

    def __init__(self, df, future=None):
        kind = self._kind(df)
        self._file = kind is None
        if self._file:
            if future is not None:
                words = "future is given beside a file, expected None: its last rows hold that, without targets"
                raise ValueError(words)
            self.source = os.fspath(df)
            os.stat(self.source)  # FileNotFoundError, where there is none
            self._kinds = self._installed()()
            return
        if future is not None and self._kind(future) is not kind:
            raise ValueError(f"future is a {type(future).__name__}, expected a {type(df).__name__} as df is")
        self._kinds = kind(df, future)
        self.source = ("df", self._kinds.text.encode())

    @staticmethod
    def _kind(df):
        module = type(df).__module__.partition(".")[0]
        kinds = {"pandas": _Pandas, "polars": _Polars}
        if module in kinds:
            return kinds[module]
        if isinstance(df, Mapping):
            return _Dict
        if isinstance(df, (str, os.PathLike)):
            return None
        raise ValueError(f"df is a {type(df).__name__}, expected a frame of pandas or polars, a dict of arrays, or a path")

    @staticmethod
    def _installed():
        """What a table of a file is given back as."""
        for module, kind in (("pandas", _Pandas), ("polars", _Polars)):
            if importlib.util.find_spec(module):
                return kind
        return _Dict

    def options(self, params, recognise):
        """The options to read it with. Where they do not name the columns of times and identifiers, these are an index of
        dates, and, where they are to be recognised, the columns `ds` and `unique_id`."""
        options = dict(params)
        if not self._file:
            options["header"], options["delimiter"] = True, ","
        if recognise:
            names = _refrain.Table.names(self.source, options)
            options["time"] = options["time"] or self._kinds.index or ("ds" if "ds" in names else None)
            options["id"] = options["id"] or ("unique_id" if "unique_id" in names else None)
        self._time = options["time"]
        return options

    def back(self, columns, within_days=True):
        """A table of this kind, from names and values; times are as the table has them."""
        kinds = self._kinds
        dates = [dtype for dtype in kinds.types.values() if kinds.is_date(dtype)]
        if self._time in kinds.types:
            dates = [dtype for dtype in [kinds.types[self._time]] if kinds.is_date(dtype)]

        def values(values):
            if not isinstance(values, dict):
                return values
            if self._file and values["utc"] is None:
                return values["wall"].astype("datetime64[us]")
            return kinds.times(dates[0], values, within_days) if dates else values["text"]

        return kinds.build({name: values(of) for name, of in columns})

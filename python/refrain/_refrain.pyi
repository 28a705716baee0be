from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float32]
_Counts = NDArray[np.int64] | None

__version__: str

def devices() -> list[dict[str, Any]]: ...

_Options = dict[str, Any]
_Source = tuple[str, bytes] | str
_Columns = list[tuple[str, Any]]

class Table:
    @staticmethod
    def names(source: _Source, options: _Options) -> list[str]: ...
    @staticmethod
    def read(source: _Source, options: _Options) -> Table: ...
    def notes(self) -> list[str]: ...

class Contest:
    def __new__(cls, options: _Options, device: str) -> Contest: ...
    def read(self, source: _Source, options: _Options) -> Table: ...
    def run(self, name: str, table: Table) -> Measured: ...

class Measured: ...

def ranked(tables: Sequence[Measured], failed: Sequence[tuple[str, str]]) -> tuple[str, _Columns, str]: ...

class Tape: ...

class Trained:
    @staticmethod
    def fit(
        table: Table,
        *,
        device: str,
        options: _Options,
        init: Trained | None,
        watch: Callable[[dict[str, Any]], object] | None,
        checkpoint: str | PathLike[str] | None,
        every: int,
        resume: str | PathLike[str] | None,
    ) -> tuple[Trained, dict[str, Any], list[str]]: ...
    @staticmethod
    def open(path: str | PathLike[str]) -> Trained: ...
    @staticmethod
    def from_bytes(bytes: bytes) -> Trained: ...
    def to_bytes(self) -> bytes: ...
    def read(self, source: _Source, options: _Options, *, to_train: bool) -> Table: ...
    def save(self, path: str | PathLike[str]) -> None: ...
    def description(self) -> str: ...
    def without_intervals(self) -> str | None: ...
    def forecast(
        self, table: Table, *, device: str, options: _Options
    ) -> tuple[_Columns, str, list[str]]: ...
    def backtest(
        self, table: Table, *, device: str, options: _Options
    ) -> tuple[str, _Columns, str, list[str]]: ...

class Network:
    def __new__(
        cls,
        *,
        cell: str,
        input: int,
        hidden: int,
        layers: int,
        bidirectional: bool,
        bias: bool,
        head: int | None,
        readout: str,
        device: str,
        seed: int,
    ) -> Network: ...
    @staticmethod
    def load(
        path: str | PathLike[str], device: str, nonlinearity: str | None, readout: str | None
    ) -> tuple[Network, str, list[str]]: ...
    @property
    def device(self) -> str: ...
    @property
    def bias(self) -> bool: ...
    def description(self) -> tuple[str, int, int, int, bool, int | None, str]: ...
    def places(self) -> list[tuple[str, list[int], int, int, bool]]: ...
    def parameters(self) -> _Array: ...
    def set_parameters(self, parameters: Sequence[_Array]) -> None: ...
    def save(self, path: str | PathLike[str], provenance: str) -> None: ...
    def forward(
        self,
        x: _Array,
        states: Sequence[_Array],
        *,
        lengths: _Counts = None,
        time_major: bool = False,
        batch_sizes: _Counts = None,
        parameters: Sequence[_Array] | None = None,
    ) -> tuple[_Array, list[_Array]]: ...
    def record(
        self,
        x: _Array,
        states: Sequence[_Array],
        *,
        time_major: bool,
        batch_sizes: _Counts,
        parameters: Sequence[_Array],
        dropout: float,
        seed: int,
    ) -> tuple[_Array, list[_Array], Tape]: ...
    def backward(
        self, tape: Tape, d_y: _Array | None, d_states: Sequence[_Array | None], *, with_x: bool
    ) -> tuple[_Array, _Array | None, list[_Array]]: ...
    def fit(
        self,
        x: _Array,
        y: _Array,
        *,
        lengths: _Counts,
        time_major: bool,
        train: Sequence[int],
        val: Sequence[int],
        recipe: dict[str, Any],
        callback: Callable[[dict[str, Any]], object] | None,
    ) -> dict[str, Any]: ...
    def evaluate(
        self, x: _Array, y: _Array, *, lengths: _Counts, time_major: bool, loss: dict[str, Any], batch_size: int
    ) -> str: ...
    def target_width(self, loss: dict[str, Any]) -> int: ...
    def step(self, x: _Array) -> _Array: ...
    def reset(self) -> None: ...

"""Recurrent networks (RNN, LSTM, GRU) that train and run fast on the CPU, and on any GPU.

`refrain.RNN`, `refrain.LSTM` and `refrain.GRU` take and give NumPy arrays. `refrain.torch`, which is imported by itself and
needs PyTorch, has the same three as modules for any PyTorch model. `refrain.Forecaster` forecasts tables of time series, and
`refrain.benchmark` compares it with forecasts that need no network over many of them.
"""

from ._refrain import __version__, devices
from .contest import Benchmark, benchmark
from .forecaster import Backtest, Forecast, Forecaster
from .layers import GRU, LSTM, RNN, Fit, load

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Backtest",
    "Benchmark",
    "Fit",
    "Forecast",
    "Forecaster",
    "__version__",
    "benchmark",
    "devices",
    "load",
]

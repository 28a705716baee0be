"""Recurrent networks (RNN, LSTM, GRU) that train and run fast on the CPU, and on any GPU.

`refrain.RNN`, `refrain.LSTM` and `refrain.GRU` take and give NumPy arrays. `refrain.torch`, which is imported by itself and
needs PyTorch, has the same three as modules for any PyTorch model. `refrain.Forecaster` forecasts tables of time series.
"""

from ._refrain import __version__, devices
from .forecaster import Backtest, Forecast, Forecaster
from .layers import GRU, LSTM, RNN, Fit, load

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Backtest",
    "Fit",
    "Forecast",
    "Forecaster",
    "__version__",
    "devices",
    "load",
]

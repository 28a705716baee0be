"""RNN, LSTM and GRU for NumPy arrays."""

import json
import numbers
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _refrain

_Array = NDArray[np.float32]
_States = ArrayLike | tuple[ArrayLike, ArrayLike]
_Loss = str | tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Fit:
    """How a training run went.

    Attributes
    ----------
    loss : list of float
        Mean training loss of each epoch; every step is measured before its update.
    val_loss : list of float
        Validation loss of each epoch; empty without validation.
    best_epoch : int or None
        The epoch, counted from 1, whose weights the network now has, where training was validated.
    steps : int
        Optimiser steps taken.
    stopped : bool
        Whether the callback ended the run.
    """

    loss: list[float]
    val_loss: list[float]
    best_epoch: int | None
    steps: int
    stopped: bool


def _array(values, name, dtype=np.float32):
    """An array of this type in the order of C: the memory of what is one already, else a copy."""
    if not isinstance(values, np.ndarray):
        if hasattr(values, "__array__") or not hasattr(values, "__dlpack__"):
            values = np.asarray(values)
        else:
            values = np.from_dlpack(values)
    if values.dtype != dtype:
        if values.dtype.kind not in "fiub":
            raise ValueError(f"{name} has the type {values.dtype}, expected numbers")
        values = values.astype(dtype)
    return np.ascontiguousarray(values)


def _lengths(lengths):
    if lengths is None:
        return None
    values = _array(lengths, "lengths", np.int64)
    if values.ndim != 1:
        raise ValueError(f"lengths has the shape {list(values.shape)}, expected one length a row")
    return values


class _Layer:
    """What the three layers have in common."""

    _CELLS: dict[str | None, str] = {}

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        *,
        nonlinearity,
        bias,
        batch_first,
        dropout,
        bidirectional,
        device,
        seed,
        head,
        readout,
    ):
        cell = self._CELLS.get(nonlinearity)
        if cell is None:
            expected = " or ".join(repr(known) for known in self._CELLS)
            raise ValueError(f"nonlinearity is {nonlinearity!r}, expected {expected}")
        network = _refrain.Network(
            cell=cell,
            input=input_size,
            hidden=hidden_size,
            layers=num_layers,
            bidirectional=bool(bidirectional),
            bias=bool(bias),
            head=head,
            readout=readout,
            device=device or "auto",
            seed=seed,
        )
        self._begin(network, batch_first, dropout)

    def _begin(self, network, batch_first, dropout):
        if isinstance(dropout, bool) or not isinstance(dropout, numbers.Real) or not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout}, expected a number from 0 to below 1")
        cell, inputs, hidden, layers, both, head, readout = network.description()
        self._network = network
        self._states = 2 if cell == "lstm" else 1
        self.input_size, self.hidden_size, self.num_layers = inputs, hidden, layers
        self.bidirectional, self.bias, self.batch_first = both, network.bias, bool(batch_first)
        self.dropout = float(dropout)
        self.nonlinearity = {"rnn_tanh": "tanh", "rnn_relu": "relu"}.get(cell)
        self.head, self.readout = head, readout if head else None

    @property
    def device(self) -> str:
        """What runs the network, in words."""
        return self._network.device

    def __repr__(self):
        parts = [str(self.input_size), str(self.hidden_size)]
        if self.num_layers != 1:
            parts.append(f"num_layers={self.num_layers}")
        if self.nonlinearity == "relu":
            parts.append("nonlinearity='relu'")
        if not self.bias:
            parts.append("bias=False")
        if self.batch_first:
            parts.append("batch_first=True")
        if self.dropout:
            parts.append(f"dropout={self.dropout}")
        if self.bidirectional:
            parts.append("bidirectional=True")
        if self.head:
            parts.append(f"head={self.head}, readout={self.readout!r}")
        return f"{type(self).__name__}({', '.join(parts)}) on {self.device}"

    def __call__(
        self, x: ArrayLike, states: _States | None = None, *, lengths: ArrayLike | None = None
    ) -> tuple[_Array, Any]:
        """Runs the network over sequences.

        Parameters
        ----------
        x : array
            [T, B, I], with `batch_first` [B, T, I]; or one sequence without its batch, [T, I].
        states : array or pair of arrays, optional
            h_0, of an LSTM (h_0, c_0), each [D * num_layers, B, H], of one sequence [D * num_layers, H]; zeros by default.
        lengths : array of int, optional
            The length of each row, [B], from 1 to T; all have T steps by default. What lies beyond is not read, the outputs
            there are zeros, and the final states are those at each row's end, as of a packed sequence.

        Returns
        -------
        out : numpy.ndarray
            float32. The top layer's hidden states, of the shape of x with D * H in place of I; or what the head makes of
            them: [B, head] of the last step, or of every step.
        states : numpy.ndarray or pair of numpy.ndarray
            h_n, of an LSTM (h_n, c_n), of the shapes of the initial states.
        """
        x = _array(x, "x")
        batched = x.ndim != 2
        states = [] if states is None else [states] if self._states == 1 else list(states)
        states = [_array(state, "states") for state in states]
        if len(states) not in (0, self._states):
            raise ValueError(f"{len(states)} states were given, expected {self._states}")
        if not batched:
            if lengths is not None:
                raise ValueError("lengths were given, expected none of one sequence")
            x = np.expand_dims(x, 0 if self.batch_first else 1)
            states = [np.expand_dims(state, 1) if state.ndim == 2 else state for state in states]
        rows = x.shape[0 if self.batch_first else 1] if x.ndim == 3 else 0
        expected = (self.num_layers * (1 + self.bidirectional), rows, self.hidden_size)
        for state in states:
            if state.shape != expected:
                raise ValueError(f"a state has the shape {list(state.shape)}, expected {list(expected)}")
        y, states = self._network.forward(x, states, lengths=_lengths(lengths), time_major=not self.batch_first)
        if not batched:
            y = y[0] if y.ndim == 2 or self.batch_first else y[:, 0]
            states = [state[:, 0] for state in states]
        return y, tuple(states) if self._states == 2 else states[0]

    def predict(self, x: ArrayLike, *, lengths: ArrayLike | None = None, batch_size: int = 256) -> _Array:
        """The outputs for x, `batch_size` rows at a time.

        Parameters
        ----------
        x, lengths
            As when the network is called.
        batch_size : int
            Rows that are computed at a time; more take more memory.

        Returns
        -------
        numpy.ndarray
            `out`, as when the network is called.
        """
        x, lengths = _array(x, "x"), _lengths(lengths)
        axis = 0 if self.batch_first else 1
        if x.ndim != 3 or x.shape[axis] <= batch_size:
            return self(x, lengths=lengths)[0]
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected at least 1")
        parts = []
        for first in range(0, x.shape[axis], batch_size):
            rows = slice(first, first + batch_size)
            part = x[rows] if axis == 0 else x[:, rows]
            parts.append(self(part, lengths=None if lengths is None else lengths[rows])[0])
        return np.concatenate(parts, axis=0 if parts[0].ndim == 2 else axis)

    def step(self, x: ArrayLike) -> _Array:
        """Goes on by one time step, from the states that the step before left; the first begins with zeros.

        Parameters
        ----------
        x : array
            One step of every row, [B, I], or of one row, [I]. All steps of a stream have the same number of rows.

        Returns
        -------
        numpy.ndarray
            The output of this step, [B, head], [B, H] without a head; of one row without the B.
        """
        x = _array(x, "x")
        if x.ndim not in (1, 2):
            raise ValueError(f"x has the shape {list(x.shape)}, expected [B, I] or [I]")
        y = self._network.step(x if x.ndim == 2 else x[None])
        return y if x.ndim == 2 else y[0]

    def reset(self) -> None:
        """Ends the stream: the next `step` begins with zeros."""
        self._network.reset()

    def _targets(self, x, y, loss):
        """The targets as [N, values], and the loss in the engine's words."""
        name, numbers_ = (loss, {}) if isinstance(loss, str) else loss
        loss = {"name": name, "delta": 1.0, "quantiles": [], **numbers_}
        y = _array(y, "y")
        every = self.head is None or self.readout == "all"
        axis = 0 if self.batch_first else 1
        if x.ndim != 3:
            raise ValueError(f"x has the shape {list(x.shape)}, expected three dimensions")
        rows, steps = x.shape[axis], x.shape[1 - axis]
        places = [x.shape[0], x.shape[1]] if every else [rows]
        width = self._network.target_width(loss)
        shapes = [[*places, width]] if name != "cross_entropy" else []
        if width == 1:
            shapes.append(places)
        if list(y.shape) not in shapes:
            expected = " or ".join(str(shape) for shape in shapes)
            raise ValueError(f"y has the shape {list(y.shape)}, expected {expected}")
        if every and not self.batch_first:
            y = y.swapaxes(0, 1)
        return np.ascontiguousarray(y.reshape(rows, (steps if every else 1) * width)), loss

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        lengths: ArrayLike | None = None,
        epochs: int = 100,
        batch_size: int = 32,
        lr: float = 1e-3,
        loss: _Loss = "mse",
        optimizer: str = "adam",
        momentum: float = 0.0,
        weight_decay: float | None = None,
        clip: float | None = None,
        shuffle: bool = True,
        validation: float | tuple[ArrayLike, ...] | None = None,
        patience: int | None = None,
        seed: int = 0,
        callback: Callable[[dict[str, Any]], object] | None = None,
    ) -> Fit:
        """Trains the network. Ctrl-C ends it between two steps, and leaves the weights as they are then.

        Parameters
        ----------
        x : array
            The rows to train on, [T, N, I], with `batch_first` [N, T, I].
        y : array
            What the network is to put out for them: [N, O], or where every step has an output [T, N, O] or [N, T, O] as x.
            O may be left out where it is 1. For "cross_entropy" whole numbers from 0 to O - 1 without the O.
        lengths : array of int, optional
            The length of each row, [N].
        epochs, batch_size : int
            Passes over the rows, and rows of a step.
        lr : float
            Learning rate.
        loss : str or pair
            "mse", "mae", "huber", "cross_entropy", "binary_cross_entropy" (both on logits) or "quantile", as PyTorch's with
            `reduction="mean"`; with numbers ("huber", {"delta": 0.5}) or ("quantile", {"quantiles": [0.1, 0.5, 0.9]}).
        optimizer : str
            "adam", "adamw", "sgd" or "rmsprop", with PyTorch's defaults; `momentum` is for "sgd".
        weight_decay : float, optional
            The optimiser's; PyTorch's default where it is None.
        clip : float, optional
            The largest norm of a step's gradient.
        shuffle : bool
            Whether each epoch takes the rows in a new order.
        validation : float, or tuple of arrays (x, y) or (x, y, lengths), optional
            What validates: a part of the rows, chosen by chance, or others of as many steps. The weights of the epoch with
            the best validation loss return at the end.
        patience : int, optional
            Epochs without a better validation loss after which training ends: by default a fifth of the epochs, at least
            5; 0 trains them all, and keeps the last weights.
        seed : int
            Decides about order, dropout and what validates: the same seed gives the same weights on the same device.
        callback : callable, optional
            Called after each epoch with a dict of `epoch`, `epochs`, `loss`, `val_loss` and `best_epoch`. Where it returns
            False, training ends, and the weights stay as they are.

        Returns
        -------
        Fit
            The losses.

        Raises
        ------
        ValueError
            Where shapes or numbers make no sense.
        RuntimeError
            Where the loss becomes NaN or infinite, or the device fails.
        """
        x, lengths = _array(x, "x"), _lengths(lengths)
        y, loss = self._targets(x, y, loss)
        count = len(y)
        train = np.arange(count)
        val = []
        if isinstance(validation, numbers.Real):
            held_out = round(float(validation) * count)
            if not 0 < held_out < count:
                raise ValueError(f"validation is {validation}, expected a part of {count} rows that leaves some to train on")
            order = np.random.default_rng(seed).permutation(count)
            train, val = np.sort(order[held_out:]), np.sort(order[:held_out])
        elif validation is not None:
            other_x, other_y, *other_lengths = validation
            x, y, lengths, val = self._join(x, y, lengths, other_x, other_y, other_lengths, loss)
        recipe = {
            "epochs": epochs,
            "batch_size": batch_size,
            "loss": loss,
            "optimizer": optimizer,
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "clip": clip,
            "dropout": self.dropout,
            "shuffle": shuffle,
            "patience": patience,
            "seed": seed,
        }
        return Fit(
            **self._network.fit(
                x,
                y,
                lengths=lengths,
                time_major=not self.batch_first,
                train=list(train),
                val=list(val),
                recipe=recipe,
                callback=callback,
            )
        )

    def _join(self, x, y, lengths, other_x, other_y, other_lengths, loss):
        """The rows to train on and those that validate in one set, and which the latter are."""
        axis = 0 if self.batch_first else 1
        other_x = _array(other_x, "the validation's x")
        other_y, _ = self._targets(other_x, other_y, (loss["name"], loss))
        if other_x.shape[1 - axis] != x.shape[1 - axis]:
            steps, expected = other_x.shape[1 - axis], x.shape[1 - axis]
            raise ValueError(f"the validation's x has {steps} steps, expected {expected}: pad it, and give lengths")
        steps, count = x.shape[1 - axis], len(y)
        other_lengths = _lengths(other_lengths[0]) if other_lengths else None
        if lengths is not None or other_lengths is not None:
            whole = [np.full(rows, steps) for rows in (count, len(other_y))]
            parts = [whole[0] if lengths is None else lengths, whole[1] if other_lengths is None else other_lengths]
            lengths = np.concatenate(parts)
        val = range(count, count + len(other_y))
        return np.concatenate([x, other_x], axis=axis), np.concatenate([y, other_y]), lengths, val

    def evaluate(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        lengths: ArrayLike | None = None,
        loss: _Loss = "mse",
        batch_size: int = 256,
    ) -> dict[str, Any]:
        """What the outputs for x are worth against y.

        Parameters
        ----------
        x, y, lengths, loss
            As for `fit`.
        batch_size : int
            Rows that are computed at a time.

        Returns
        -------
        dict
            `loss`; of values `rmse` and `mae`, in their unit; of classes and truth values `accuracy`, and of classes
            `confusion`, how often the class of the row was taken for that of the column; `loss_per_step` where every step
            has an output; `rows` and `positions`, over how many all this is.
        """
        x = _array(x, "x")
        y, loss = self._targets(x, y, loss)
        measures = self._network.evaluate(
            x, y, lengths=_lengths(lengths), time_major=not self.batch_first, loss=loss, batch_size=batch_size
        )
        return json.loads(measures)

    def state_dict(self) -> dict[str, _Array]:
        """The parameters as arrays of their own, under PyTorch's names: those of `torch.nn.LSTM` and its like, or with a
        head `rnn.weight_ih_l0` .. and `fc.weight`, `fc.bias`. Biases that the network does not have are not in it.

        Returns
        -------
        dict of str to numpy.ndarray
        """
        block = self._network.parameters()
        places = self._network.places()
        return {name: block[first:last].reshape(shape).copy() for name, shape, first, last, seen in places if seen}

    def load_state_dict(self, state_dict: Mapping[str, ArrayLike]) -> None:
        """Replaces the parameters by those of a state_dict, of this network's or of PyTorch's.

        Parameters
        ----------
        state_dict : mapping of str to array
            A value for each name of `state_dict()`, and nothing else; NumPy's or PyTorch's.

        Raises
        ------
        ValueError
            Where names or shapes are not those of this network.
        """
        places = {name: shape for name, shape, _, _, seen in self._network.places() if seen}
        missing, unexpected = places.keys() - state_dict.keys(), state_dict.keys() - places.keys()
        if missing or unexpected:
            raise ValueError(f"the state_dict lacks {sorted(missing)}, and has {sorted(unexpected)}, which this network lacks")
        arrays = []
        for name, shape in places.items():
            value = state_dict[name]
            array = _array(value.detach() if hasattr(value, "detach") else value, name)
            if list(array.shape) != list(shape):
                raise ValueError(f"{name} has the shape {list(array.shape)}, expected {list(shape)}")
            arrays.append(array)
        self._network.set_parameters(arrays)

    def save(self, path: str | os.PathLike) -> None:
        """Writes a model file: safetensors, with what the network is in its metadata. The command `refrain` and
        `refrain.load` read it, and PyTorch's modules take its tensors with `load_state_dict`.

        Parameters
        ----------
        path : str or os.PathLike
            Where to. What stands there before is replaced, wholly or not at all.
        """
        provenance = {
            "program": f"refrain {_refrain.__version__}",
            "bias": self.bias,
            "batch_first": self.batch_first,
            "dropout": self.dropout,
        }
        self._network.save(os.fspath(path), json.dumps(provenance))


class RNN(_Layer):
    """An Elman network: h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), as `torch.nn.RNN`.

    Parameters
    ----------
    input_size, hidden_size : int
        Features of a step (I), and hidden units (H).
    num_layers : int
        Stacked layers (L).
    nonlinearity : str
        "tanh" or "relu".
    bias : bool
        Whether the recurrent layers have biases. Without, theirs are zeros, stay zeros, and are not in the state_dict.
    batch_first : bool
        Whether arrays are [B, T, ..] rather than [T, B, ..]. States are [L*D, B, H] either way.
    dropout : float
        The probability with which outputs of all layers but the last are dropped in training, from 0 to below 1.
    bidirectional : bool
        Whether each layer also runs backwards in time (D = 2).
    device : str
        "auto", a hardware GPU or else the CPU engine; "cpu"; "gpu"; or part of an adapter's name. See `refrain.devices`.
    seed : int
        Of the initial weights, which are uniform between -1/sqrt(H) and 1/sqrt(H).
    head : int, optional
        Outputs (O) of a linear layer on top; none by default.
    readout : str
        What the head reads: "last", the final hidden states, of both directions; "last_step", `out[:, -1]`; or "all", every
        step.
    """

    _CELLS = {"tanh": "rnn_tanh", "relu": "rnn_relu"}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: str | None = "auto",
        seed: int = 0,
        *,
        head: int | None = None,
        readout: str = "last",
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            nonlinearity=nonlinearity,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            device=device,
            seed=seed,
            head=head,
            readout=readout,
        )


class _Gated(_Layer):
    """The two whose gates have their own functions."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: str | None = "auto",
        seed: int = 0,
        *,
        head: int | None = None,
        readout: str = "last",
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            nonlinearity=None,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            device=device,
            seed=seed,
            head=head,
            readout=readout,
        )


class LSTM(_Gated):
    __doc__ = "A long short-term memory, as `torch.nn.LSTM`.\n" + RNN.__doc__.partition("\n")[2].replace(
        '    nonlinearity : str\n        "tanh" or "relu".\n', ""
    )
    _CELLS = {None: "lstm"}


class GRU(_Gated):
    __doc__ = "A gated recurrent unit (reset after the product), as `torch.nn.GRU`.\n" + LSTM.__doc__.partition("\n")[2]
    _CELLS = {None: "gru"}


def load(
    path: str | os.PathLike,
    *,
    device: str = "auto",
    batch_first: bool | None = None,
    nonlinearity: str | None = None,
    readout: str | None = None,
) -> RNN | LSTM | GRU:
    """A network from a model file: one of refrain's, or a state_dict that PyTorch has saved as safetensors, with or without
    a Linear on the recurrent layers. What such a file does not say is assumed, with a warning.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    device : str
        As for `LSTM`.
    batch_first : bool, optional
        The order of arrays; by default what the file says, else False.
    nonlinearity : str, optional
        "tanh" or "relu", of an RNN whose file does not say.
    readout : str, optional
        The steps that the head reads, whatever the file says.

    Returns
    -------
    RNN, LSTM or GRU
    """
    path = os.fspath(path)
    os.stat(path)  # FileNotFoundError, where there is none
    network, provenance, notes = _refrain.Network.load(path, device, nonlinearity, readout)
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=2)
    said = json.loads(provenance)
    cell = network.description()[0]
    layer = {"lstm": LSTM, "gru": GRU}.get(cell, RNN)
    loaded = layer.__new__(layer)
    order = said.get("batch_first", False) if batch_first is None else batch_first
    loaded._begin(network, order, said.get("dropout", 0.0))
    return loaded

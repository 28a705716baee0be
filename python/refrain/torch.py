"""`torch.nn.RNN`, `torch.nn.LSTM` and `torch.nn.GRU` whose forward and backward passes run in refrain.

The layers are subclasses of PyTorch's, with the same arguments, parameters, names and initial weights, and take their place
in any model: `torch.optim`, `state_dict`, `copy.deepcopy`, `torch.save`, packed sequences and hooks work as they do there.
`accelerate(model)` turns the layers of a model that is already there into these, and `restore(model)` turns them back.

Passes are computed in float32, from tensors on the CPU. Three things differ from PyTorch's layers: projections
(`proj_size`) and other types are refused, gradients cannot be differentiated again (`create_graph=True`), and the parameters
may not change between a forward pass and its backward pass.
"""

import warnings
from typing import TypeVar

import torch
from torch.nn.utils.rnn import PackedSequence

from . import _refrain

_Model = TypeVar("_Model", bound=torch.nn.Module)

__all__ = ["GRU", "LSTM", "RNN", "accelerate", "restore"]


def _memory(tensor):
    """The memory of a tensor, copied only where its values do not lie in order."""
    if tensor.requires_grad:
        tensor = tensor.detach()
    return tensor.contiguous().numpy()


class _Runner:
    """What runs the passes of one module. A copy of the module, in this process or another, makes its own."""

    def __init__(self, module):
        cell = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu"}[module.mode]
        self.network = _refrain.Network(
            cell=cell,
            input=module.input_size,
            hidden=module.hidden_size,
            layers=module.num_layers,
            bidirectional=module.bidirectional,
            bias=module.bias,
            head=None,
            readout="all",
            device=module.engine,
            seed=0,
        )
        # The gradient of all parameters is one block. Biases that the module does not have are in it.
        places = self.network.places()
        self.sizes = [last - first for _, _, first, last, _ in places]
        self.shapes = [shape for _, shape, _, _, _ in places]
        self.seen = [seen for *_, seen in places]
        self.pointers, self.arrays = [], []

    def __reduce__(self):
        return _no_runner, ()

    def parameters(self, weights):
        """The memory of the weights. It is kept, so that no other tensor can get the same place."""
        pointers = [weight.data_ptr() for weight in weights]
        if not all([weight.is_contiguous() for weight in weights]):
            return [_memory(weight) for weight in weights]
        if pointers != self.pointers:
            self.arrays = [weight.detach().numpy() for weight in weights]
            self.pointers = pointers
        return self.arrays

    def gradients(self, block):
        """One gradient a weight, each a view of the block."""
        parts = zip(torch.from_numpy(block).split_with_sizes(self.sizes), self.shapes, self.seen)
        return [part.view(shape) if len(shape) > 1 else part for part, shape, seen in parts if seen]


def _no_runner():
    return None


class _Call:
    """One call of a module: all that a pass depends on beside its tensors."""

    __slots__ = ("batch_sizes", "dropout", "runner", "seed", "states", "time_major")

    def __init__(self, runner, time_major, batch_sizes, states, dropout):
        self.runner = runner
        self.time_major = time_major
        self.batch_sizes = None if batch_sizes is None else batch_sizes.numpy()
        self.states = states
        self.dropout = dropout
        # From PyTorch's generator, so that torch.manual_seed decides about dropout, too.
        self.seed = int(torch.randint(1 << 62, ())) if dropout else 0

    def record(self, x, tensors):
        """The outputs, the final states, and the tape of the way back."""
        arguments = self.arguments(tensors)
        return self.runner.network.record(_memory(x), dropout=self.dropout, seed=self.seed, **arguments)

    def forward(self, x, tensors):
        """The outputs and the final states, as tensors."""
        if self.dropout:
            y, states, _ = self.record(x, tensors)
        else:
            y, states = self.runner.network.forward(_memory(x), **self.arguments(tensors))
        return torch.from_numpy(y), *map(torch.from_numpy, states)

    def arguments(self, tensors):
        """What both kinds of passes take, of states and weights."""
        return {
            "states": [_memory(state) for state in tensors[: self.states]],
            "parameters": self.runner.parameters(tensors[self.states :]),
            "time_major": self.time_major,
            "batch_sizes": self.batch_sizes,
        }


class _Pass(torch.autograd.Function):
    """A recorded pass and the way back over it."""

    @staticmethod
    def forward(ctx, call, x, *tensors):
        y, states, ctx.tape = call.record(x, tensors)
        ctx.call = call
        # Saved for a second way back, and so that PyTorch finds out what was changed in between.
        ctx.save_for_backward(x, *tensors)
        ctx.set_materialize_grads(False)
        return torch.from_numpy(y), *map(torch.from_numpy, states)

    @staticmethod
    def backward(ctx, d_y, *d_states):
        # With `once_differentiable` a penalty on a gradient would be taken for a constant, where d_y is one.
        if torch.is_grad_enabled():
            raise RuntimeError("refrain's gradients cannot be differentiated again: create_graph is True, expected False")
        x, *tensors = ctx.saved_tensors
        call, tape, ctx.tape = ctx.call, ctx.tape, None
        if tape is None:
            # The graph was retained, and its tape is gone: the pass is made again.
            *_, tape = call.record(x, tensors)
        with_x = ctx.needs_input_grad[1]
        block, d_x, d_initial = call.runner.network.backward(
            tape,
            None if d_y is None else _memory(d_y),
            [None if d is None else _memory(d) for d in d_states],
            with_x=with_x,
        )
        d_initial = [torch.from_numpy(d) for d in d_initial[: call.states]]
        return None, torch.from_numpy(d_x) if with_x else None, *d_initial, *call.runner.gradients(block)


def _obstacle(module):
    """Why refrain cannot run a module of torch.nn; None where it can."""
    if module.proj_size:
        return f"proj_size is {module.proj_size}, expected 0: refrain has no projections"
    if module.dropout == 1:
        return "dropout is 1, expected a number from 0 to below 1"
    for name, parameter in module.named_parameters(recurse=False):
        if parameter.dtype != torch.float32:
            return f"{name} is {parameter.dtype}, expected torch.float32, in which refrain computes"
        if parameter.device.type not in ("cpu", "meta"):
            return f"{name} is on {parameter.device}, expected the CPU's memory, from which refrain takes it"
    return None


class _Layer:
    """What the three layers have in common."""

    engine = "auto"
    _runner = None

    def __init__(self, *args, engine: str = "auto", **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if engine != "auto":
            self.engine = engine
        obstacle = _obstacle(self)
        if obstacle is not None:
            raise ValueError(obstacle)

    def _weights(self):
        """The weights in order: of parametrised modules they are no parameters, but attributes that are computed."""
        parameters = self._parameters
        try:
            return [parameters[name] for name in self._flat_weights_names]
        except KeyError:
            return [getattr(self, name) for name in self._flat_weights_names]

    def forward(self, input, hx=None):
        """Runs the layer over a sequence.

        Parameters
        ----------
        input : torch.Tensor or torch.nn.utils.rnn.PackedSequence
            [T, B, I], with `batch_first` [B, T, I]; one sequence [T, I]; or packed sequences. float32, on the CPU.
        hx : torch.Tensor or pair of torch.Tensor, optional
            h_0, of an LSTM (h_0, c_0), each [D * num_layers, B, H]; zeros by default.

        Returns
        -------
        output : torch.Tensor or torch.nn.utils.rnn.PackedSequence
            The top layer's hidden states, with D * H in place of I.
        h_n or (h_n, c_n) : torch.Tensor or pair of torch.Tensor
            The final states.
        """
        weights = self._weights()
        batch_sizes = sorted_indices = unsorted_indices = None
        is_packed = isinstance(input, PackedSequence)
        is_batched, batch_dim = True, 0 if self.batch_first else 1
        is_lstm = self.mode == "LSTM"
        states = () if hx is None else tuple(hx) if is_lstm else (hx,)
        if is_packed:
            x, batch_sizes, sorted_indices, unsorted_indices = input
        else:
            x, dims = input, input.dim()
            if dims not in (2, 3):
                raise ValueError(f"{self._get_name()}: Expected input to be 2D or 3D, got {dims}D instead")
            is_batched = dims == 3
            if states and any(state.dim() != dims for state in states):
                raise RuntimeError(
                    f"For {'batched 3-D' if is_batched else 'unbatched 2-D'} input, the states should also be "
                    f"{dims}-D but got {', '.join(f'{state.dim()}-D' for state in states)} tensors"
                )
            if not is_batched:
                x = x.unsqueeze(batch_dim)
                states = tuple(state.unsqueeze(1) for state in states)
        if torch.is_autocast_enabled("cpu"):
            x, states = x.float(), tuple(state.float() for state in states)
        for tensor in (x, *states, weights[0]):
            if not tensor.is_cpu or tensor.dtype != torch.float32:
                raise ValueError(
                    f"refrain.torch.{self._get_name()} takes float32 on the CPU, got {tensor.dtype} on {tensor.device}: "
                    "move the tensor, or take the layer of torch.nn with refrain.torch.restore"
                )
        if states:
            self.check_forward_args(x, states if is_lstm else states[0], batch_sizes)
            if sorted_indices is not None:
                states = tuple(state.index_select(1, sorted_indices) for state in states)
        elif x.size(-1) != self.input_size:
            self.check_input(x, batch_sizes)

        runner = self._runner
        if runner is None:
            runner = self._runner = _Runner(self)
        dropout = self.dropout if self.training and self.num_layers > 1 else 0.0
        call = _Call(runner, not self.batch_first and not is_packed, batch_sizes, len(states), dropout)
        tensors = (*states, *weights)
        if torch.is_grad_enabled() and (x.requires_grad or any([tensor.requires_grad for tensor in tensors])):
            y, *states = _Pass.apply(call, x, *tensors)
        else:
            y, *states = call.forward(x, tensors)

        if is_packed:
            y = PackedSequence(y, batch_sizes, sorted_indices, unsorted_indices)
            if unsorted_indices is not None:
                states = [state.index_select(1, unsorted_indices) for state in states]
        elif not is_batched:
            y = y.squeeze(batch_dim)
            states = [state.squeeze(1) for state in states]
        return y, tuple(states) if is_lstm else states[0]


class RNN(_Layer, torch.nn.RNN):
    """An Elman network, as `torch.nn.RNN`: h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or relu in place of tanh.

    Takes the arguments of `torch.nn.RNN`, and `engine`: what runs it, as `refrain.devices` lists it ("auto", a GPU of this
    machine or else the CPU engine; "cpu"; "gpu"; or part of an adapter's name).
    """


class LSTM(_Layer, torch.nn.LSTM):
    """A long short-term memory, as `torch.nn.LSTM`.

    Takes the arguments of `torch.nn.LSTM`, and `engine`: what runs it, as `refrain.devices` lists it ("auto", a GPU of this
    machine or else the CPU engine; "cpu"; "gpu"; or part of an adapter's name).
    """


class GRU(_Layer, torch.nn.GRU):
    """A gated recurrent unit, as `torch.nn.GRU`.

    Takes the arguments of `torch.nn.GRU`, and `engine`: what runs it, as `refrain.devices` lists it ("auto", a GPU of this
    machine or else the CPU engine; "cpu"; "gpu"; or part of an adapter's name).
    """


_LAYERS = {torch.nn.RNN: RNN, torch.nn.LSTM: LSTM, torch.nn.GRU: GRU}


def accelerate(model: _Model, engine: str = "auto") -> _Model:
    """Has every `torch.nn.RNN`, `LSTM` and `GRU` of a model run in refrain, in place.

    The modules stay the objects that they are, with their parameters, hooks and modes; optimisers that know their
    parameters go on. One that refrain cannot run is left as it is, with a warning that says why.

    Parameters
    ----------
    model : torch.nn.Module
        Any module; it may be a recurrent layer itself.
    engine : str
        What runs them: "auto", "cpu", "gpu", or part of an adapter's name.

    Returns
    -------
    torch.nn.Module
        `model`.
    """
    for name, module in model.named_modules():
        layer = _LAYERS.get(type(module))
        if layer is None:
            continue
        obstacle = _obstacle(module)
        if obstacle is not None:
            warnings.warn(f"{name or 'the model'} stays as it is: {obstacle}", stacklevel=2)
            continue
        module.__class__ = layer
        if engine != "auto":
            module.engine = engine
    return model


def restore(model: _Model) -> _Model:
    """Has every layer of this module in a model run in PyTorch again, in place: the inverse of `accelerate`.

    Parameters
    ----------
    model : torch.nn.Module
        Any module; it may be a recurrent layer itself.

    Returns
    -------
    torch.nn.Module
        `model`.
    """
    plain = {layer: module for module, layer in _LAYERS.items()}
    for module in model.modules():
        if type(module) in plain:
            module.__dict__.pop("_runner", None)
            module.__dict__.pop("engine", None)
            module.__class__ = plain[type(module)]
    return model

"""refrain.torch against torch.nn, on the CPU engine."""

import copy
import io
import itertools
import os
import pickle
import random
import threading
import warnings

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence  # noqa: E402

import refrain.torch  # noqa: E402

KINDS = {"rnn": ("RNN", {}), "relu": ("RNN", {"nonlinearity": "relu"}), "lstm": ("LSTM", {}), "gru": ("GRU", {})}


def pair(kind, *sizes, seed=0, dtype=None, **arguments):
    """The same layer of torch.nn and of refrain.torch: both drawn from one seed."""
    name, more = KINDS[kind]
    layers = []
    for module, extra in ((nn, {"dtype": dtype}), (refrain.torch, {"engine": "cpu"})):
        torch.manual_seed(seed)
        layers.append(getattr(module, name)(*sizes, **more, **arguments, **extra))
    return layers


def flat(states):
    return list(states) if isinstance(states, tuple) else [states]


def close(found, expected, tolerance=1e-5):
    found, expected = found.detach().double(), expected.detach().double()
    assert found.shape == expected.shape
    # Written so that NaN fails.
    largest = (found - expected).abs().max().item() if found.numel() else 0.0
    assert largest <= tolerance * max(1.0, expected.abs().max().item()), largest


def objective(outputs, weights):
    """Something to differentiate that no output or state drops out of."""
    return sum((output * weight.to(output.dtype)).sum() for output, weight in zip(outputs, weights))


def agree(theirs, ours, call, x, states, tolerance=1e-5):
    """Compares outputs, states and all gradients of both layers under `call(layer, x, states)`."""
    generator = torch.Generator().manual_seed(7)
    found = []
    for layer in (theirs, ours):
        dtype = next(layer.parameters()).dtype
        own_x = x.to(dtype).clone().requires_grad_()
        own_states = [state.to(dtype).clone().requires_grad_() for state in states]
        outputs = call(layer, own_x, own_states)
        found.append((outputs, [own_x, *own_states, *layer.parameters()]))
    (expected, expected_leaves), (outputs, leaves) = found
    weights = [torch.randn(output.shape, generator=generator) / output.numel() ** 0.5 for output in expected]
    for output, other in zip(outputs, expected):
        close(output, other, tolerance)
    objective(expected, weights).backward()
    objective(outputs, weights).backward()
    for leaf, other in zip(leaves, expected_leaves):
        close(leaf.grad, other.grad, tolerance)


def initial(layer, shape):
    generator = torch.Generator().manual_seed(3)
    count = 2 if isinstance(layer, nn.LSTM) else 1
    blocks = layer.num_layers * (1 + layer.bidirectional)
    return [torch.randn(blocks, *shape, layer.hidden_size, generator=generator) for _ in range(count)]


def hx(states):
    if not states:
        return None
    return tuple(states) if len(states) == 2 else states[0]


def plain(layer, x, states):
    out, after = layer(x, hx(states))
    return [out, *flat(after)]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("with_states", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_states_and_gradients(kind, layers, bidirectional, with_states, batch_first):
    theirs, ours = pair(kind, 3, 6, layers, bidirectional=bidirectional, batch_first=batch_first)
    x = torch.randn((5, 9, 3) if batch_first else (9, 5, 3), generator=torch.Generator().manual_seed(1))
    states = initial(theirs, [5]) if with_states else []
    agree(theirs, ours, plain, x, states)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_one_sequence_without_a_batch_and_biases(kind, bias, batch_first):
    theirs, ours = pair(kind, 3, 6, 2, bias=bias, batch_first=batch_first)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    agree(theirs, ours, plain, torch.randn(9, 3), initial(theirs, []))


@pytest.mark.parametrize("with_states", [False, True])
@pytest.mark.parametrize("enforce_sorted", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences(kind, layers, bidirectional, enforce_sorted, with_states):
    theirs, ours = pair(kind, 3, 6, layers, bidirectional=bidirectional)
    lengths = [9, 7, 7, 2, 1] if enforce_sorted else [2, 9, 1, 7, 7]

    def packed(layer, x, states):
        rows = pack_padded_sequence(x, lengths, enforce_sorted=enforce_sorted)
        out, after = layer(rows, hx(states))
        padded, found = pad_packed_sequence(out)
        assert found.tolist() == lengths
        return [padded, *flat(after)]

    agree(theirs, ours, packed, torch.randn(9, 5, 3), initial(theirs, [5]) if with_states else [])


@pytest.mark.parametrize("kind", KINDS)
def test_larger_networks(kind):
    """Sizes at which the engine takes its other way, and several tiles of rows."""
    for shape, hidden in (((40, 12, 3), 33), ((3, 12, 20), 160)):
        theirs, ours = pair(kind, shape[2], hidden, 2, batch_first=True, bidirectional=True)
        agree(theirs, ours, plain, torch.randn(shape), initial(theirs, [shape[0]]))


def test_gradients_as_float64_has_them():
    """No finite differences, which float32 is too coarse for: the derivatives are PyTorch's in float64."""
    theirs, ours = pair("lstm", 2, 4, 2, bidirectional=True, dtype=torch.float64)
    # The same numbers: float64 is drawn otherwise.
    theirs.load_state_dict({name: value.double() for name, value in ours.state_dict().items()})
    agree(theirs, ours, plain, torch.randn(6, 3, 2), initial(theirs, [3]), tolerance=2e-6)


def test_one_seed_gives_both_the_same_weights_and_state_dicts_fit_both():
    for kind in KINDS:
        theirs, ours = pair(kind, 3, 6, 2, bidirectional=True, seed=11)
        assert list(theirs.state_dict()) == list(ours.state_dict())
        for value, other in zip(theirs.state_dict().values(), ours.state_dict().values()):
            assert torch.equal(value, other)
        theirs.load_state_dict(ours.state_dict(), strict=True)
        ours.load_state_dict(theirs.state_dict(), strict=True)


def test_what_follows_the_output_may_be_viewed_and_states_changed_in_place():
    _, ours = pair("lstm", 3, 6)
    out, (h, c) = ours(torch.randn(9, 5, 3))
    assert out.view(-1, 6).shape == (45, 6)
    h.detach_()
    c.detach_()


def test_gradients_of_part_of_the_outputs():
    for pick in (lambda out, h: out[-1], lambda out, h: h[0], lambda out, h: h[1], lambda out, h: out.sum(), lambda out, h: out[2, :, 1]):
        theirs, ours = pair("lstm", 3, 6, 2)
        x = torch.randn(9, 5, 3)
        for layer in (theirs, ours):
            out, h = layer(x)
            pick(out, h).sum().backward()
        for parameter, other in zip(ours.parameters(), theirs.parameters()):
            if other.grad is None:
                assert parameter.grad is None or not parameter.grad.any()
            else:
                close(parameter.grad, other.grad)


def test_inputs_that_do_not_lie_in_order():
    theirs, ours = pair("gru", 3, 6, batch_first=True)
    x = torch.randn(3, 9, 10).permute(2, 1, 0)[::2]
    assert not x.is_contiguous()
    agree(theirs, ours, plain, x, [])
    for layer in (theirs, ours):
        layer.zero_grad()
        layer(x)[0].sum().backward()  # a gradient that is expanded from one number
    close(ours.weight_hh_l0.grad, theirs.weight_hh_l0.grad)


def test_deepcopy_and_pickle_are_independent():
    theirs, ours = pair("gru", 3, 6, 2)
    x = torch.randn(9, 5, 3)
    expected = ours(x)[0]
    file = io.BytesIO()
    torch.save(ours, file)
    file.seek(0)
    copies = [copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)), torch.load(file, weights_only=False)]
    for other in copies:
        assert type(other) is refrain.torch.GRU and other.engine == "cpu"
        assert torch.equal(other(x)[0], expected)
        with torch.no_grad():
            other.weight_hh_l1.add_(1)
        assert not torch.equal(other(x)[0], expected)
    assert torch.equal(ours(x)[0], expected)


def test_without_gradients_nothing_is_recorded():
    theirs, ours = pair("lstm", 3, 6, 2)
    x = torch.randn(9, 5, 3)
    with torch.no_grad():
        out, (h, c) = ours(x)
        close(out, theirs(x)[0])
    assert not out.requires_grad and not h.requires_grad and not c.requires_grad
    ours.requires_grad_(False)
    assert not ours(x)[0].requires_grad
    with torch.inference_mode():
        close(ours(x)[0], out)


def test_frozen_parameters_and_inputs():
    theirs, ours = pair("gru", 3, 6, 2)
    x = torch.randn(9, 5, 3)
    for layer in (theirs, ours):
        layer.weight_ih_l0.requires_grad_(False)
        layer.bias_hh_l1.requires_grad_(False)
        layer(x)[0].sum().backward()
        assert layer.weight_ih_l0.grad is None and layer.bias_hh_l1.grad is None
    close(ours.weight_hh_l0.grad, theirs.weight_hh_l0.grad)
    theirs.requires_grad_(False)
    ours.requires_grad_(False)
    gradients = []
    for layer in (theirs, ours):
        own = x.clone().requires_grad_()
        layer(own)[0].pow(2).sum().backward()
        gradients.append(own.grad)
    close(gradients[1], gradients[0])


def test_any_change_of_a_parameter_is_seen():
    theirs, ours = pair("lstm", 3, 6)
    x = torch.randn(9, 5, 3)
    changes = [
        lambda layer: layer.weight_hh_l0.data.mul_(0.5),  # no version counter tells of this one
        lambda layer: setattr(layer.bias_ih_l0, "data", torch.full((24,), 0.25)),
        lambda layer: setattr(layer, "weight_ih_l0", nn.Parameter(torch.full((24, 3), 0.1))),
        lambda layer: nn.init.zeros_(layer.bias_hh_l0),
        lambda layer: layer.load_state_dict({name: value * 0.9 for name, value in layer.state_dict().items()}),
    ]
    before = ours(x)[0].detach()
    for change in changes:
        change(theirs)
        change(ours)
        found = ours(x)[0].detach()
        assert not torch.equal(found, before)
        close(found, theirs(x)[0])
        before = found


def test_functional_call():
    theirs, ours = pair("gru", 3, 6)
    x = torch.randn(9, 5, 3)
    for scale in (0.5, 0.25, 0.5):
        found = []
        for layer in (theirs, ours):
            values = {name: (value.detach() * scale).requires_grad_() for name, value in layer.named_parameters()}
            out = torch.func.functional_call(layer, values, (x,))[0]
            out.sum().backward()
            found.append((out, values["weight_hh_l0"].grad))
        close(found[1][0], found[0][0])
        close(found[1][1], found[0][1])


def test_weight_norm_and_other_parametrisations():
    theirs, ours = pair("gru", 3, 6)
    for layer in (theirs, ours):
        torch.nn.utils.parametrizations.weight_norm(layer, "weight_hh_l0")
    x = torch.randn(9, 5, 3)
    for layer in (theirs, ours):
        layer(x)[0].pow(2).sum().backward()
    for parameter, other in zip(ours.parameters(), theirs.parameters()):
        close(parameter.grad, other.grad)


def test_several_passes_before_their_gradients():
    theirs, ours = pair("lstm", 3, 6, 2)
    xs = [torch.randn(steps, 5, 3) for steps in (9, 4, 9)]
    for layer in (theirs, ours):
        first, second, third = (layer(x)[0] for x in xs)
        second.sum().backward()
        third.pow(2).sum().backward()
        (first * 2).sum().backward()
    for parameter, other in zip(ours.parameters(), theirs.parameters()):
        close(parameter.grad, other.grad)


def test_states_that_are_carried_from_pass_to_pass():
    theirs, ours = pair("lstm", 3, 6)
    x = torch.randn(3, 4, 5, 3)
    for layer in (theirs, ours):
        states = None
        for part in x:
            out, states = layer(part, states)
        out.sum().backward()
    for parameter, other in zip(ours.parameters(), theirs.parameters()):
        close(parameter.grad, other.grad)


def test_gradients_twice_over_a_retained_graph():
    theirs, ours = pair("gru", 3, 6, 2)
    x = torch.randn(9, 5, 3)
    for layer in (theirs, ours):
        out = layer(x)[0]
        out.sum().backward(retain_graph=True)
        out.pow(2).sum().backward()
        with pytest.raises(RuntimeError, match="second time"):
            out.sum().backward()
    for parameter, other in zip(ours.parameters(), theirs.parameters()):
        close(parameter.grad, other.grad)


def test_parameters_that_changed_since_the_pass_are_refused():
    _, ours = pair("gru", 3, 6)
    x = torch.randn(9, 5, 3)
    out = ours(x)[0]
    torch.optim.SGD(ours.parameters(), lr=0.1)
    with torch.no_grad():
        ours.weight_hh_l0.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()
    # What PyTorch cannot see, the engine does.
    out = ours(x)[0]
    ours.weight_hh_l0.data.add_(1)
    ours(x)
    with pytest.raises(RuntimeError, match="tape"):
        out.sum().backward()


def test_second_derivatives_are_refused():
    _, ours = pair("gru", 3, 6)
    x = torch.randn(9, 5, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="create_graph"):
        torch.autograd.grad(ours(x)[0].sum(), x, create_graph=True)


def test_dropout():
    _, ours = pair("lstm", 3, 16, 2, dropout=0.5)
    x = torch.randn(9, 5, 3)
    torch.manual_seed(5)
    first, second = ours(x)[0], ours(x)[0]
    torch.manual_seed(5)
    again = ours(x)[0]
    assert torch.equal(first, again) and not torch.equal(first, second)
    with torch.no_grad():
        torch.manual_seed(5)
        assert torch.equal(ours(x)[0], first)  # as in PyTorch, training drops units without gradients, too
    # The mask of the way back is that of the way there: the derivative along a direction.
    direction = torch.randn_like(x)

    def value(step):
        torch.manual_seed(5)
        return ours(x + step * direction)[0].double().sum().item()

    torch.manual_seed(5)
    own = x.clone().requires_grad_()
    ours(own)[0].sum().backward()
    slope = (own.grad * direction).sum().item()
    assert abs((value(1e-2) - value(-1e-2)) / 2e-2 - slope) < 2e-2 * max(1.0, abs(slope))
    ours.eval()
    assert torch.equal(ours(x)[0], ours(x)[0])
    plain_layer, _ = pair("lstm", 3, 16, 2)
    close(ours(x)[0], plain_layer(x)[0])
    # What is dropped is half, and the other half is doubled.
    ours.train()
    mean = torch.stack([ours(x)[0].detach() for _ in range(300)]).mean()
    assert abs(mean - plain_layer(x)[0].mean()) < 0.02


def test_what_is_refused():
    with pytest.raises(ValueError, match="proj_size"):
        refrain.torch.LSTM(3, 6, proj_size=2)
    with pytest.raises(ValueError, match="float64"):
        refrain.torch.GRU(3, 6, dtype=torch.float64)
    with pytest.raises(ValueError, match="dropout"):
        refrain.torch.GRU(3, 6, 2, dropout=1.0)
    with pytest.raises(ValueError, match="nonlinearity"):
        refrain.torch.RNN(3, 6, nonlinearity="sine")
    _, ours = pair("lstm", 3, 6)
    with pytest.raises(ValueError, match="float64"):
        copy.deepcopy(ours).double()(torch.randn(9, 5, 3).double())
    with pytest.raises(ValueError, match="float32 on the CPU"):
        ours(torch.empty(9, 5, 3, device="meta"))
    with pytest.raises(RuntimeError, match="input_size"):
        ours(torch.randn(9, 5, 4))
    with pytest.raises(ValueError, match="2D or 3D"):
        ours(torch.randn(3))
    states = torch.randn(1, 4, 6)
    with pytest.raises(RuntimeError, match="hidden"):
        ours(torch.randn(9, 5, 3), (states, states))
    with pytest.raises(RuntimeError, match="no adapter"):
        refrain.torch.LSTM(3, 6, engine="an adapter that there is not")(torch.randn(9, 5, 3))


def test_autocast_leaves_it_in_float32():
    theirs, ours = pair("gru", 3, 6)
    x = torch.randn(9, 5, 3)
    with torch.autocast("cpu", torch.bfloat16):
        out = ours(x.bfloat16())[0]
    assert out.dtype == torch.float32
    close(out, theirs(x)[0], 1e-2)


class Model(nn.Module):
    """Anything around a recurrent layer that people build."""

    def __init__(self, rng):
        super().__init__()
        self.front = rng.choice(["embedding", "conv", "linear", "none"])
        self.head = rng.choice(["last", "mean", "all", "states"])
        inputs, hidden = rng.randint(1, 6), rng.randint(3, 20)
        self.inputs = inputs
        width = rng.randint(2, 8) if self.front != "none" else inputs
        self.embedding = nn.Embedding(11, width) if self.front == "embedding" else None
        self.conv = nn.Conv1d(inputs, width, 3, padding=1) if self.front == "conv" else None
        self.linear = nn.Linear(inputs, width) if self.front == "linear" else None
        kind = rng.choice([nn.RNN, nn.LSTM, nn.GRU])
        layers, both, first = rng.choice([1, 1, 2, 3]), rng.random() < 0.4, rng.random() < 0.5
        self.rnn = kind(width, hidden, layers, bidirectional=both, batch_first=first, bias=rng.random() < 0.8)
        top = hidden * (1 + both)
        self.second = nn.GRU(top, 5, batch_first=True) if rng.random() < 0.3 and self.head != "states" else None
        self.fc = nn.Sequential(nn.LayerNorm(top if self.second is None else 5), nn.Linear(top if self.second is None else 5, 2))

    def forward(self, x, tokens):
        if self.front == "embedding":
            x = self.embedding(tokens)
        elif self.front == "conv":
            x = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        elif self.front == "linear":
            x = torch.tanh(self.linear(x))
        x = x if self.rnn.batch_first else x.transpose(0, 1)
        out, states = self.rnn(x)
        out = out if self.rnn.batch_first else out.transpose(0, 1)
        if self.second is not None:
            out, _ = self.second(out)
        if self.head == "states":
            h = states[0] if isinstance(states, tuple) else states
            return self.fc(torch.cat([*h[-(1 + self.rnn.bidirectional) :]], dim=-1))
        picked = {"last": lambda: out[:, -1], "mean": lambda: out.mean(1), "all": lambda: out}[self.head]()
        return self.fc(picked).flatten(1)[:, :2]


@pytest.mark.parametrize("seed", range(30))
def test_random_models_train_alike(seed):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    theirs = Model(rng)
    ours = refrain.torch.accelerate(copy.deepcopy(theirs), engine="cpu")
    assert type(ours.rnn) in (refrain.torch.RNN, refrain.torch.LSTM, refrain.torch.GRU)
    rows, steps = rng.randint(2, 20), rng.randint(3, 15)
    x, tokens, y = torch.randn(rows, steps, theirs.inputs), torch.randint(11, (rows, steps)), torch.randn(rows, 2)
    kind, lr = rng.choice([(torch.optim.SGD, 0.01), (torch.optim.Adam, 3e-3), (torch.optim.AdamW, 3e-3)])
    losses = []
    for model in (theirs, ours):
        optimizer = kind(model.parameters(), lr=lr)
        history = []
        for _ in range(50):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x, tokens), y)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        losses.append(history)
    assert losses[0][-1] < losses[0][0]
    # Learning rates at which training is not chaotic: PyTorch in float32 and in float64 would else differ by more.
    for step, (loss, other) in enumerate(zip(losses[1], losses[0])):
        assert abs(loss - other) <= 1e-4 * other, (step, loss, other)


def test_accelerate_and_restore_in_place():
    model = nn.ModuleDict(
        {
            "lstm": nn.LSTM(3, 6, 2, dropout=0.5),
            "gru": nn.Sequential(nn.GRU(3, 6)),
            "projected": nn.LSTM(3, 6, proj_size=2),
            "float64": nn.RNN(3, 6, dtype=torch.float64),
            "fc": nn.Linear(6, 1),
        }
    )
    model["lstm"].eval()
    model["lstm"].weight_ih_l0.requires_grad_(False)
    parameters = list(model.parameters())
    with pytest.warns(UserWarning) as warned:
        assert refrain.torch.accelerate(model, engine="cpu") is model
    words = [str(warning.message) for warning in warned]
    assert len(words) == 2 and "projected" in words[0] and "proj_size" in words[0] and "float64" in words[1]
    assert type(model["lstm"]) is refrain.torch.LSTM and isinstance(model["lstm"], nn.LSTM)
    assert type(model["gru"][0]) is refrain.torch.GRU
    assert type(model["projected"]) is nn.LSTM and type(model["float64"]) is nn.RNN
    assert not model["lstm"].training and model["gru"].training and not model["lstm"].weight_ih_l0.requires_grad
    assert all(one is other for one, other in zip(parameters, model.parameters()))
    x = torch.randn(9, 5, 3)
    out = model["lstm"](x)[0]
    state = set(model["lstm"].__dict__)
    assert refrain.torch.restore(model) is model
    assert type(model["lstm"]) is nn.LSTM and type(model["gru"][0]) is nn.GRU
    assert state - set(model["lstm"].__dict__) == {"_runner", "engine"}
    close(model["lstm"](x)[0], out)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert type(refrain.torch.accelerate(nn.GRU(2, 3))) is refrain.torch.GRU


def test_threads_share_a_layer():
    theirs, ours = pair("lstm", 3, 6)
    xs = [torch.randn(9, 5, 3) for _ in range(8)]
    found = [None] * len(xs)

    def work(index):
        for _ in range(20):
            found[index] = torch.autograd.grad(ours(xs[index])[0].sum(), ours.weight_hh_l0)[0]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(xs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for x, gradient in zip(xs, found):
        close(gradient, torch.autograd.grad(theirs(x)[0].sum(), theirs.weight_hh_l0)[0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_has_an_engine_of_its_own():
    _, ours = pair("lstm", 3, 32, 2)
    x = torch.randn(9, 64, 3)  # rows enough for all threads
    expected = ours(x)[0].detach()
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        torch.set_num_threads(1)
        same = torch.equal(ours(x)[0], expected)
        ours(x)[0].sum().backward()
        os.write(write, b"same" if same and ours.weight_hh_l0.grad is not None else b"other")
        os._exit(0)
    os.close(write)
    import select

    ready, _, _ = select.select([read], [], [], 60)
    if not ready:
        os.kill(process, 9)
    os.waitpid(process, 0)
    assert ready, "the forked process hangs"
    assert os.read(read, 10) == b"same"
    assert torch.equal(ours(x)[0].detach(), expected)


class Encoded(torch.utils.data.Dataset):
    """A dataset that calls a layer, in whatever process it is asked."""

    def __init__(self, layer):
        self.layer = layer

    def __len__(self):
        return 6

    def __getitem__(self, index):
        with torch.no_grad():
            return self.layer(torch.full((64, 9, 3), float(index)))[0][0, -1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_workers_of_a_data_loader_call_the_layer():
    _, ours = pair("gru", 3, 32, batch_first=True)
    data = Encoded(ours)
    expected = torch.stack([data[index] for index in range(len(data))])
    loader = torch.utils.data.DataLoader(
        data, batch_size=2, num_workers=2, multiprocessing_context="fork", timeout=60
    )
    close(torch.cat(list(loader)), expected, 1e-6)


def test_pack_sequence_of_rows_and_empty_arguments():
    theirs, ours = pair("lstm", 3, 6)
    rows = [torch.randn(steps, 3) for steps in (4, 2, 7)]
    found = [layer(pack_sequence(rows, enforce_sorted=False))[0] for layer in (theirs, ours)]
    close(found[1].data, found[0].data)
    assert torch.equal(found[1].batch_sizes, found[0].batch_sizes)
    assert list(itertools.chain(ours.modules())) == [ours]

"""refrain.RNN, LSTM and GRU on NumPy arrays; what they compute is held against plain loops in float64."""

import ast
import inspect
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import refrain

MAKE = {
    "rnn": lambda *a, **k: refrain.RNN(*a, **k),
    "relu": lambda *a, **k: refrain.RNN(*a, nonlinearity="relu", **k),
    "lstm": refrain.LSTM,
    "gru": refrain.GRU,
}


def make(kind, *sizes, **arguments):
    return MAKE[kind](*sizes, device="cpu", **arguments)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cell(kind, gates_x, gates_h, h, c):
    """One step of PyTorch's equations, from W_ih x + b_ih and W_hh h + b_hh."""
    if kind in ("rnn", "relu"):
        summed = gates_x + gates_h
        return (np.tanh(summed) if kind == "rnn" else np.maximum(summed, 0)), c
    if kind == "lstm":
        i, f, g, o = np.split(gates_x + gates_h, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    (rx, zx, nx), (rh, zh, nh) = np.split(gates_x, 3), np.split(gates_h, 3)
    r, z = sigmoid(rx + rh), sigmoid(zx + zh)
    return (1 - z) * np.tanh(nx + r * nh) + z * h, c


def reference(kind, net, x, h_0, c_0, lengths):
    """x [B, T, I] and states [L*D, B, H] to out [B, T, D*H], h_n and c_n, row by row."""
    weights = {name.removeprefix("rnn."): value.astype(np.float64) for name, value in net.state_dict().items()}
    directions, (rows, steps, _) = 1 + net.bidirectional, x.shape
    h_n, c_n = h_0.astype(np.float64).copy(), c_0.astype(np.float64).copy()
    out = np.zeros((rows, steps, directions * net.hidden_size))
    for b in range(rows):
        below = x[b, : lengths[b]].astype(np.float64)
        for layer in range(net.num_layers):
            above = np.zeros((lengths[b], directions * net.hidden_size))
            for d in range(directions):
                suffix = f"_l{layer}" + ("_reverse" if d else "")
                block = layer * directions + d
                h, c = h_n[block, b], c_n[block, b]
                for t in range(lengths[b])[:: -1 if d else 1]:
                    gates_x = weights["weight_ih" + suffix] @ below[t] + weights.get("bias_ih" + suffix, 0)
                    gates_h = weights["weight_hh" + suffix] @ h + weights.get("bias_hh" + suffix, 0)
                    h, c = cell(kind, gates_x, gates_h, h, c)
                    above[t, d * net.hidden_size : (d + 1) * net.hidden_size] = h
                h_n[block, b], c_n[block, b] = h, c
            below = above
        out[b, : lengths[b]] = below
    return out, h_n, c_n


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("with_lengths", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("layers, bidirectional", [(1, False), (2, False), (1, True), (2, True)])
@pytest.mark.parametrize("kind", MAKE)
def test_outputs_and_states_are_those_of_the_equations(kind, layers, bidirectional, bias, with_lengths, batch_first):
    rng = np.random.default_rng(0)
    net = make(kind, 3, 5, layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional, seed=4)
    x = rng.standard_normal((4, 7, 3)).astype(np.float32)
    h_0, c_0 = rng.standard_normal((2, layers * (1 + bidirectional), 4, 5)).astype(np.float32)
    lengths = [2, 7, 1, 5] if with_lengths else [7] * 4
    expected, h_n, c_n = reference(kind, net, x, h_0, c_0, lengths)
    given = x.copy()
    for row, length in enumerate(lengths):
        given[row, length:] = np.nan  # would show if anyone read it
    order = (lambda a: a) if batch_first else (lambda a: a.swapaxes(0, 1))
    states = (h_0, c_0) if kind == "lstm" else h_0
    out, after = net(order(given), states, lengths=lengths if with_lengths else None)
    assert out.dtype == np.float32 and out.flags.c_contiguous
    np.testing.assert_allclose(order(out), expected, atol=1e-5)
    for found, other in zip(after if kind == "lstm" else [after], (h_n, c_n)):
        np.testing.assert_allclose(found, other, atol=1e-5)


@pytest.mark.parametrize("kind", MAKE)
def test_one_sequence_and_zeros_by_default(kind):
    net = make(kind, 3, 5, 2)
    x = np.random.default_rng(0).standard_normal((7, 3))  # float64 is converted
    out, after = net(x)
    batched, batched_after = net(x[:, None])
    assert out.shape == (7, 5) and np.array_equal(out, batched[:, 0])
    zeros = np.zeros((2, 5))
    again, _ = net(x, (zeros, zeros) if kind == "lstm" else zeros)
    assert np.array_equal(out, again)
    one = after[0] if kind == "lstm" else after
    assert one.shape == (2, 5) and np.array_equal(one, (batched_after[0] if kind == "lstm" else batched_after)[:, 0])


class Dlpack:
    """An array of somebody else's."""

    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **arguments):
        return self.values.__dlpack__(**arguments)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


def test_what_is_taken_for_an_array():
    net = make("gru", 3, 5)
    x = np.random.default_rng(0).standard_normal((7, 2, 3)).astype(np.float32)
    expected, _ = net(x)
    for other in (x.astype(np.float64), x.tolist(), Dlpack(x), np.asfortranarray(x), memoryview(x)):
        found, _ = net(other)
        assert np.array_equal(found, expected)
    torch = pytest.importorskip("torch")
    assert np.array_equal(net(torch.from_numpy(x))[0], expected)


def test_weights_begin_as_pytorchs_and_follow_the_seed():
    first, same, other = (make("lstm", 3, 64, seed=seed).state_dict() for seed in (1, 1, 2))
    assert list(first) == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    for name, value in first.items():
        assert np.array_equal(value, same[name]) and not np.array_equal(value, other[name])
        assert 0.1 < abs(value).max() <= 0.125
    headed = make("gru", 3, 5, 2, bias=False, bidirectional=True, head=4).state_dict()
    assert {name: value.shape for name, value in headed.items()} == {
        "rnn.weight_ih_l0": (15, 3),
        "rnn.weight_hh_l0": (15, 5),
        "rnn.weight_ih_l0_reverse": (15, 3),
        "rnn.weight_hh_l0_reverse": (15, 5),
        "rnn.weight_ih_l1": (15, 10),
        "rnn.weight_hh_l1": (15, 5),
        "rnn.weight_ih_l1_reverse": (15, 10),
        "rnn.weight_hh_l1_reverse": (15, 5),
        "fc.weight": (4, 10),
        "fc.bias": (4,),
    }


def test_state_dicts_go_round():
    net, other = make("gru", 3, 5, seed=1), make("gru", 3, 5, seed=2)
    x = np.random.default_rng(0).standard_normal((7, 2, 3))
    state = net.state_dict()
    other.load_state_dict(state)
    assert np.array_equal(other(x)[0], net(x)[0])
    state["weight_hh_l0"] += 1  # a copy
    assert np.array_equal(other(x)[0], net(x)[0])
    with pytest.raises(ValueError, match="lacks .*bias_hh_l0"):
        other.load_state_dict({name: value for name, value in state.items() if name != "bias_hh_l0"})
    with pytest.raises(ValueError, match="weight_ih_l0 has the shape"):
        other.load_state_dict({**state, "weight_ih_l0": np.zeros((15, 4))})


@pytest.mark.parametrize("kind", MAKE)
def test_files_go_round(kind, tmp_path):
    path = tmp_path / "model.safetensors"
    for arguments in ({}, {"head": 2, "readout": "all"}, {"head": 1, "bias": False, "batch_first": True, "dropout": 0.25}):
        net = make(kind, 3, 5, 2, bidirectional=True, **arguments)
        net.save(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loaded = refrain.load(path, device="cpu")
        assert repr(loaded) == repr(net) and type(loaded) is type(net)
        assert list(loaded.state_dict()) == list(net.state_dict())
        x = np.random.default_rng(0).standard_normal((7, 2, 3))
        assert np.array_equal(loaded(x)[0], net(x)[0])
    with pytest.raises(FileNotFoundError):
        refrain.load(tmp_path / "none")
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="model.safetensors"):
        refrain.load(path)
    with pytest.raises(OSError):
        net.save(tmp_path / "none" / "model.safetensors")


def test_files_of_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    path = tmp_path / "module.safetensors"
    module = torch.nn.LSTM(3, 5, 2, batch_first=True)
    files.save_file(module.state_dict(), path)
    net = refrain.load(path, device="cpu", batch_first=True)
    x = torch.randn(4, 7, 3)
    np.testing.assert_allclose(net(x)[0], module(x)[0].detach(), atol=1e-6)
    refrain.LSTM(3, 5, 2, device="cpu", seed=3).save(path)
    module.load_state_dict(files.load_file(path), strict=True)
    relu = torch.nn.RNN(3, 5, nonlinearity="relu")
    files.save_file(relu.state_dict(), path)
    with pytest.warns(UserWarning, match="tanh"):
        refrain.load(path, device="cpu")
    assert refrain.load(path, device="cpu", nonlinearity="relu").nonlinearity == "relu"


def wave(rows, steps, seed):
    """Sines of random phase, and the value after each."""
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, rows)
    series = np.sin(phase[:, None] + 0.3 * np.arange(steps + 1))
    return series[:, :-1, None].astype(np.float32), series[:, -1:].astype(np.float32)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", MAKE)
def test_fit_learns_a_sine(kind, bias, batch_first):
    x, y = wave(200, 20, 0)
    x = x if batch_first else x.swapaxes(0, 1)
    net = make(kind, 1, 12, head=1, batch_first=batch_first, bias=bias)
    before = net.evaluate(x, y)["loss"]
    told = []
    fit = net.fit(x, y, epochs=15, lr=1e-2, validation=0.2, callback=lambda epoch: told.append(epoch))
    after = net.evaluate(x, y)
    assert after["loss"] < 0.05 * before and after["rmse"] == pytest.approx(after["loss"] ** 0.5)
    assert len(fit.loss) == len(fit.val_loss) == len(told) and told[0]["epoch"] == 1 and told[-1]["loss"] == fit.loss[-1]
    assert not fit.stopped and fit.steps == 5 * len(fit.loss) and fit.best_epoch == 1 + int(np.argmin(fit.val_loss))
    if not bias:
        assert not any("bias" in name for name in net.state_dict() if name.startswith("rnn"))
        out, _ = net(np.zeros_like(x))
        # Of zeros without biases nothing comes but the head's own bias.
        np.testing.assert_allclose(out, np.broadcast_to(net.state_dict()["fc.bias"], out.shape), atol=1e-6)


def test_fit_without_biases_is_pytorchs():
    torch = pytest.importorskip("torch")
    x, y = wave(12, 9, 0)
    net = make("gru", 1, 6, 2, head=1, bias=False, batch_first=True, readout="last")
    gru, fc = torch.nn.GRU(1, 6, 2, bias=False, batch_first=True), torch.nn.Linear(6, 1)
    state = net.state_dict()
    for prefix, module in (("rnn.", gru), ("fc.", fc)):
        module.load_state_dict({name: torch.from_numpy(state[prefix + name]) for name in module.state_dict()})
    optimizer = torch.optim.Adam([*gru.parameters(), *fc.parameters()], lr=1e-2)
    losses = []
    for _ in range(10):
        total = 0.0
        for rows in (slice(0, 5), slice(5, 10), slice(10, 12)):
            optimizer.zero_grad()
            out = fc(gru(torch.from_numpy(x[rows]))[0][:, -1])
            loss = torch.nn.functional.mse_loss(out, torch.from_numpy(y[rows]))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(out)
        losses.append(total / 12)
    fit = net.fit(x, y, epochs=10, batch_size=5, lr=1e-2, shuffle=False)
    np.testing.assert_allclose(fit.loss, losses, rtol=1e-4)
    np.testing.assert_allclose(net.state_dict()["rnn.weight_hh_l1"], gru.weight_hh_l1.detach(), atol=1e-5)
    with pytest.raises(ValueError, match="clip"):
        net.fit(x, y, clip=1.0)


def test_fit_is_the_same_for_the_same_seed():
    x, y = wave(50, 10, 0)
    weights = []
    for seed in (1, 1, 2):
        net = make("lstm", 1, 8, 2, head=1, batch_first=True, dropout=0.2)
        net.fit(x, y, epochs=3, optimizer="adamw", clip=1.0, seed=seed)
        weights.append(net.state_dict()["rnn.weight_hh_l1"])
    assert np.array_equal(weights[0], weights[1]) and not np.array_equal(weights[0], weights[2])


def test_fit_with_lengths_classes_and_rows_that_validate():
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 9, 300)
    x = rng.standard_normal((300, 8, 2)).astype(np.float32)
    y = np.array([int(row[:length, 0].sum() > 0) for row, length in zip(x, lengths)])
    for row, length in zip(x, lengths):
        row[length:] = np.nan
    net = make("gru", 2, 12, head=2, batch_first=True)
    part = slice(200, 300)
    fit = net.fit(
        x[:200], y[:200], lengths=lengths[:200], validation=(x[part], y[part], lengths[part]), loss="cross_entropy",
        epochs=60, lr=1e-2, patience=60,
    )  # fmt: skip
    found = net.evaluate(x[part], y[part], lengths=lengths[part], loss="cross_entropy")
    assert found["accuracy"] > 0.9 and np.sum(found["confusion"]) == 100
    assert found["loss"] == pytest.approx(min(fit.val_loss), rel=1e-5)
    logits = net.predict(x[part], lengths=lengths[part], batch_size=7)
    assert (logits.argmax(1) == y[part]).mean() == pytest.approx(found["accuracy"])


def test_every_step_and_quantiles():
    x, y = wave(60, 12, 0)
    ahead = np.concatenate([x[:, 1:], y[:, None]], axis=1)
    net = make("lstm", 1, 12, head=3, readout="all")
    loss = ("quantile", {"quantiles": [0.1, 0.5, 0.9]})
    fit = net.fit(x.swapaxes(0, 1), ahead.swapaxes(0, 1), loss=loss, epochs=30, lr=1e-2)
    assert fit.loss[-1] < 0.3 * fit.loss[0]
    out = net.predict(x.swapaxes(0, 1), batch_size=7)
    assert out.shape == (12, 60, 3) and np.array_equal(out, net(x.swapaxes(0, 1))[0])
    assert len(net.evaluate(x.swapaxes(0, 1), ahead.swapaxes(0, 1), loss=loss)["loss_per_step"]) == 12


@pytest.mark.parametrize("kind", MAKE)
def test_a_stream_goes_on_where_it_was(kind):
    for head in (None, 2):
        net = make(kind, 3, 5, 2, head=head, readout="all")
        x = np.random.default_rng(0).standard_normal((9, 4, 3)).astype(np.float32)
        expected, _ = net(x)
        for _ in range(2):
            found = np.stack([net.step(step) for step in x])
            np.testing.assert_allclose(found, expected, atol=1e-6)
            net.reset()
        one = np.stack([net.step(step) for step in x[:, 0]])
        np.testing.assert_allclose(one, expected[:, 0], atol=1e-6)
        with pytest.raises(ValueError, match="rows is 4, expected 1"):
            net.step(x[0])


def refusal(call):
    with pytest.raises(ValueError) as refused:
        call()
    return str(refused.value)


def test_what_makes_no_sense_is_refused_in_the_librarys_words():
    net = make("gru", 3, 5, head=1)
    x, y = np.zeros((7, 4, 3)), np.zeros((4, 1))
    assert refusal(lambda: make("gru", 3, 0)) == "hidden is 0, expected a whole number from 1 to 1048576"
    assert "dropout is 1" in refusal(lambda: make("gru", 3, 5, dropout=1))
    assert "nonlinearity is 'sine'" in refusal(lambda: refrain.RNN(3, 5, nonlinearity="sine"))
    assert "readout" in refusal(lambda: make("gru", 3, 5, head=1, readout="first"))
    assert "this network has 3 inputs" in refusal(lambda: net(np.zeros((7, 4, 2))))
    assert "a row's length is 8 (row 1)" in refusal(lambda: net(x, lengths=[1, 8, 1, 1]))
    assert "a row's length is 0 (row 0)" in refusal(lambda: net(x, lengths=[-1, 1, 1, 1]))
    assert "lengths: expected 4 values" in refusal(lambda: net(x, lengths=[1]))
    assert "expected [1, 4, 5]" in refusal(lambda: net(x, np.zeros((1, 3, 5))))
    assert "expected numbers" in refusal(lambda: net(x.astype(complex)))
    assert "y has the shape [4, 2], expected [4, 1] or [4]" in refusal(lambda: net.fit(x, np.zeros((4, 2))))
    assert "loss is \"mape\"" in refusal(lambda: net.fit(x, y, loss="mape"))
    assert "optimizer is \"lion\"" in refusal(lambda: net.fit(x, y, optimizer="lion"))
    assert "lr is 0" in refusal(lambda: net.fit(x, y, lr=0.0))
    assert "epochs is 0" in refusal(lambda: net.fit(x, y, epochs=0))
    assert "validation is 0.01" in refusal(lambda: net.fit(x, y, validation=0.01))
    assert "a target is 2" in refusal(lambda: make("gru", 3, 5, head=2).evaluate(x, [0, 1, 2, 0], loss="cross_entropy"))
    with pytest.raises(RuntimeError, match="no adapter matches"):
        refrain.GRU(3, 5, device="an adapter that there is not")
    with pytest.raises(RuntimeError, match="the loss became"):
        net.fit(x + np.inf, y)


def test_a_callback_ends_a_run_and_may_fail():
    x, y = wave(50, 10, 0)
    net = make("rnn", 1, 8, head=1, batch_first=True)
    fit = net.fit(x, y, epochs=50, callback=lambda epoch: epoch["epoch"] < 3)
    assert fit.stopped and len(fit.loss) == 3

    def fails(_):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        net.fit(x, y, callback=fails)
    assert np.isfinite(net.predict(x)).all()


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on Unix")
def test_an_interrupt_ends_a_run_within_an_epoch():
    x, y = wave(20000, 50, 0)
    net = make("lstm", 1, 32, head=1, batch_first=True)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        net.fit(x, y, epochs=100000)
    assert time.monotonic() - start < 20
    assert np.isfinite(net.predict(x[:10])).all()


def test_other_threads_run_while_a_network_does():
    x, y = wave(2000, 50, 0)
    net = make("lstm", 1, 32, head=1, batch_first=True)
    thread = threading.Thread(target=lambda: net.fit(x, y, epochs=2))
    thread.start()
    counted = 0
    while thread.is_alive():
        counted += 1
        time.sleep(0.001)
    assert counted > 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_keeps_weights_and_stream():
    net = make("gru", 3, 32, 2)
    x = np.random.default_rng(0).standard_normal((9, 64, 3)).astype(np.float32)
    expected, _ = net(x)
    net.step(x[0])
    process = os.fork()
    if process == 0:
        same = np.array_equal(net(x)[0], expected) and np.allclose(net.step(x[1]), expected[1], atol=1e-6)
        os._exit(0 if same else 1)
    for _ in range(600):
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            break
        time.sleep(0.1)
    else:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        pytest.fail("the forked process hangs")
    assert os.waitstatus_to_exitcode(status) == 0


def test_it_needs_no_torch():
    code = "import sys; sys.modules['torch'] = None; import refrain; print(refrain.GRU(1, 2, device='cpu'), refrain.__version__)"
    root = pathlib.Path(refrain.__file__).parents[1]
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert ran.returncode == 0 and ran.stdout.startswith("GRU(1, 2) on "), ran.stderr


def test_devices_and_help():
    listed = refrain.devices()
    assert listed[-1]["backend"] == "native" and sum(device["auto"] for device in listed) == 1
    for layer in (refrain.RNN, refrain.LSTM, refrain.GRU):
        assert "input_size, hidden_size : int" in layer.__doc__
        assert ("nonlinearity" in layer.__doc__) == (layer is refrain.RNN)
    for name in refrain.__all__:
        assert name.startswith("__") or getattr(refrain, name).__doc__


def test_the_stubs_are_those_of_the_compiled_part():
    from refrain import _refrain

    stubs = ast.parse(pathlib.Path(refrain.__file__).with_name("_refrain.pyi").read_text())
    classes = {node.name: node for node in stubs.body if isinstance(node, ast.ClassDef)}
    for name, stub in classes.items():
        found = {name for name in vars(getattr(_refrain, name)) if not name.startswith("__") or name == "__new__"}
        methods = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
        assert methods.keys() == found - (set() if "__new__" in methods else {"__new__"})
        for method, node in methods.items():
            member = inspect.getattr_static(getattr(_refrain, name), method)
            if inspect.isgetsetdescriptor(member) or method == "__new__":
                continue
            expected = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
            assert list(inspect.signature(getattr(getattr(_refrain, name), method)).parameters) == expected, method

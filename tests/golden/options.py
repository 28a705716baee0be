"""Golden cases of lengths, losses, dropout and given gradients, which generate.py writes: `lengths`, `losses`, `dropout` and
`vjp.safetensors`.

As in the files of the cells, the metadata has one key, `golden`: a JSON document with the version of PyTorch and the list
of cases. A case has its cell, its dims, its loss, and where it has them `lengths` and `dropout`. The tensors of a case:

    parameters                   block
    x [B,T,I], h_0, c_0          the batch; what lies beyond the lengths is noise
    targets                      [B,O] or [B,T,O]; classes [B] or [B,T] for cross-entropy; no class at all beyond a length
    y, h_n, c_n, loss            the forward pass; y is zero beyond the lengths
    d_parameters, d_x, d_h_0, d_c_0   gradients of the loss

In `vjp`, the way back begins with gradients that are given instead of a loss: d_y, d_h_n, d_c_n.
"""

import numpy
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from cells import CELLS, Network, block

DELTA = 0.75  # exact in float32
LOSSES = {
    "mse": torch.nn.MSELoss(),
    "mae": torch.nn.L1Loss(),
    "huber": torch.nn.HuberLoss(delta=DELTA),
    "cross_entropy": torch.nn.CrossEntropyLoss(),
    "binary_cross_entropy": torch.nn.BCEWithLogitsLoss(),
}


def length_cases():
    """Every cell: one layer and two, one direction and both; lengths out of order, as `enforce_sorted=False` takes them."""
    for c, cell in enumerate(CELLS):
        shapes = [
            dict(name="one_layer", B=4, T=5, I=2, H=3, O=1, L=1, D=1, readout="last", lengths=[3, 5, 1, 4], states=True),
            dict(name="two_layers", B=3, T=5, I=2, H=4, O=1, L=2, D=1, readout="every", lengths=[2, 5, 3], states=False),
            dict(name="reverse", B=5, T=4, I=1, H=3, O=2, L=1, D=2, readout="last", lengths=[1, 2, 4, 2, 3], states=True),
            # No row is as long as the batch.
            dict(name="two_layers_reverse", B=3, T=6, I=2, H=3, O=1, L=2, D=2, readout="every", lengths=[1, 5, 3], states=True),
        ]
        for n, shape in enumerate(shapes):
            yield {**shape, "name": f"{cell}_{shape['name']}", "cell": cell, "loss": "mse", "seed": 10_000 + 10 * c + n}


def loss_cases():
    """Every loss on the last step and on every step, with lengths and without."""
    n = 20_000
    for loss in LOSSES:
        for readout in ["last", "every"]:
            for lengths in [None, [2, 4, 1]]:
                name = f"{loss}_{readout}" + ("_lengths" if lengths else "")
                dims = dict(B=3, T=4, I=2, H=5, O=4 if loss == "cross_entropy" else 2, L=1, D=1)
                yield dict(name=name, cell="gru", **dims, readout=readout, lengths=lengths, states=False, loss=loss, seed=n)
                n += 1


def dropout_cases():
    """Dropout between two layers and three, with lengths and without. The mask is the one that src/model/dropout.rs defines."""
    seed = 0x0123456789ABCDEF
    yield dict(name="lstm", cell="lstm", B=3, T=4, I=2, H=5, O=1, L=2, D=1, readout="last", lengths=None, states=True,
               loss="mse", dropout=dict(p=0.25, seed=seed, step=7), seed=30_000)
    yield dict(name="gru", cell="gru", B=3, T=4, I=2, H=3, O=1, L=3, D=2, readout="every", lengths=[2, 4, 1], states=False,
               loss="mse", dropout=dict(p=0.5, seed=9, step=2**32 + 1), seed=30_001)


def vjp_cases():
    """Every cell: one layer; two layers in both directions, with lengths and dropout."""
    for c, cell in enumerate(CELLS):
        yield dict(name=f"{cell}_one_layer", cell=cell, B=3, T=4, I=2, H=5, O=2, L=1, D=1, readout="last", lengths=None,
                   states=True, loss=None, seed=40_000 + 2 * c)
        yield dict(name=f"{cell}_two_layers_reverse", cell=cell, B=4, T=5, I=2, H=3, O=2, L=2, D=2, readout="every",
                   lengths=[2, 5, 1, 4], states=True, loss=None, dropout=dict(p=0.25, seed=3, step=c), seed=40_001 + 2 * c)


def pcg4d(v):
    """The hash of src/model/dropout.rs, on four arrays of uint32."""
    x, y, z, w = (u * numpy.uint32(1664525) + numpy.uint32(1013904223) for u in v)
    for last in [False, True]:
        x = x + y * w
        y = y + z * x
        z = z + x * y
        w = w + y * z
        if not last:
            x, y, z, w = (u ^ (u >> numpy.uint32(16)) for u in (x, y, z, w))
    return x, y, z, w


def mask(dropout, layer, rows, steps, units):
    """[rows, steps, units]: 0 or 1 / (1 - p)."""
    halves = [dropout["seed"] & 0xFFFFFFFF, dropout["seed"] >> 32, dropout["step"] & 0xFFFFFFFF, dropout["step"] >> 32]
    key = pcg4d([numpy.array([half], dtype=numpy.uint32) for half in halves])
    row, time, unit = numpy.meshgrid(*(numpy.arange(n, dtype=numpy.uint32) for n in (rows, steps, units)), indexing="ij")
    words = pcg4d([unit ^ key[0], time ^ key[1], row ^ key[2], numpy.full_like(row, layer) ^ key[3]])[3]
    keep = words >= numpy.uint32(round(dropout["p"] * 2**32))
    assert keep.any() and not keep.all()
    return torch.from_numpy(keep) / (1 - dropout["p"])


def stack(network, case, x, states):
    """The recurrent layers over `x`, a packed sequence or a tensor; with dropout layer by layer, else as PyTorch has them."""
    if "dropout" not in case:
        return network.rnn(x, states)
    D, final = case["D"], []
    for layer in range(case["L"]):
        single = CELLS[case["cell"]](x.data.shape[-1], case["H"], bidirectional=D == 2, batch_first=True)
        weights = {name: getattr(network.rnn, name.replace("_l0", f"_l{layer}")) for name, _ in single.named_parameters()}
        here = slice(layer * D, (layer + 1) * D)
        initial = None if states is None else tuple(s[here] for s in states) if isinstance(states, tuple) else states[here]
        x, last = torch.func.functional_call(single, weights, (x, initial))
        final.append(last)
        if layer < case["L"] - 1:
            scale = mask(case["dropout"], layer, case["B"], case["T"], D * case["H"])
            if isinstance(x, PackedSequence):
                padded, _ = pad_packed_sequence(x, batch_first=True, total_length=case["T"])
                x = pack_padded_sequence(padded * scale, case["lengths"], batch_first=True, enforce_sorted=False)
            else:
                x = x * scale
    if isinstance(final[0], tuple):
        return x, tuple(torch.cat(of_state) for of_state in zip(*final))
    return x, torch.cat(final)


def forward(network, case, x, states):
    """y [B,O] or [B,T,O] and the final states."""
    T, lengths = case["T"], case["lengths"]
    if lengths is None:
        out, final = stack(network, case, x, states)
        return network.fc(out[:, -1, :] if network.last else out), final
    packed = pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    out, final = stack(network, case, packed, states)
    if network.last:
        padded, _ = pad_packed_sequence(out, batch_first=True, total_length=T)
        return network.fc(torch.stack([padded[b, length - 1] for b, length in enumerate(lengths)])), final
    return pad_packed_sequence(out._replace(data=network.fc(out.data)), batch_first=True, total_length=T)[0], final


def golden(case):
    """Every tensor of one case, and names and shapes of its state_dict."""
    torch.manual_seed(case["seed"])
    cell, loss, lengths = case["cell"], case["loss"], case["lengths"]
    network = Network(cell, case)
    parameters = dict(network.named_parameters())
    B, T, I, H, O = (case[dim] for dim in "BTIHO")
    letters = "hc" if cell == "lstm" else "h"
    x = (1.5 * torch.randn(B, T, I)).requires_grad_()
    initial, states = {}, None
    if case["states"]:
        initial = {f"{s}_0": torch.randn(case["L"] * case["D"], B, H).requires_grad_() for s in letters}
        states = tuple(initial.values()) if cell == "lstm" else initial["h_0"]
    last = case["readout"] == "last"
    counts = torch.ones(B, dtype=bool) if last else torch.arange(T) < torch.tensor(lengths or [T] * B)[:, None]
    shape = counts.shape if loss == "cross_entropy" else (*counts.shape, O)
    if loss == "cross_entropy":
        targets = torch.where(counts, torch.randint(O, shape), 1_000_000)
    elif loss == "binary_cross_entropy":
        targets = torch.rand(shape)
    else:
        targets = 1.5 * torch.randn(shape)

    y, final = forward(network, case, x, states)
    final = final if cell == "lstm" else (final,)
    given = {}
    if loss is None:
        given = {"y": torch.randn(y.shape)} | {f"{s}_n": torch.randn(state.shape) for s, state in zip(letters, final)}
        torch.autograd.backward([y, *final], list(given.values()))
        value = torch.zeros(())
    else:
        value = LOSSES[loss](y[counts], targets[counts])
        value.backward()
    if loss == "huber":
        beyond = (y[counts] - targets[counts]).abs() > DELTA
        assert beyond.any() and not beyond.all(), f"{case['name']}: one branch alone, take another seed"
    tensors = {"x": x, "targets": targets.double(), **initial, "parameters": block(parameters.values())}
    tensors |= {"y": y, "loss": value.reshape(1)} | {f"{s}_n": state for s, state in zip(letters, final)}
    tensors |= {f"d_{name}": tensor.grad.clone() for name, tensor in {"x": x, **initial}.items()}
    tensors |= {f"d_{name}": gradient for name, gradient in given.items()}
    tensors["d_parameters"] = block(p.grad for p in parameters.values())
    for name, tensor in tensors.items():
        assert tensor.dtype == torch.float64 and tensor.isfinite().all(), f"{case['name']}: {name}"
    tensors = {f"{case['name']}/{name}": tensor.detach().contiguous() for name, tensor in tensors.items()}
    of_loss = {"huber": {"delta": DELTA}} if loss == "huber" else loss
    return tensors, {**case, "loss": of_loss, "state_dict": [[name, list(p.shape)] for name, p in parameters.items()]}


def files():
    """Name, tensors and document of each file."""
    for name, cases in [("lengths", length_cases()), ("losses", loss_cases()), ("dropout", dropout_cases()), ("vjp", vjp_cases())]:
        results = [golden(case) for case in cases]
        tensors = {key: tensor for of_case, _ in results for key, tensor in of_case.items()}
        yield name, tensors, {"cases": [case for _, case in results]}

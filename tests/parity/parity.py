#!/usr/bin/env python3
"""Training parity with PyTorch, through the command line.

    cargo build --release
    python tests/parity/parity.py [--binary target/release/refrain] [--devices cpu gpu] [--seed 0]

Needs torch, numpy and safetensors. For each of twelve random networks PyTorch saves its initial weights, with no metadata,
and its arrays, and trains 50 steps in float32, in order. Then `refrain train --init --no-shuffle` does the same from the
same files, on each device. Compared are

    parameters  |ours - PyTorch's| / |PyTorch's|, Euclidean norms over all parameters; at most 1e-5 (seeds 0 to 3: at most 8e-7;
                with a learning rate that is 1 % off: 1e-3)
    run         the largest difference of y, h_n and c_n between `refrain run` and a PyTorch module that has loaded our file
                with strict=True; at most 1e-5

beside how far training moved the parameters, which says that there was something to agree on. Prints the table that
docs/pytorch.md shows, and exits with 1 on a miss.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

# Five steps an epoch. Of an odd number of rows, because the signs of an absolute error that cancel exactly leave a gradient of 0
# or, in another order of summation, of 1e-9: Adam's first step is then 0 or a tenth of the learning rate, with no one wrong.
ROWS, BATCH, EPOCHS = 41, 9, 10
PARAMETERS, OUTPUTS = 1e-5, 1e-5


@dataclass
class Config:
    cell: str
    layers: int
    bidirectional: bool
    lengths: bool
    loss: str
    optimizer: str
    clip: float
    head: str
    inputs: int
    hidden: int
    outputs: int
    steps: int
    rnn_name: str
    head_name: str
    arrays: str

    def __str__(self):
        directions = ", both directions" if self.bidirectional else ""
        lengths = ", lengths" if self.lengths else ""
        clip = f", clip {self.clip}" if self.clip else ""
        network = f"{self.cell}, {self.layers} x {self.hidden}{directions}, head {self.head}{lengths}"
        return f"{network} | {self.loss}, {self.optimizer}{clip}"


def configs(seed):
    """Twelve networks: each option is dealt evenly, in an order that the seed decides."""
    rng = random.Random(seed)

    def deal(values):
        dealt = (list(values) * 12)[:12]
        rng.shuffle(dealt)
        return dealt

    columns = zip(
        ["rnn", "rnn-relu", "lstm", "gru"] * 3,
        deal([1, 2, 3]),
        deal([False, True]),
        deal([False, True]),
        deal(["mse", "mae", "huber", "cross-entropy", "binary-cross-entropy"]),
        deal(["sgd", "adam", "adamw", "rmsprop"]),
        deal([0.0, 0.1, 1.0]),
        deal(["last", "all", "last", "all", "none"]),
        deal(["rnn", "encoder.recurrent", "lstm1"]),
        deal(["fc", "decoder.out", "head"]),
        deal(["npz", "safetensors"]),
    )
    for cell, layers, both, lengths, loss, optimizer, clip, head, rnn_name, head_name, arrays in columns:
        if head == "none" and loss == "cross-entropy":
            head = "all"
        yield Config(
            cell, layers, both, lengths, loss, optimizer, clip, head,
            inputs=rng.randint(1, 6), hidden=rng.randint(3, 24), outputs=rng.randint(2, 5), steps=rng.randint(4, 24),
            rnn_name=rnn_name, head_name=head_name, arrays=arrays,
        )  # fmt: skip


class Network(nn.Module):
    """A recurrent module and a head, each somewhere in a tree of modules as in any user's network."""

    def __init__(self, config):
        super().__init__()
        kind = {"rnn": nn.RNN, "rnn-relu": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[config.cell]
        options = {"nonlinearity": "relu"} if config.cell == "rnn-relu" else {}
        rnn = kind(
            config.inputs, config.hidden, config.layers,
            bidirectional=config.bidirectional, batch_first=True, **options,
        )  # fmt: skip
        self.config = config
        self.place(config.rnn_name, rnn)
        if config.head != "none":
            self.place(config.head_name, nn.Linear((1 + config.bidirectional) * config.hidden, config.outputs))

    def place(self, path, module):
        *outer, last = path.split(".")
        place = self
        for name in outer:
            if not hasattr(place, name):
                place.add_module(name, nn.Module())
            place = getattr(place, name)
        place.add_module(last, module)

    def forward(self, x, lengths):
        rnn = self.get_submodule(self.config.rnn_name)
        total = x.shape[1]
        if lengths is None:
            out, states = rnn(x)
        else:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            out, states = rnn(packed)
            out, _ = pad_packed_sequence(out, batch_first=True, total_length=total)
        if self.config.head == "none":
            return out, states
        # The final states of both directions, of packed sequences where each row ends.
        h_n = states[0] if isinstance(states, tuple) else states
        last = torch.cat([*h_n[-(1 + self.config.bidirectional) :]], dim=-1)
        head = self.get_submodule(self.config.head_name)
        return head(last if self.config.head == "last" else out), states


def make_arrays(config, rng):
    """x, y and lengths. What lies beyond a length is NaN, which would show if anyone read it."""
    x = rng.standard_normal((ROWS, config.steps, config.inputs)).astype(numpy.float32)
    positions = (ROWS,) if config.head == "last" else (ROWS, config.steps)
    width = (1 + config.bidirectional) * config.hidden if config.head == "none" else config.outputs
    if config.loss == "cross-entropy":
        y = rng.integers(0, config.outputs, positions)
        y.reshape(-1)[0] = config.outputs - 1
    elif config.loss == "binary-cross-entropy":
        y = rng.integers(0, 2, (*positions, width)).astype(numpy.float32)
    else:
        y = (rng.standard_normal((*positions, width)) * 0.5).astype(numpy.float32)
    arrays = {"x": x, "y": y}
    if config.lengths:
        lengths = rng.integers(1, config.steps + 1, ROWS)
        arrays["lengths"] = lengths
        beyond = numpy.arange(config.steps)[None] >= lengths[:, None]
        x[beyond] = numpy.nan
        if config.head != "last" and config.loss != "cross-entropy":
            y[beyond] = numpy.nan
    return arrays


def loss_of(config, y, target, lengths):
    """The loss, its mean over the positions within the lengths."""
    if lengths is not None and config.head != "last":
        within = torch.arange(y.shape[1])[None] < lengths[:, None]
        y, target = y[within], target[within]
    if config.loss == "cross-entropy":
        return nn.functional.cross_entropy(y.reshape(-1, y.shape[-1]), target.reshape(-1))
    losses = {
        "mse": nn.functional.mse_loss,
        "mae": nn.functional.l1_loss,
        "huber": nn.functional.huber_loss,
        "binary-cross-entropy": nn.functional.binary_cross_entropy_with_logits,
    }
    return losses[config.loss](y, target)


RATES = {"sgd": 0.05, "adam": 2e-3, "adamw": 2e-3, "rmsprop": 1e-3}


def train(config, network, arrays):
    parameters = list(network.parameters())
    lr = RATES[config.optimizer]
    optimizer = {
        "sgd": lambda: torch.optim.SGD(parameters, lr, momentum=0.9),
        "adam": lambda: torch.optim.Adam(parameters, lr),
        "adamw": lambda: torch.optim.AdamW(parameters, lr),
        "rmsprop": lambda: torch.optim.RMSprop(parameters, lr),
    }[config.optimizer]()
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    for _ in range(EPOCHS):
        for start in range(0, ROWS, BATCH):
            rows = {name: tensor[start : start + BATCH] for name, tensor in tensors.items()}
            y, _ = network(rows["x"], rows.get("lengths"))
            loss = loss_of(config, y, rows["y"], rows.get("lengths"))
            optimizer.zero_grad()
            loss.backward()
            if config.clip:
                nn.utils.clip_grad_norm_(parameters, config.clip)
            optimizer.step()


def refrain(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"refrain {' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout


def flat(state):
    return torch.cat([state[name].double().reshape(-1) for name in sorted(state)])


def ours(config, binary, device, folder):
    """What `refrain train` makes of the initial weights and arrays in `folder`: a state_dict."""
    trained = folder / f"trained-{device}.safetensors"
    nonlinearity = ["--nonlinearity", "relu"] if config.cell == "rnn-relu" else []
    refrain(
        binary, "train", folder / f"arrays.{config.arrays}", "--init", folder / "initial.safetensors",
        "--head", config.head, "--loss", config.loss, "--optimizer", config.optimizer, "--lr", RATES[config.optimizer],
        "--clip", config.clip, "--batch", BATCH, "--epochs", EPOCHS, "--no-shuffle", "--device", device,
        "--out", trained, "--quiet", *nonlinearity,
    )  # fmt: skip
    return load_file(trained)


def run_difference(config, binary, device, folder, network, arrays):
    """The largest difference between `refrain run` on our trained file and PyTorch's module with its weights."""
    out = folder / f"out-{device}.{config.arrays}"
    refrain(
        binary, "run", folder / f"trained-{device}.safetensors", folder / f"arrays.{config.arrays}",
        "--out", out, "--device", device, "--batch", 16, "--quiet",
    )  # fmt: skip
    found = dict(numpy.load(out)) if config.arrays == "npz" else load_arrays(out)
    lengths = torch.from_numpy(arrays["lengths"]) if config.lengths else None
    with torch.no_grad():
        y, states = network(torch.from_numpy(arrays["x"]), lengths)
    if lengths is not None and config.head != "last":
        y[torch.arange(config.steps)[None] >= lengths[:, None]] = 0  # the head's bias stands there in PyTorch
    h_n, *c_n = states if isinstance(states, tuple) else (states,)
    expected = {"y": y, "h_n": h_n} | ({"c_n": c_n[0]} if c_n else {})
    if found.keys() != expected.keys():
        raise SystemExit(f"refrain run wrote {sorted(found)}, expected {sorted(expected)}")
    worst = 0.0
    for name, tensor in expected.items():
        if found[name].shape != tuple(tensor.shape):
            raise SystemExit(f"{name}: refrain run wrote {found[name].shape}, expected {tuple(tensor.shape)}")
        worst = max(worst, float(numpy.abs(found[name] - tensor.numpy()).max()))
    return worst


def compare(config, binary, devices, folder):
    rng = numpy.random.default_rng(config.hidden * 1000 + config.steps)
    torch.manual_seed(config.hidden)
    network = Network(config)
    arrays = make_arrays(config, rng)
    save_file({name: tensor.clone() for name, tensor in network.state_dict().items()}, folder / "initial.safetensors")
    if config.arrays == "npz":
        numpy.savez_compressed(folder / "arrays.npz", **arrays)
    else:
        save_file({name: torch.from_numpy(array) for name, array in arrays.items()}, folder / "arrays.safetensors")

    initial = flat(network.state_dict())
    train(config, network, arrays)
    expected = flat(network.state_dict())
    size = expected.norm()
    row = [float((expected - initial).norm() / size)]
    for device in devices:
        state = ours(config, binary, device, folder)
        row.append(float((flat(state) - expected).norm() / size))
        loaded = Network(config)
        loaded.load_state_dict(state, strict=True)
        row.append(run_difference(config, binary, device, folder, loaded, arrays))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/refrain")
    parser.add_argument("--devices", nargs="+", default=["cpu", "gpu"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print the numbers as one JSON document too")
    args = parser.parse_args()
    torch.set_num_threads(1)

    heads = " | ".join(f"{device}: parameters | {device}: run" for device in args.devices)
    print(f"| network | training | moved | {heads} |")
    print("|---|---|" + "---|" * (1 + 2 * len(args.devices)))
    rows, misses = [], 0
    for config in configs(args.seed):
        with tempfile.TemporaryDirectory() as folder:
            row = compare(config, args.binary, args.devices, Path(folder))
        allowed = [PARAMETERS, OUTPUTS] * len(args.devices)
        missed = [not value <= most for value, most in zip(row[1:], allowed)]
        misses += any(missed)
        marks = ["", *(" MISS" if miss else "" for miss in missed)]
        print(f"| {config} | " + " | ".join(f"{value:.1e}{mark}" for value, mark in zip(row, marks)) + " |", flush=True)
        rows.append({"config": vars(config), "numbers": row})
    if args.json:
        print(json.dumps(rows))
    if misses:
        sys.exit(f"{misses} of {len(rows)} networks are beyond {PARAMETERS:g} (parameters) or {OUTPUTS:g} (run)")


if __name__ == "__main__":
    main()

"""A training step of a PyTorch model with refrain.torch's layers against the same with torch.nn's, side by side.

    pip install --no-build-isolation ./python    # in release, as pip builds it
    python benches/torch_layer.py [--quick] [--seconds 5] [--engine cpu] [--json torch_layer.json]

The model is a recurrent layer (batch_first) and a Linear on its last step; a step is zero_grad, forward, mean squared error,
backward and torch.optim.Adam, all in float32. Both modules have the same weights, and must have the same losses over three
steps before anything is timed. They take turns, with one thread of PyTorch's and with all; shown is the median step of each
at its better number of threads. refrain's engine has threads of its own, as many as there are processors.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import time

import torch
from torch import nn

import refrain
import refrain.torch

CELLS = ("RNN", "LSTM", "GRU")
# B, T, I, H, layers, both directions; and how many times as fast an LSTM is asked to be.
SHAPES = [
    ((32, 50, 1, 20, 1, False), 8),
    ((1000, 50, 1, 64, 1, False), 3),
    ((64, 100, 64, 128, 1, False), 2),
    ((64, 100, 64, 128, 2, False), 1.5),
    ((64, 100, 64, 64, 1, True), 2),
]
QUICK = [((4, 6, 2, 5, 1, False), 0), ((4, 6, 2, 5, 2, True), 0)]
# Of the losses of both modules over the first steps, relative.
TOLERANCE = 1e-5
# Steps that are timed together, so that the clock and the turns do not count.
BLOCK_SECONDS = 0.02


class Network(nn.Module):
    """The model; `modules` is where its recurrent layer comes from."""

    def __init__(self, modules, cell, inputs, hidden, layers, both, **more):
        super().__init__()
        self.rnn = getattr(modules, cell)(inputs, hidden, layers, batch_first=True, bidirectional=both, **more)
        self.fc = nn.Linear(hidden * (1 + both), 1)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


class Training:
    """One of the two, in training."""

    def __init__(self, modules, cell, shape, block_seconds, **more):
        rows, steps, inputs, hidden, layers, both = shape
        torch.manual_seed(0)
        self.network = Network(modules, cell, inputs, hidden, layers, both, **more)
        self.x, self.y = torch.rand(rows, steps, inputs) * 2 - 1, torch.rand(rows, 1) * 2 - 1
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.samples = {}
        self.block, self.block_seconds = 1, block_seconds

    def step(self):
        self.optimizer.zero_grad()
        loss = nn.functional.mse_loss(self.network(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def sample(self, threads):
        """Times a block of steps with so many threads of PyTorch's."""
        torch.set_num_threads(threads)
        self.step()
        start = time.perf_counter()
        for _ in range(self.block):
            self.step()
        step = (time.perf_counter() - start) / self.block
        self.block = max(1, min(100, round(self.block_seconds / step)))
        self.samples.setdefault(threads, []).append(step)

    def best(self):
        """The median of the better number of threads, in milliseconds, and that number."""
        step, threads = min((statistics.median(samples), threads) for threads, samples in self.samples.items())
        return 1000 * step, threads


def measure(cell, shape, seconds, engine):
    """The medians of both, and how many samples of each they are of."""
    block = min(BLOCK_SECONDS, seconds / 10)
    theirs, ours = Training(nn, cell, shape, block), Training(refrain.torch, cell, shape, block, engine=engine)
    for step in range(3):
        expected, found = theirs.step(), ours.step()
        if not abs(found - expected) <= TOLERANCE * abs(expected):
            raise SystemExit(f"{cell} {shape}, step {step}: the loss is {found}, expected {expected}")
    threads = sorted({1, os.cpu_count() or 1})
    for training in (theirs, ours):
        for count in threads:
            training.sample(count)  # to warm up, and to find the size of a block
    theirs.samples, ours.samples = {}, {}
    end = time.perf_counter() + seconds
    while not ours.samples or time.perf_counter() < end:
        for count in threads:
            theirs.sample(count)
            ours.sample(count)
    return theirs.best(), ours.best(), len(ours.samples[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="tiny networks, to see that it runs")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each row")
    parser.add_argument("--engine", default="cpu", help="what runs refrain's layers, as refrain.devices lists it")
    parser.add_argument("--json", metavar="FILE", help="write the rows to a file")
    arguments = parser.parse_args()
    seconds = 0.05 if arguments.quick else arguments.seconds

    device = refrain.GRU(1, 1, device=arguments.engine).device
    date = datetime.date.today().isoformat()
    print(f"refrain {refrain.__version__} on {device}; PyTorch {torch.__version__}; {platform.machine()}, ", end="")
    print(f"{os.cpu_count()} processors; {date}\n")
    print("| B, T, I, H | layers, directions | | torch.nn, ms | refrain.torch, ms | times as fast | asked for |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    for shape, asked in QUICK if arguments.quick else SHAPES:
        for cell in CELLS:
            (theirs, their_threads), (ours, our_threads), samples = measure(cell, shape, seconds, arguments.engine)
            *sizes, layers, both = shape
            wanted = asked if cell == "LSTM" else ""
            print(
                f"| {', '.join(map(str, sizes))} | {layers}, {1 + both} | {cell} | {theirs:.3g} ({their_threads}) "
                f"| {ours:.3g} ({our_threads}) | {theirs / ours:.2f} | {wanted} |",
                flush=True,
            )
            rows.append({"shape": shape, "cell": cell, "torch_ms": theirs, "refrain_ms": ours, "samples": samples})
    print("\nIn brackets: threads of PyTorch's.")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"device": device, "torch": torch.__version__, "date": date, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()

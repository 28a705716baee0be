"""The table of `refrain bench` in PyTorch: nn.RNN, nn.LSTM or nn.GRU (batch_first) with a Linear on the last step, MSE and
torch.optim.Adam, eager. Needs PyTorch alone.

    python benches/pytorch.py --json pytorch.json
    refrain bench --against pytorch.json

Rows have the names of src/bench_table.rs. On the processor each is timed with one thread and with all; on CUDA, where there
is one, with TF32 off and on. Several steps are queued, and the last loss is read. Data lie on the device; a batch is not
gathered, so that PyTorch is spared what training on shuffled windows would add.
"""

import argparse
import json
import os
import platform
import sys
import time

import torch
from torch import nn

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
SHAPES = [
    (32, 50, 1, 20),
    (100, 5, 10, 20),
    (1000, 50, 1, 20),
    (1000, 50, 1, 64),
    (64, 100, 64, 128),
    (1000, 50, 1, 128),
    (32, 100, 256, 512),
    (64, 100, 512, 1024),
    (4, 100, 256, 512),
    (8, 100, 256, 512),
    (16, 100, 256, 512),
    (16, 50, 128, 256),
    (8, 200, 32, 128),
    (1, 1000, 1, 64),
]
STREAMS = [20, 128, 512]
STREAM_STEPS = 100
# As in src/cli/bench/measure.rs.
EPOCH = 25
QUEUE_SECONDS = 0.05
FEWEST_SAMPLES = 3


def rows():
    """(name, what, cell, B, T, I, H, L, bidirectional), in the order of src/bench_table.rs."""

    def row(what, cell, b, t, i, h, layers=1, bidirectional=False):
        name = f"{what} {cell} B={b} T={t} I={i} H={h}"
        name += f" L={layers}" if layers > 1 else ""
        name += " bidirectional" if bidirectional else ""
        return name, what, cell, b, t, i, h, layers, bidirectional

    for shape in SHAPES:
        for cell in CELLS:
            yield from (row(what, cell, *shape) for what in ("train", "forward"))
    yield from (row(what, "lstm", 64, 100, 64, 128, layers=2) for what in ("train", "forward"))
    yield from (row(what, "lstm", 64, 100, 64, 64, bidirectional=True) for what in ("train", "forward"))
    for hidden in STREAMS:
        for cell in CELLS:
            yield from (row(what, cell, 1, STREAM_STEPS, 1, hidden) for what in ("stream", "block"))


class Network(nn.Module):
    def __init__(self, cell, inputs, hidden, layers, bidirectional):
        super().__init__()
        self.rnn = CELLS[cell](inputs, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.fc = nn.Linear(hidden * (2 if bidirectional else 1), 1)

    def forward(self, x, states=None):
        out, states = self.rnn(x, states)
        h_n = states[0] if isinstance(states, tuple) else states
        return self.fc(torch.cat([*h_n[-2:]], dim=-1) if self.rnn.bidirectional else out[:, -1]), states


def work(row, device):
    """A function that runs `count` steps or passes and waits for them, and the time steps that each is divided by."""
    _, what, cell, b, t, i, h, layers, bidirectional = row
    torch.manual_seed(0)
    network = Network(cell, i, h, layers, bidirectional).to(device)
    x = (2 * torch.rand(b, t, i) - 1).to(device)
    target = (2 * torch.rand(b, 1) - 1).to(device)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)

    def train(count):
        for _ in range(count):
            optimizer.zero_grad()
            loss = criterion(network(x)[0], target)
            loss.backward()
            optimizer.step()
        return loss.item()

    @torch.no_grad()
    def forward(count):
        for _ in range(count):
            y, _ = network(x)
        return y[0].item()

    @torch.no_grad()
    def stream(count):
        for _ in range(count):
            states = None
            for step in range(t):
                y, states = network(x[:, step : step + 1], states)
                # A stream's output is wanted before its next input is there.
                value = y.item()
        return value

    run = {"train": train, "forward": forward, "stream": stream, "block": forward}[what]
    return run, t if what in ("stream", "block") else 1


def measure(row, device, seconds):
    run, parts = work(row, device)
    run(1)
    start = time.perf_counter()
    run(1)
    single = time.perf_counter() - start
    # Single sequences are read one by one, as there.
    count = 1 if parts > 1 else max(1, min(EPOCH, -int(-QUEUE_SECONDS // single)))
    start = time.perf_counter()
    while time.perf_counter() - start < seconds / 4:
        run(count)
    samples = []
    start = time.perf_counter()
    while len(samples) < FEWEST_SAMPLES or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        value = run(count)
        samples.append((time.perf_counter() - begin) / (count * parts) * 1e3)
        assert value == value and abs(value) != float("inf"), f"{row[0]}: {value}"
    samples.sort()

    def at(share):
        place = share * (len(samples) - 1)
        below = samples[int(place)]
        above = samples[min(int(place) + 1, len(samples) - 1)]
        return below + (above - below) * (place - int(place))

    return {"median_ms": at(0.5), "low_ms": at(0.1), "high_ms": at(0.9)}


def settings():
    """(device, threads, tf32) in turn."""
    everything = os.cpu_count() if not hasattr(os, "sched_getaffinity") else len(os.sched_getaffinity(0))
    for threads in sorted({1, everything}):
        yield "cpu", threads, False
    if torch.cuda.is_available():
        yield "cuda", everything, False
        yield "cuda", everything, True


def processor():
    try:
        with open("/proc/cpuinfo") as table:
            return next(line.split(":", 1)[1].strip() for line in table if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="only the rows whose name contains this")
    parser.add_argument("--seconds", type=float, default=2.0, metavar="X", help="for each row and setting (2)")
    parser.add_argument("--json", metavar="FILE", help="where the times go")
    arguments = parser.parse_args()
    chosen = [row for row in rows() if arguments.only in row[0]]
    if not chosen:
        parser.error(f"--only: no row's name contains `{arguments.only}`")

    results = []
    for row in chosen:
        for device, threads, tf32 in settings():
            torch.set_num_threads(threads)
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32
            times = measure(row, device, arguments.seconds)
            results.append({"name": row[0], "device": device, "threads": threads, "tf32": tf32, **times})
            label = f"{device}{' tf32' if tf32 else ''}, {threads} threads"
            spread = f"{times['low_ms']:.4g} to {times['high_ms']:.4g}"
            print(f"{row[0]:<46}  {label:<18}  {times['median_ms']:>9.4g} ms  ({spread})", file=sys.stderr)
    document = {
        "torch": torch.__version__,
        "cpu": processor(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": sorted({result["threads"] for result in results}),
        "results": results,
    }
    text = json.dumps(document, indent=1) + "\n"
    if arguments.json:
        with open(arguments.json, "w") as file:
            file.write(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()

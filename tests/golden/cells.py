"""Golden cases of the cells, which generate.py writes: one safetensors file per cell, for tests/golden.rs.

The metadata has one key, `golden`: a JSON document with the version of PyTorch and the list of cases,
each with its dims, its seed and `state_dict`: names and shapes, in order. A block is all of these tensors flat, one
behind the other. The tensors of a case, each named `<case>/<tensor>`:

    parameters                   block
    x [B,T,I], targets           the batch; targets are [B,O], or [B,T,O] where the head reads every step
    h_0, c_0 [L*D,B,H]           initial states, only where the case gives them (c only for lstm)
    y, h_n, c_n, loss            the forward pass and its mean squared error
    d_parameters                 block: gradient of the loss
    d_x, d_h_0, d_c_0            gradients of the loss
    adam                         block: the parameters after STEPS steps of torch.optim.Adam on the same batch
"""

import torch

STEPS = 3
CELLS = {
    "rnn_tanh": lambda *sizes, **options: torch.nn.RNN(*sizes, nonlinearity="tanh", **options),
    "rnn_relu": lambda *sizes, **options: torch.nn.RNN(*sizes, nonlinearity="relu", **options),
    "lstm": torch.nn.LSTM,
    "gru": torch.nn.GRU,
}
DEFAULT = dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)
# Far from the defaults, and an eps that weighs: a term in the wrong place shows in the first digits.
COARSE = dict(lr=0.05, beta1=0.7, beta2=0.95, eps=1e-2)
# The dims of a case have no common divisor wherever they could be mistaken for one another.
CASES = [
    dict(name="plain", B=3, T=5, I=2, H=7, O=3, L=1, D=1, readout="last", states=False, adam=DEFAULT),
    dict(name="plain_every", B=3, T=5, I=2, H=7, O=1, L=1, D=1, readout="every", states=True, adam=COARSE),
    dict(name="one_step_one_row", B=1, T=1, I=3, H=4, O=2, L=1, D=1, readout="last", states=True, adam=COARSE),
    dict(name="two_layers", B=2, T=5, I=3, H=4, O=1, L=2, D=1, readout="last", states=False, adam=COARSE),
    dict(name="three_layers", B=5, T=3, I=1, H=4, O=2, L=3, D=1, readout="every", states=True, adam=DEFAULT),
    dict(name="reverse", B=3, T=4, I=2, H=5, O=1, L=1, D=2, readout="last", states=True, adam=COARSE),
    dict(name="reverse_every", B=2, T=5, I=4, H=3, O=1, L=1, D=2, readout="every", states=False, adam=DEFAULT),
    dict(name="two_layers_reverse", B=4, T=5, I=1, H=3, O=2, L=2, D=2, readout="last", states=True, adam=DEFAULT),
    dict(name="three_layers_reverse", B=2, T=4, I=5, H=3, O=1, L=3, D=2, readout="every", states=True, adam=COARSE),
]


class Network(torch.nn.Module):
    """The network of `Spec`: a recurrent stack and a linear head on its last step or on every step."""

    def __init__(self, cell, case):
        super().__init__()
        options = dict(num_layers=case["L"], bidirectional=case["D"] == 2, batch_first=True)
        self.rnn = CELLS[cell](case["I"], case["H"], **options)
        self.fc = torch.nn.Linear(case["D"] * case["H"], case["O"])
        self.last = case["readout"] == "last"

    def forward(self, x, states):
        out, final = self.rnn(x, states)
        return self.fc(out[:, -1, :] if self.last else out), final


def block(tensors):
    """All tensors flat, one behind the other."""
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def golden(cell, case):
    """Every tensor of one case, and names and shapes of its state_dict."""
    torch.manual_seed(case["seed"])
    network = Network(cell, case)
    parameters = dict(network.named_parameters())
    assert list(parameters) == list(network.state_dict())
    B, T, I, H, O = (case[dim] for dim in "BTIHO")
    letters = "hc" if cell == "lstm" else "h"
    x = (1.5 * torch.randn(B, T, I)).requires_grad_()
    targets = torch.randn((B, O) if case["readout"] == "last" else (B, T, O))
    initial, states = {}, None
    if case["states"]:
        initial = {f"{s}_0": torch.randn(case["L"] * case["D"], B, H).requires_grad_() for s in letters}
        states = tuple(initial.values()) if cell == "lstm" else initial["h_0"]

    tensors = {"x": x, "targets": targets, **initial, "parameters": block(parameters.values())}
    y, final = network(x, states)
    loss = torch.nn.functional.mse_loss(y, targets)
    loss.backward()
    final = final if cell == "lstm" else (final,)
    tensors |= {"y": y, "loss": loss.reshape(1)} | {f"{s}_n": value for s, value in zip(letters, final)}
    tensors |= {f"d_{name}": tensor.grad.clone() for name, tensor in {"x": x, **initial}.items()}
    tensors["d_parameters"] = block(p.grad for p in parameters.values())
    # A gradient that is zero throughout would be matched by a backward pass that does nothing. One is honest, and no
    # case has it: from states of zero, the recurrent weights of a scan whose first step alone is read.
    for name, tensor in {"x": x, **initial, **parameters}.items():
        assert tensor.grad.any(), f"{cell}, {case['name']}: the gradient of {name} is zero, take another seed"

    adam = case["adam"]
    betas = (adam["beta1"], adam["beta2"])
    optimizer = torch.optim.Adam(parameters.values(), lr=adam["lr"], betas=betas, eps=adam["eps"])
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(network(x, states)[0], targets).backward()
        optimizer.step()
    tensors["adam"] = block(parameters.values())

    for name, tensor in tensors.items():
        assert tensor.dtype == torch.float64 and tensor.isfinite().all(), f"{cell}, {case['name']}: {name}"
    shapes = [[name, list(p.shape)] for name, p in parameters.items()]
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}, shapes


def files():
    """Name, tensors and document of each file."""
    for c, cell in enumerate(CELLS):
        tensors, cases = {}, []
        for n, case in enumerate(CASES):
            case = {**case, "seed": 1000 * (c + 1) + n}
            of_case, shapes = golden(cell, case)
            tensors |= {f"{case['name']}/{name}": tensor for name, tensor in of_case.items()}
            cases.append({**case, "state_dict": shapes})
        yield cell, tensors, {"cell": cell, "steps": STEPS, "cases": cases}

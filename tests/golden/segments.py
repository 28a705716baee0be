"""Golden cases of networks over segments, which generate.py writes: `segments.safetensors`.

As in the files of the cells, the metadata has one key, `golden`: a JSON document with the version of PyTorch and the list
of cases. A case has its cell, its dims and `state_dict`: names and shapes, in order. The tensors of a case:

    parameters                   block
    x [B,T,I]                    the batch
    statics [B,C]                features that do not change in time, only where the case has them
    targets                      [B,O], or what the loss reads in their place
    h_0, c_0 [L,B,H]             initial states, only where the case gives them
    y, h_n, c_n, loss            the forward pass and the mean of its squared errors, or of -ln of the likelihoods of the
                                 case's distribution
    d_parameters, d_x, d_h_0, d_c_0   gradients of the loss
"""

import torch
from torch.nn.functional import softplus

from cells import CELLS, block

CASES = [
    # T and O are whole numbers of segments, as the paper has them; then neither is.
    dict(name="even", B=3, T=12, I=1, H=5, O=8, L=1, segment=4, targets=1, states=False),
    dict(name="uneven", B=2, T=7, I=3, H=4, O=10, L=2, segment=3, targets=2, states=True),
    # Two targets a row, of three and two parameters.
    dict(name="student_t", B=3, T=6, I=2, H=5, O=18, L=1, segment=2, targets=6, states=False, distribution="student_t"),
    # Features that do not change in time, in each position's input.
    dict(name="statics", B=3, T=7, I=2, H=5, O=10, L=2, segment=3, targets=1, states=True, statics=3),
    dict(name="counts", B=3, T=6, I=2, H=5, O=12, L=1, segment=2, targets=4, states=False,
         distribution="negative_binomial"),
]


def squares(case, y):
    targets = torch.rand(case["B"], case["O"]) * 2 - 1
    return targets, torch.nn.functional.mse_loss(y, targets)


def student_t(case, y):
    """Heavy tails: targets up to 30 scales away."""
    location, scale, freedom = y.unflatten(1, (-1, 3)).unbind(2)
    targets = (torch.rand(location.shape) * 2 - 1) ** 5 * 30
    scale, freedom = softplus(scale) + 1e-4, softplus(freedom) + 2
    return targets, -torch.distributions.StudentT(freedom, location, scale).log_prob(targets).mean()


def negative_binomial(case, y):
    """Counts from 0 to 40, and their sizes."""
    mean, dispersion = y.unflatten(1, (-1, 2)).unbind(2)
    counts, sizes = torch.randint(0, 41, mean.shape).double(), torch.rand(mean.shape) * 10 + 1
    mean, dispersion = (softplus(mean) + 1e-6) * sizes, softplus(dispersion) + 1e-3
    probabilities = dispersion * mean / (1 + dispersion * mean)
    likelihood = torch.distributions.NegativeBinomial(1 / dispersion, probs=probabilities)
    return torch.stack([counts / sizes, sizes], 2).flatten(1), -likelihood.log_prob(counts).mean()


LOSSES = dict(squares=squares, student_t=student_t, negative_binomial=negative_binomial)


class Network(torch.nn.Module):
    """SegRNN (Lin et al. 2023) with parallel decoding, without its dropout; its embedding of channels stands for static
    features, and is added to that of positions."""

    def __init__(self, cell, case):
        super().__init__()
        self.segment, self.outputs = case["segment"], case["O"]
        output = case["segment"] * case["targets"]
        self.embedding = torch.nn.Linear(case["segment"] * case["I"], case["H"])
        self.positions = torch.nn.Embedding(-(-case["O"] // output), case["H"])
        if "statics" in case:
            self.statics = torch.nn.Linear(case["statics"], case["H"], bias=False)
        self.rnn = CELLS[cell](case["H"], case["H"], num_layers=case["L"], batch_first=True)
        self.fc = torch.nn.Linear(case["H"], output)

    def forward(self, x, states, statics):
        rows, steps, inputs = x.shape
        missing = -steps % self.segment
        segments = torch.nn.functional.pad(x, (0, 0, missing, 0)).reshape(rows, -1, self.segment * inputs)
        _, final = self.rnn(torch.relu(self.embedding(segments)), states)
        count = self.positions.num_embeddings
        repeat = lambda state: state.repeat_interleave(count, dim=1)
        begin = tuple(map(repeat, final)) if isinstance(final, tuple) else repeat(final)
        told = self.positions.weight.expand(rows, -1, -1)
        if statics is not None:
            told = told + self.statics(statics).unsqueeze(1)
        decoded, _ = self.rnn(told.reshape(rows * count, 1, -1), begin)
        return self.fc(decoded).reshape(rows, -1)[:, : self.outputs], final


def tensors(cell, case):
    torch.manual_seed(case["seed"])
    network = Network(cell, case)
    x = torch.rand(case["B"], case["T"], case["I"]).mul(2).sub(1).requires_grad_()
    letters = ["h", "c"] if cell == "lstm" else ["h"]
    given = [torch.rand(case["L"], case["B"], case["H"]).mul(2).sub(1).requires_grad_() for _ in letters]
    given = given if case["states"] else []
    statics = torch.rand(case["B"], case["statics"]).mul(2).sub(1) if "statics" in case else None
    y, final = network(x, (tuple(given) if cell == "lstm" else given[0]) if given else None, statics)
    targets, loss = LOSSES[case.get("distribution", "squares")](case, y)
    loss.backward()
    parameters = list(network.parameters())
    found = dict(parameters=block(parameters), x=x, targets=targets, y=y, loss=loss.reshape(1), d_x=x.grad,
                 d_parameters=block([parameter.grad for parameter in parameters]))
    if statics is not None:
        found["statics"] = statics
    for letter, state in zip(letters, final if cell == "lstm" else (final,)):
        found[f"{letter}_n"] = state
    for letter, state in zip(letters, given):
        found |= {f"{letter}_0": state, f"d_{letter}_0": state.grad}
    state_dict = [(name, list(tensor.shape)) for name, tensor in network.state_dict().items()]
    return {name: tensor.detach().clone().contiguous() for name, tensor in found.items()}, state_dict


def files():
    found, cases = {}, []
    for c, cell in enumerate(CELLS):
        for n, case in enumerate(CASES):
            case = {**case, "name": f"{cell}_{case['name']}", "cell": cell, "seed": 50_000 + 100 * c + n}
            of_case, state_dict = tensors(cell, case)
            found |= {f"{case['name']}/{name}": tensor for name, tensor in of_case.items()}
            cases.append({**case, "state_dict": state_dict})
    yield "segments", found, dict(cases=cases)

"""Golden cases of optimisers, clipping and schedules, which generate.py writes: `optimizers.safetensors`.

The metadata has one key, `golden`: a JSON document with the version of PyTorch, the list of `cases` and the list of
`schedules`, each in the words of the crate. All cases train one network, `dims`, on one batch: the tensors `parameters`
(block), `x` [B,T,I] and `targets` [B,O]. The tensors of a case:

    <case>/parameters [STEPS, block]   after each step
    <case>/norms [STEPS]               what clip_grad_norm_ returned, where the case clips

and of a schedule:

    <schedule>/factors [N]   the learning rate of each step or epoch over the one that it begins with
    <schedule>/losses [N]    where it follows the losses: that of each epoch
"""

import torch
from torch.optim import lr_scheduler

from cells import Network, block

STEPS = 20
DIMS = dict(B=3, T=5, I=2, H=4, O=1, L=1, D=1, readout="last")
# eps weighs, and weight decay too: a term in the wrong place shows in the first digits.
CASES = [
    dict(name="sgd", optimizer={"sgd": dict(lr=0.1, momentum=0.0, weight_decay=0.0)}),
    dict(name="sgd_momentum", optimizer={"sgd": dict(lr=0.1, momentum=0.8, weight_decay=0.05)}),
    dict(name="adam", optimizer={"adam": dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0)}),
    dict(name="adam_decay", optimizer={"adam": dict(lr=0.05, beta1=0.7, beta2=0.95, eps=1e-2, weight_decay=0.05)}),
    dict(name="adam_w", optimizer={"adam_w": dict(lr=0.05, beta1=0.7, beta2=0.95, eps=1e-2, weight_decay=0.3)}),
    dict(name="rms_prop", optimizer={"rms_prop": dict(lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0)}),
    dict(name="rms_prop_decay", optimizer={"rms_prop": dict(lr=0.05, alpha=0.8, eps=1e-2, weight_decay=0.05)}),
    dict(name="clip", optimizer={"sgd": dict(lr=0.5, momentum=0.5, weight_decay=0.1)}, clip=dict(max_norm=0.4)),
    dict(name="clip_adam_w", optimizer={"adam_w": dict(lr=0.05, beta1=0.7, beta2=0.95, eps=1e-2, weight_decay=0.3)}, clip=dict(max_norm=0.4)),
    # So small a limit that PyTorch's 1e-6 weighs.
    dict(name="clip_hard", optimizer={"sgd": dict(lr=10.0, momentum=0.0, weight_decay=0.0)}, clip=dict(max_norm=1e-3)),
]
SCHEDULES = [
    dict(name="step", schedule={"step": dict(every=3, factor=0.7)}),
    dict(name="cosine", schedule={"cosine": dict(warm_up=0, total=30, floor=0.0)}),
    dict(name="cosine_warm_up", schedule={"cosine": dict(warm_up=5, total=30, floor=0.1)}),
    dict(name="plateau", schedule={"plateau": dict(factor=0.5, patience=2, threshold=1e-4)}),
    dict(name="plateau_impatient", schedule={"plateau": dict(factor=0.9, patience=0, threshold=0.1)}),
]


def optimizer_of(case, parameters):
    ((kind, options),) = case["optimizer"].items()
    options = dict(options)
    if kind in ["adam", "adam_w"]:
        options["betas"] = (options.pop("beta1"), options.pop("beta2"))
    kinds = dict(sgd=torch.optim.SGD, adam=torch.optim.Adam, adam_w=torch.optim.AdamW, rms_prop=torch.optim.RMSprop)
    return kinds[kind](parameters, **options)


def train(case, network, x, targets):
    """The parameters after every step, and the norms of the gradients where they are clipped."""
    optimizer = optimizer_of(case, network.parameters())
    blocks, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(network(x, None)[0], targets).backward()
        if "clip" in case:
            norms.append(torch.nn.utils.clip_grad_norm_(network.parameters(), **case["clip"]))
        optimizer.step()
        blocks.append(block(network.parameters()))
    tensors = {"parameters": torch.stack(blocks)}
    if norms:
        tensors["norms"] = torch.stack(norms)
        clipped = tensors["norms"] > case["clip"]["max_norm"]
        # Some cases cross the limit, so that both branches show.
        assert clipped.any() and (case["name"] == "clip_hard" or not clipped.all()), (case["name"], norms)
    return tensors


def factors(schedule, losses):
    """The learning rate over its first, over as many steps or epochs as there are losses."""
    lr = 0.3
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    ((kind, options),) = schedule["schedule"].items()
    if kind == "step":
        scheduler = lr_scheduler.StepLR(optimizer, options["every"], options["factor"])
    elif kind == "plateau":
        scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, "min", **options)
    else:
        warm_up, total = options["warm_up"], options["total"]
        cosine = lambda: lr_scheduler.CosineAnnealingLR(optimizer, total - warm_up, eta_min=options["floor"] * lr)
        if warm_up == 0:
            scheduler = cosine()
        else:
            rise = lr_scheduler.LinearLR(optimizer, start_factor=1 / (warm_up + 1), total_iters=warm_up)
            scheduler = lr_scheduler.SequentialLR(optimizer, [rise, cosine()], milestones=[warm_up])
    found = []
    for loss in losses:
        found.append(optimizer.param_groups[0]["lr"] / lr)
        optimizer.step()
        scheduler.step(*([loss] if kind == "plateau" else []))
    return torch.tensor(found)


def files():
    """Name, tensors and document of the file."""
    torch.manual_seed(40_000)
    network = Network("rnn_tanh", DIMS)
    begin = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    x, targets = 1.5 * torch.randn(DIMS["B"], DIMS["T"], DIMS["I"]), torch.randn(DIMS["B"], DIMS["O"])
    tensors = {"x": x, "targets": targets, "parameters": block(begin.values())}
    for case in CASES:
        network.load_state_dict(begin)
        tensors |= {f"{case['name']}/{name}": tensor for name, tensor in train(case, network, x, targets).items()}
    # Falls, stays, falls by less than the thresholds, and rises.
    losses = [3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 0.99995, 0.9998, 0.95, 0.97, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 2.0, 2.0, 0.7]
    losses += [0.7 + 0.01 * n for n in range(11)]
    for schedule in SCHEDULES:
        tensors[f"{schedule['name']}/factors"] = factors(schedule, losses)
        tensors[f"{schedule['name']}/losses"] = torch.tensor(losses)
    for name, tensor in tensors.items():
        assert tensor.dtype == torch.float64 and tensor.isfinite().all(), name
    document = {"dims": DIMS, "cases": CASES, "schedules": SCHEDULES}
    yield "optimizers", {name: tensor.contiguous() for name, tensor in tensors.items()}, document

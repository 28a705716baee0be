"""One thread of PyTorch's for all tests: its threads wait for each other busily, which takes forever on a busy machine."""

try:
    import torch
except ImportError:
    pass
else:
    torch.set_num_threads(1)

"""What all tests begin with."""

import signal

# A shell that runs this in the background has Ctrl-C ignored, of which Python then makes no KeyboardInterrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

try:
    import torch
except ImportError:
    pass
else:
    # PyTorch's threads wait for each other busily, which takes forever on a busy machine.
    torch.set_num_threads(1)

"""How far training has come, on one line."""

import sys
import time

_SECONDS = 0.3  # between two looks of the line
_LINES = 20  # where a line cannot be written over


class Line:
    """A line on stderr that is written over, in a terminal and in Jupyter; elsewhere a line every so many epochs."""

    def __init__(self):
        self._stream = sys.stderr
        notebook = type(self._stream).__module__.startswith("ipykernel")
        self._over = notebook or bool(self._stream) and self._stream.isatty()
        self._losses, self._width, self._last = "", 0, 0.0

    def show(self, report):
        """Shows a report of `Trained.fit`."""
        epoch, epochs = report["epoch"], report["epochs"]
        if report["ended"]:
            self._losses = f", loss {report['loss']:.4g}"
            if report["val_loss"] is not None:
                self._losses += f", validation {report['val_loss']:.4g} (best: epoch {report['best_epoch']})"
        if not self._over:
            if report["ended"] and (epoch in (1, epochs) or epoch % max(epochs // _LINES, 1) == 0):
                self._write(f"epoch {epoch}/{epochs}{self._losses}\n")
            return
        now = time.monotonic()
        if now - self._last >= _SECONDS or report["ended"] and epoch == epochs:
            self._last = now
            done = "" if report["ended"] else f", step {report['step']}/{report['steps']}"
            words = f"epoch {epoch}/{epochs}{done}{self._losses}"
            self._write(f"\r{words:<{self._width}}")
            self._width = len(words)

    def end(self):
        """Leaves the line as it is."""
        if self._width:
            self._write("\n")

    def _write(self, text):
        if self._stream:
            self._stream.write(text)
            self._stream.flush()

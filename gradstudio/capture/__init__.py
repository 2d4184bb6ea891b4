"""Recording of a real PyTorch program as a document: `from gradstudio.capture import capture` (docs/capture.md).

PyTorch is no dependency: it is imported where a recording of it begins. All but `live`, `frames` and `program` know nothing of it.
"""

from gradstudio.capture.program import capture
from gradstudio.capture.recording import Recording
from gradstudio.capture.report import CaptureWarning, NotRecorded

__all__ = ["CaptureWarning", "NotRecorded", "Recording", "capture"]

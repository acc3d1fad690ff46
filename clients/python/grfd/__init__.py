"""Client of grfd, the ground-reaction-force daemon.

    grfd.live(["cop/total", "ankle/"])     blocks of rows as they come, and .frame(seconds=10)
    grfd.control()                         tare, record, mark, status
    grfd.open("squat.h5")                  a recording

Times are seconds since the session's start. A value that is not known is NaN."""
from .blocks import Block, Row, TextRow, decode
from .control import Control, control
from .errors import (
    CommandFailed,
    FeedError,
    FeedSilent,
    GrfdError,
    MissingModule,
    NoAnswer,
    NotARecording,
    Refused,
    UnknownStream,
)
from .live import Live, live
from .losses import Missed
from .recording import Recording, RecordedStream, open
from .stream_info import COMMON_FLAGS, Column, StreamInfo

__version__ = "0.1.0"
__all__ = [
    "Block",
    "COMMON_FLAGS",
    "Column",
    "CommandFailed",
    "Control",
    "FeedError",
    "FeedSilent",
    "GrfdError",
    "Live",
    "Missed",
    "MissingModule",
    "NoAnswer",
    "NotARecording",
    "RecordedStream",
    "Recording",
    "Refused",
    "Row",
    "StreamInfo",
    "TextRow",
    "UnknownStream",
    "control",
    "decode",
    "live",
    "open",
]

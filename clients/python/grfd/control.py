"""Commands for a running daemon (schemas/control.md)."""
from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Iterator

from .errors import CommandFailed, FeedError, GrfdError, NoAnswer, Refused
from .keys import File, secure
from .modules import need

DEFAULT_CONTROL = "ipc:///run/grfd/control"


class Control:
    """Use grfd.control() to make one. Not for several threads at once."""

    def __init__(self, endpoint: str | None, timeout_s: float, key: File = None, server_key: File = None):
        self._zmq = need("zmq", "python3-zmq")
        self.endpoint: str = endpoint or os.environ.get("GRFD_CONTROL") or DEFAULT_CONTROL
        self.timeout_s = timeout_s
        self._keys = (key, server_key)
        self._socket: Any | None = None
        self._open()

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close(0)
        self._socket = None

    def ask(self, command: str, *, timeout_s: float | None = None, **arguments: Any) -> Any:
        """Sends a command.

        @return its result: the object `result` of an answer at once, or event and detail of one in two steps.

        Raises Refused (nothing was done), NoAnswer, CommandFailed (accepted, then failed)."""
        wait_s = self.timeout_s if timeout_s is None else timeout_s
        if self._socket is None:
            self._open()
        assert self._socket is not None
        self._socket.send(json.dumps({"v": 1, "command": command, **arguments}).encode())
        reply = self._receive(
            wait_s,
            f"no daemon answers at {self.endpoint}: is grfd running, and "
            + ("may you open that file (group grfd)?" if self.endpoint.startswith("ipc://") else "does it allow this key?"),
        )
        if not reply.get("ok"):
            raise Refused(str(reply.get("error", "the daemon refused without a reason")))
        if "accepted" not in reply:
            return reply["result"]
        result = self._receive(wait_s, f"'{command}' was accepted, but its result did not come within {wait_s:g} s")[
            "result"
        ]
        detail = result["detail"]
        if result["event"] == "record_failed" or not detail.get("ok", True) or not detail.get("accepted", True) or detail.get("lost_samples"):
            raise CommandFailed(_why(result["event"], detail), result["event"], detail)
        return result

    def ping(self) -> str:
        """@return the session's id"""
        return str(self.ask("ping")["session"])

    def status(self) -> dict[str, Any]:
        return dict(self.ask("status"))

    def devices(self) -> list[dict[str, Any]]:
        return list(self.ask("devices"))

    def tare(self, plate: str = "all") -> dict[str, Any]:
        """Zeroes unloaded plates. Raises CommandFailed with the reason of each plate that keeps its old zero."""
        return dict(self.ask("tare", plate=plate)["detail"])

    def pose(self) -> dict[str, Any]:
        """The present standing becomes the zero of all angles."""
        return dict(self.ask("pose")["detail"])

    def lunge(self, side: str, seconds: float = 10.0) -> dict[str, Any]:
        """One trial of the knee-to-wall test, "left" or "right". @return its figures; best_deg is in use from now on.
        Raises CommandFailed with the reason when it was none."""
        return dict(self.ask("lunge", side=side, seconds=seconds, timeout_s=self.timeout_s + seconds)["detail"])

    def mass(self, plate: str, kg: float, place_m: tuple[float, float] | None = None) -> dict[str, Any]:
        """A known mass lies still on this plate, at `place_m` to the right and forward from its centre. @return what the plate
        reads; "within": 0.5 %. Raises CommandFailed with the reason when that cannot be judged."""
        place = {} if place_m is None else {"x_m": place_m[0], "y_m": place_m[1]}
        return dict(self.ask("mass", plate=plate, kg=kg, **place)["detail"])

    def blink(self, device: str) -> dict[str, Any]:
        return dict(self.ask("blink", device=device)["detail"])

    def mark(self, text: str) -> dict[str, Any]:
        """A note into the recording, 1 to 2000 bytes."""
        return dict(self.ask("mark", text=text)["detail"])

    def record_start(self, name: str = "") -> str:
        """@return the journal that is written now"""
        started = self.ask("record_start", name=name) if name else self.ask("record_start")
        return str(started["detail"]["journal"])

    def record_stop(self, timeout_s: float = 600.0) -> str:
        """Ends the recording and waits for the HDF5 file. @return its path"""
        return str(self.ask("record_stop", timeout_s=timeout_s)["detail"]["file"])

    @contextlib.contextmanager
    def recording(self, name: str = "") -> Iterator[dict[str, str]]:
        """Records while the with-block runs, also when it raises; then "file" in the dictionary is the file's path."""
        trial = {"journal": self.record_start(name)}
        try:
            yield trial
        finally:
            trial["file"] = self.record_stop()

    def _open(self) -> None:
        zmq = self._zmq
        self._socket = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        try:
            secure(self._socket, self.endpoint, *self._keys)
            self._socket.setsockopt(zmq.IPV6, self.endpoint.startswith("tcp://["))
            self._socket.connect(self.endpoint)
        except GrfdError:
            self.close()
            raise
        except zmq.ZMQError as e:
            self.close()
            raise FeedError(
                f"{self.endpoint!r} is no ZeroMQ address ({e}); right would be ipc:///run/grfd/control"
            ) from None

    def _receive(self, wait_s: float, silence: str) -> dict[str, Any]:
        assert self._socket is not None
        if not self._socket.poll(wait_s * 1000):
            self.close()  # a late answer must not be taken for that of the next command
            raise NoAnswer(silence)
        return dict(json.loads(self._socket.recv()))


def _why(event: str, detail: dict[str, Any]) -> str:
    plates = [
        f"plate {p['plate']}: {p.get('reason') or 'not zeroed'}"
        for p in detail.get("plates", [])
        if not p.get("accepted")
    ]
    if plates:
        return "; ".join(plates)
    if event == "record_stopped":
        if detail.get("ok"):
            return f"{detail['lost_samples']} samples could not be written; the rest is in {detail.get('file', '?')}"
        return str(detail.get("error") or "finalising failed; see the log of grfd")
    return f"{event}: {detail.get('error') or detail.get('reason') or detail}"


def control(
    endpoint: str | None = None, *, timeout_s: float = 10.0, key: File = None, server_key: File = None
) -> Control:
    """Connects to the control socket. endpoint: None: GRFD_CONTROL of the environment, or ipc:///run/grfd/control.
    key, server_key: for a daemon on another computer, as for live()."""
    return Control(endpoint, timeout_s, key, server_key)

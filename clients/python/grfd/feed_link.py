"""The ZeroMQ side of the feed: receives messages and knows whether the daemon is still there."""
from __future__ import annotations

import json
import time
from typing import Any, Iterable, NamedTuple

from .errors import FeedError, FeedSilent, GrfdError
from .keys import File, secure
from .modules import need

DEFAULT_FEED = "tcp://127.0.0.1:7390"
HEARTBEAT = "ticks"  # 100 Hz, so silence is never mistaken for "nothing happened"


class Message(NamedTuple):
    stream: str
    header: dict[str, Any]
    rows: bytes


class FeedLink:
    """A SUB socket with the state of its connection. `beat_s` is when anything came last (time.monotonic), `ever` and
    `connected` what the transport says."""

    def __init__(self, endpoint: str, topics: Iterable[str], queue: int, key: File = None, server_key: File = None):
        self._zmq = zmq = need("zmq", "python3-zmq")
        self.endpoint = endpoint
        self.ever = self.connected = False
        self.opened_s = time.monotonic()
        self.beat_s: float | None = None
        self.lost_s: float | None = None
        self._only_beat = True
        self._socket = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVHWM, queue)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        # Whoever forgets close(): were the reader of these events collected before their sender, libzmq's thread would
        # wait for it for ever, and every socket of the process with it. So __del__ closes them in order.
        self._monitor = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
        )
        wanted = set(topics)
        self._only_beat = "" not in wanted and HEARTBEAT not in wanted
        for topic in wanted | {HEARTBEAT, "session"}:
            self._socket.setsockopt_string(zmq.SUBSCRIBE, topic)
        try:
            self.keys = secure(self._socket, endpoint, key, server_key)
            self._socket.setsockopt(zmq.IPV6, endpoint.startswith("tcp://["))
            self._socket.connect(endpoint)
        except GrfdError:
            self.close()
            raise
        except zmq.ZMQError as e:
            self.close()
            raise FeedError(
                f"{endpoint!r} is no ZeroMQ address ({e}); right would be tcp://127.0.0.1:7390 or ipc:///path"
            ) from None
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)

    def __del__(self) -> None:
        if hasattr(self, "_monitor"):
            self.close()

    def close(self) -> None:
        if not self._socket.closed:
            self._socket.disable_monitor()
            self._monitor.close(0)
            self._socket.close(0)

    def receive(self, wait_s: float) -> Message | None:
        """The next message other than a heartbeat, or None when none came in time. Raises FeedError."""
        until = time.monotonic() + wait_s
        while True:
            left_ms = max(0.0, until - time.monotonic()) * 1000
            ready = dict(self._poller.poll(left_ms))
            if self._monitor in ready:
                self._watch()
            if self._socket not in ready:
                if not ready and time.monotonic() >= until:
                    return None
                continue
            frames = self._socket.recv_multipart()
            self.beat_s = time.monotonic()
            if self._only_beat and frames[0] == HEARTBEAT.encode():
                if self.beat_s >= until and wait_s > 0:
                    return None
                continue
            return self._parse(frames)

    def _watch(self) -> None:
        from zmq.utils.monitor import recv_monitor_message

        event = recv_monitor_message(self._monitor)["event"]
        if event == self._zmq.EVENT_HANDSHAKE_FAILED_AUTH:  # ZeroMQ tries no more
            raise FeedError(
                f"the daemon at {self.endpoint} does not let this key in; there: grfctl key allow NAME, then connect anew"
            )
        self.connected = event == self._zmq.EVENT_HANDSHAKE_SUCCEEDED
        self.ever = self.ever or self.connected
        if not self.connected:
            self.lost_s = time.monotonic()

    @staticmethod
    def _parse(frames: list[bytes]) -> Message:
        if len(frames) != 3:
            raise FeedError(
                f"a message of {len(frames)} frames came; the feed of grfd sends 3. Is this the right address?"
            )
        try:
            header = json.loads(frames[1])
            version = header["v"]
        except (ValueError, KeyError, TypeError):
            raise FeedError(
                f"the header of a message on {frames[0]!r} is no JSON object with 'v'. Is this the feed of grfd?"
            ) from None
        if version != 1:
            raise FeedError(
                f"the feed speaks version {version}, this package knows 1: use the package that came with the daemon"
            )
        return Message(frames[0].decode("utf-8", "replace"), header, frames[2])

    @property
    def silent_s(self) -> float:
        """Seconds since anything came from the daemon."""
        return time.monotonic() - (self.opened_s if self.beat_s is None else self.beat_s)

    def silence(self) -> FeedSilent:
        """The error for this silence."""
        if not self.ever:
            return FeedSilent(
                f"no feed at {self.endpoint} for {self.silent_s:.1f} s: is grfd running, "
                "and is this the feed.endpoint of its settings?"
                + (" Is server_key the public key of that daemon?" if self.keys else "")
                + (" Beyond this computer it asks for keys." if not self.keys and self.endpoint.startswith("tcp") else "")
            )
        if not self.connected:
            return FeedSilent(
                f"the daemon at {self.endpoint} has gone {time.monotonic() - (self.lost_s or 0):.1f} s ago "
                "and has not come back"
            )
        return FeedSilent(
            f"the feed at {self.endpoint} is connected but nothing came for {self.silent_s:.1f} s: "
            "the daemon is stopped or frozen"
        )


def stream_names(endpoint: str, seconds: float = 0.7, key: File = None, server_key: File = None) -> list[str]:
    """Names of all streams of the session, from their info messages."""
    link = FeedLink(endpoint, [""], 100_000, key, server_key)
    found: set[str] = set()
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = link.receive(end - time.monotonic())
            if message is not None and message.header.get("type") == "info":
                found.add(message.stream)
    finally:
        link.close()
    return sorted(found)

"""Keys for a daemon on another computer (schemas/keys.md)."""
from __future__ import annotations

import os
import re
from typing import Any, Union

from .errors import GrfdError

File = Union[str, "os.PathLike[str]", None]


def secure(socket: Any, endpoint: str, key: File, server_key: File) -> bool:
    """Gives a socket that is not connected yet its keys: key is this client's NAME.key, server_key a file with the
    daemon's public key; None: GRFD_KEY and GRFD_SERVER_KEY of the environment. Without both, and to a file of this
    computer (ipc://), the connection stays plain. @return whether keys are used. Raises GrfdError."""
    own_file = key or os.environ.get("GRFD_KEY")
    server_file = server_key or os.environ.get("GRFD_SERVER_KEY")
    if bool(own_file) != bool(server_file):
        raise GrfdError(
            "key and server_key go together: this client's NAME.key and the daemon's server.pub "
            "(GRFD_KEY and GRFD_SERVER_KEY)"
        )
    if not own_file or not server_file or endpoint.startswith("ipc://"):
        return False
    own, server = _read(own_file), _read(server_file)
    if "secret-key" not in own:
        raise GrfdError(f"{os.fspath(own_file)} holds no secret-key; the file to use is NAME.key")
    socket.curve_publickey, socket.curve_secretkey = own["public-key"], own["secret-key"]
    socket.curve_serverkey = server["public-key"]
    return True


def _read(path: str | os.PathLike[str]) -> dict[str, bytes]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(4096)
    except OSError as e:
        raise GrfdError(f"{os.fspath(path)} cannot be read: {e.strerror}") from None
    found = dict(re.findall(r'^\s*(public-key|secret-key)\s*=\s*"([^"\s]{40})"\s*$', text, re.M))
    if "public-key" not in found:
        raise GrfdError(
            f'{os.fspath(path)} has no public-key = "40 characters of Z85"; grfctl key create writes such files'
        )
    return {name: value.encode() for name, value in found.items()}

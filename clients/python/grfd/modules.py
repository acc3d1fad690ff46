"""Imports that may be missing, with the name of the package to install."""
from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingModule


def need(name: str, package: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as e:
        raise MissingModule(f"this needs the Python module {name} (Debian: {package}): {e}") from e

"""Where the page asks: one text in, one text out."""

from __future__ import annotations

import json
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Loaded when it is first asked for: a page that only draws does not need what runs code.
ROOMS = {"picture": "views", "cell": "cells", "judge": "judge"}


def ask(request: str) -> str:
    """Answer a request of the page, both as JSON.

    Raises
    ------
    ValueError
        If there is no such room.

    Examples
    --------
    >>> question = {"room": "picture", "view": "network", "start": "", "address": ""}
    >>> answer = json.loads(ask(json.dumps(question | {"do": "x1", "value": "3"})))
    >>> answer["address"]
    'e=3,2,1'
    """
    wanted: dict[str, Any] = json.loads(request)
    room = wanted.pop("room")
    if room not in ROOMS:
        raise ValueError(f"there is no room {room!r}, expected one of {', '.join(ROOMS)}")
    module = import_module(f"sgdexplained.live.{ROOMS[room]}")
    return json.dumps(module.answer(**wanted))

"""Pieces of objects put together."""

from __future__ import annotations

from typing import Any, Dict

__all__ = ["accumulate_delta"]


def accumulate_delta(acc: Dict[Any, Any], delta: Dict[Any, Any]) -> Dict[Any, Any]:
    """Adds a piece to what was put together so far: texts and numbers grow, objects and lists are merged."""
    for key, piece in delta.items():
        held = acc.get(key)
        # A place in a list and a kind say which thing it is; they do not add up.
        if key in ("index", "type"):
            acc[key] = piece
        elif not held and isinstance(piece, list) and _places(piece):
            # Pieces of one place can come together already in the first list.
            acc[key] = []
            _merge(acc[key], piece)
        elif held is None:
            acc[key] = piece
        elif isinstance(held, str) and isinstance(piece, str):
            acc[key] = held + piece
        elif isinstance(held, (int, float)) and isinstance(piece, (int, float)):
            acc[key] = held + piece
        elif isinstance(held, dict) and isinstance(piece, dict):
            acc[key] = accumulate_delta(held, piece)
        elif isinstance(held, list) and isinstance(piece, list):
            _merge(held, piece)
    return acc


def _places(pieces: Any) -> bool:
    return bool(pieces) and all(isinstance(piece, dict) and isinstance(piece.get("index"), int) for piece in pieces)


def _merge(held: Any, pieces: Any) -> None:
    if not _places(pieces) and all(isinstance(item, (str, int, float)) for item in held):
        held.extend(pieces)
        return
    for piece in pieces:
        if not isinstance(piece, dict):
            raise TypeError(f"Unexpected list delta entry is not a dictionary: {piece}")
        if "index" not in piece:
            raise RuntimeError(f"Expected list delta entry to have an `index` key; {piece}")
        place = piece["index"]
        if not isinstance(place, int):
            raise TypeError(f"Unexpected, list delta entry `index` value is not an integer; {place}")
        if place < len(held) and isinstance(held[place], dict):
            held[place] = accumulate_delta(held[place], piece)
        else:
            held.insert(place, piece)

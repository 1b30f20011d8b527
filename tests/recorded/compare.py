"""What differs between two JSON values, as texts for people."""

import json


def differences(sent, came, path="$"):
    """One line for each difference; numbers are equal by value."""
    if isinstance(sent, dict) and isinstance(came, dict):
        lines = [f"{path}.{name} is lost: {brief(sent[name])}" for name in sent.keys() - came.keys()]
        lines += [f"{path}.{name} is added: {brief(came[name])}" for name in came.keys() - sent.keys()]
        for name in sent.keys() & came.keys():
            lines += differences(sent[name], came[name], f"{path}.{name}")
        return lines
    if isinstance(sent, list) and isinstance(came, list):
        if len(sent) != len(came):
            return [f"{path} had {len(sent)} items and has {len(came)}"]
        pairs = enumerate(zip(sent, came, strict=True))
        return [line for at, (one, other) in pairs for line in differences(one, other, f"{path}[{at}]")]
    # In Python `True == 1`; in JSON it is not.
    same = sent == came and isinstance(sent, bool) == isinstance(came, bool)
    return [] if same else [f"{path} was {brief(sent)} and is {brief(came)}"]


def brief(value):
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

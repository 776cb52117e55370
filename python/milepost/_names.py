"""What a name in a file may be: docs/format.md, section 6.5, rule 6."""

from __future__ import annotations

import re
from typing import Any, TypeGuard

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_MOST_NBYTES = 4096


def is_name(given: Any) -> TypeGuard[str]:
    """Whether it is a str that can be the name of a part, an entry or a hyperparameter."""
    if type(given) is not str or not given or _CONTROL.search(given):
        return False
    if given.isascii():
        return len(given) <= _MOST_NBYTES
    try:
        return len(given.encode()) <= _MOST_NBYTES
    except UnicodeEncodeError:  # a lone surrogate
        return False


def names_only(given: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is a plain dict all of whose keys are names."""
    return type(given) is dict and all(map(is_name, given))

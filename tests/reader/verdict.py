"""What opening and verifying find, as one line: `ok`, `code/condition`, or `verify` and all damage with its ranges."""

from conventions import Refused
from opening import open_data
from verifying import Damage, verify


def damage_text(data: bytes) -> str:
    try:
        damage = verify(open_data(data))
    except Refused as refused:
        return f"{refused.code}/{refused.condition}"
    return "verify " + ", ".join(map(words_of, damage)) if damage else "ok"


def words_of(damage: Damage) -> str:
    """Code and condition, begin, end, storage, chunk."""
    numbers = [damage.begin, damage.end, damage.storage, damage.chunk]
    return " ".join([f"corrupt/{damage.condition}", *("-" if each is None else str(each) for each in numbers)])

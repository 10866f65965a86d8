"""What a statement may leave in its session that the next user must not find."""

import re
from functools import lru_cache
from typing import FrozenSet

TRANSACTION = "transaction"
STATE = "state"  # variables, temporary tables, locks, settings
DATABASE = "database"

NOTHING: FrozenSet[str] = frozenset()
_MORE = frozenset((STATE, TRANSACTION))

_LEADING = re.compile(r"(?:\s|\(|/\*(?![!M]).*?\*/|--\s[^\n]*\n|#[^\n]*\n)*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+")
# Statements that leave nothing, and those that open a transaction. A word not listed leaves all there is.
_LEFT = {
    **dict.fromkeys(
        "SELECT INSERT UPDATE DELETE REPLACE WITH VALUES TABLE SHOW DESCRIBE DESC EXPLAIN KILL "
        "COMMIT ROLLBACK SAVEPOINT RELEASE DO".split(),
        NOTHING,
    ),
    **dict.fromkeys(("START", "BEGIN"), frozenset((TRANSACTION,))),
    "USE": _MORE | {DATABASE},
}
# User variables; locks by name; COMMIT AND CHAIN; BEGIN NOT ATOMIC; comments that are executed.
_SUSPECT = re.compile(r"@|get_lock|\bchain\b|\batomic\b|/\*[!M]", re.IGNORECASE)


@lru_cache(maxsize=1024)
def left_by(sql: str) -> FrozenSet[str]:
    """The names of what ``sql``, with or without placeholders, may leave behind. Rather too much than too little.

    Not seen is what a stored function or a trigger leaves.
    """
    word = _WORD.match(sql, _LEADING.match(sql).end())  # type: ignore[union-attr]
    left = _LEFT.get(word.group().upper(), _MORE) if word else _MORE
    return left | _MORE if _SUSPECT.search(sql) else left

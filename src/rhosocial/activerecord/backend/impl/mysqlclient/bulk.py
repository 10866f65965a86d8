"""Many rows at once: what is bound as it is, and how much goes into one statement."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

# What the codec binds as it is; anything else goes through its type adapter first.
BOUND_TYPES = frozenset(
    (type(None), bool, int, float, Decimal, str, bytes, bytearray, memoryview, datetime, date, time, timedelta, UUID)
)
# Measured best for multi-row INSERT on both servers: 1 and 8 MiB are slower.
INSERT_BYTES = 64 * 1024

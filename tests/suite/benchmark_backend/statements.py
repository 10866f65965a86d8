"""The statements and rows of the direct backend benchmarks, shared by the synchronous and asynchronous tests."""
from rhosocial.activerecord.backend.options import ExecutionOptions
from rhosocial.activerecord.backend.schema import StatementType

TABLE = "benchmark_users"
DML = ExecutionOptions(stmt_type=StatementType.DML)
INSERT = (
    f"INSERT INTO {TABLE} (username, email, age, balance, is_active, created_at, updated_at)"
    " VALUES (%s, %s, %s, %s, %s, NOW(6), NOW(6))"
)
FIND = f"SELECT * FROM {TABLE} WHERE id = %s"
COUNT = f"SELECT COUNT(*) AS n, COUNT(DISTINCT username) AS names, MAX(id) AS last FROM {TABLE}"
UPDATE = f"UPDATE {TABLE} SET balance = balance + %s WHERE id = %s"
DELETE = f"DELETE FROM {TABLE} WHERE id = %s"
EMPTY = f"DELETE FROM {TABLE}"
ROUNDS = 50
MANY_ROUNDS = 5
MANY = 1000


def row(number: int) -> tuple[str, str, int, float, bool]:
    """Parameters of INSERT."""
    return f"user_{number}", f"user_{number}@example.com", 18 + number % 80, number + 0.25, number % 2 == 0

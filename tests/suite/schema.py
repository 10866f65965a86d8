"""The tables of the shared testsuite: schema/<name>.sql, as areas give the same names to different tables."""
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("schema")


@cache
def tables(schema: str) -> dict[str, str]:
    """Table name -> CREATE TABLE statement, of one file of the schema folder."""
    statements = FOLDER.joinpath(f"{schema}.sql").read_text().split(";\n")
    return {re.match(r"\s*CREATE TABLE (\w+)", s)[1]: s.strip() for s in statements if s.strip()}

"""README.md's samples run as they stand, one after another, but for the server's address."""

import re
from pathlib import Path

from rhosocial.activerecord.backend.impl.mysqlclient import implementation

README = Path(__file__).parents[3] / "README.md"
ADDRESS = "mysql://app:secret@127.0.0.1:3306/bank"


def test_the_samples_work(config, backend, capsys):
    samples = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(samples) >= 7 and sum(ADDRESS in sample for sample in samples) == 1
    names = {"__name__": "readme"}
    try:
        for sample in samples:
            exec(compile(sample.replace(ADDRESS, config.to_url(show_password=True)), str(README), "exec"), names)
    finally:
        names["backend"].pool.close()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Ann 10.25"
    assert "['Ann', 'Eve']" in said
    assert said[-1].startswith(implementation())
    assert backend.fetch_one("SELECT COUNT(*) AS n FROM accounts") == {"n": 10_005}
    assert backend.fetch_one("SELECT balance AS b FROM accounts WHERE id = 2")["b"].as_tuple().digits == (5, 1, 0)

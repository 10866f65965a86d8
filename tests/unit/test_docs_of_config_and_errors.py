"""docs/configuration.md names every option, docs/errors.md every class."""

import re
from pathlib import Path

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import config, config_options, errors

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted({*config._FIELDS, *config_options.ALIASES} - {"driver_type"}))
def test_option(name):
    assert f"`{name}`" in (DOCS / "configuration.md").read_text() or name in {"user", "passwd", "db", "client_flag"}


@pytest.mark.parametrize("name", sorted(name for name in errors.__all__ if isinstance(getattr(errors, name), type)))
def test_error_class(name):
    text = (DOCS / "errors.md").read_text()
    assert f"`{name}`" in text


def test_defaults_are_those_of_the_code():
    rows = re.findall(r"^\| `(\w+)`[^|]*\| `?([^|`]*?)`? \|", (DOCS / "configuration.md").read_text(), re.MULTILINE)
    stated = {name: default for name, default in rows if name in config._FIELDS and default}
    assert len(stated) > 30
    for name, default in stated.items():
        assert str(config._FIELDS[name].default) == default.split(",")[0].strip('"'), name

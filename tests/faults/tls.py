"""Servers that offer TLS. A test module that imports the fixture runs on these instead of the run's."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

from ..security.certificates import Authority


@pytest.fixture(scope="module", name="server")
def server_with_tls(server, tmp_path_factory):
    """MySQL makes its certificates itself, MariaDB before 11.4 none: it is given one."""
    if server.flavor == "mysql":
        yield server
        return
    authority = Authority(tmp_path_factory.mktemp("tls"), "ca")
    certificate, key = authority.issue("server", hosts=["127.0.0.1"])
    options = {"ssl-ca": authority.certificate, "ssl-cert": certificate, "ssl-key": key}
    with PrivateServer(server.flavor, options) as private:
        yield private

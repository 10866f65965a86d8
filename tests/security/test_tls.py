"""TLS on real servers: who is let in, who is refused, and what each ssl_mode means."""

import hashlib
import re

import pytest
from cryptography import x509

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig, driver
from rhosocial.activerecord.backend.impl.mysqlclient.errors import AccessDenied, ConnectionError
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

from .certificates import Authority
from .conftest import SECRET, ask_async

CERTIFICATES = {"good": (["127.0.0.1"], 1), "other_host": (["db.example"], 1), "expired": (["127.0.0.1"], -1)}
LIBMARIADB = driver._LIBMARIADB
CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ca")
    return {name: Authority(directory, name) for name in ("ca", "other")}


@pytest.fixture(scope="module")
def tls_server(request, authorities):
    """A server of the parameter's flavour, with the certificate the parameter names."""
    flavor, name = request.param
    hosts, days = CERTIFICATES[name]
    cert, key = authorities["ca"].issue(f"{flavor}-{name}", hosts=hosts, days=days)
    with PrivateServer(flavor, {"ssl-ca": authorities["ca"].certificate, "ssl-cert": cert, "ssl-key": key}) as server:
        yield server


def on(certificate):
    """Run the test on a server of each flavour with this certificate."""
    servers = [("mysql", certificate), ("mariadb", certificate)]
    return pytest.mark.parametrize("tls_server", servers, indirect=True, ids=str)


def run(server, *statements):
    connection = driver.MySQLdb.connect(**server.connect_kwargs())
    for statement in statements:
        connection.query(statement)
        connection.store_result()
    connection.close()


def configuration(server, **options):
    return MySQLConnectionConfig(**{**server.connect_kwargs(tcp=True), "connect_timeout": 60, **options})


def cipher(open_, config):
    return open_(config).fetch_one(CIPHER)["Value"]


REFUSED = "refused"
# options, whether the session is encrypted; for each certificate of the server
CASES = {
    "good": [
        ({"ssl_mode": "DISABLED"}, False),
        ({}, not LIBMARIADB),  # on 127.0.0.1
        ({"host": "0.0.0.0"}, True),  # the same machine, by an address that does not say so
        ({"host": "0.0.0.0", "ssl_mode": "DISABLED"}, False),
        ({"ssl_mode": "PREFERRED"}, True),
        ({"ssl_mode": "REQUIRED"}, True),
        ({"ssl_ca": "ca"}, True),
        ({"ssl_mode": "REQUIRED", "ssl_ca": "ca"}, True),
        ({"ssl_mode": "VERIFY_CA", "ssl_ca": "ca"}, True),
        ({"ssl_mode": "VERIFY_IDENTITY", "ssl_ca": "ca"}, True),
        ({"ssl_verify_identity": True, "ssl_ca": "ca"}, True),
        ({"ssl_ca": "other"}, REFUSED),
        ({"ssl_mode": "REQUIRED", "ssl_ca": "other"}, REFUSED),
        ({"ssl_mode": "VERIFY_CA", "ssl_ca": "other"}, REFUSED),
        ({"ssl_mode": "VERIFY_IDENTITY", "ssl_ca": "other"}, REFUSED),
        ({"ssl_mode": "VERIFY_CA"}, REFUSED),
        ({"ssl_verify_cert": True}, REFUSED),
        ({"tls_versions": "TLSv1.3"}, True),
        ({"tls_versions": ["TLSv1.2", "TLSv1.3"], "ssl_ca": "ca"}, True),
        ({"ssl_ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}, True),
    ],
    "other_host": [
        ({"ssl_mode": "REQUIRED"}, True),
        # libmysqlclient's VERIFY_CA does not look at the name, libmariadb's does
        ({"ssl_mode": "VERIFY_CA", "ssl_ca": "ca"}, REFUSED if LIBMARIADB else True),
        ({"ssl_mode": "VERIFY_IDENTITY", "ssl_ca": "ca"}, REFUSED),
    ],
    "expired": [
        ({"ssl_mode": "VERIFY_CA", "ssl_ca": "ca"}, REFUSED),
        ({"ssl_mode": "VERIFY_IDENTITY", "ssl_ca": "ca"}, REFUSED),
        ({"ssl_ca": "ca"}, REFUSED),
        ({"ssl_mode": "REQUIRED"}, True),
    ],
}


def with_files(options, authorities):
    return {name: authorities[value].certificate if name == "ssl_ca" else value for name, value in options.items()}


def judge(open_, config, encrypted):
    if encrypted is REFUSED:
        with pytest.raises(ConnectionError) as caught:
            open_(config).connect()
        assert caught.value.errno == 2026 and "ssl_ca" in str(caught.value)
    else:
        assert bool(cipher(open_, config)) is encrypted


@on("good")
@pytest.mark.parametrize(("options", "encrypted"), CASES["good"], ids=str)
def test_modes(tls_server, authorities, opened, options, encrypted):
    judge(opened, configuration(tls_server, **with_files(options, authorities)), encrypted)


@on("good")
async def test_asynchronously(tls_server, authorities):
    good = configuration(tls_server, ssl_ca=authorities["ca"].certificate)
    assert (await ask_async(good, CIPHER))[0]["Value"]
    with pytest.raises(ConnectionError):
        await ask_async(configuration(tls_server, ssl_ca=authorities["other"].certificate), CIPHER)


WEAKER = ["ssl-verify-server-cert=0", "tls-verify-peer=0", "disable-ssl-verify-server-cert", "ssl-mode=DISABLED",
          "ssl-enforce=0", "skip-ssl", "ssl-ca={ca}"]  # fmt: skip


@on("good")
@pytest.mark.parametrize("line", WEAKER)
def test_an_option_file_makes_nothing_weaker(tls_server, authorities, opened, tmp_path, line):
    """The client library would let it."""
    file = tmp_path / "my.cnf"
    file.write_text(f"[client]\n{line.format(ca=authorities['ca'].certificate)}\n")
    config = configuration(tls_server, read_default_file=file)
    for options, encrypted in (
        ({"ssl_mode": "REQUIRED"}, True),
        ({"ssl_ca": "ca"}, True),
        ({"ssl_ca": "other"}, REFUSED),
        ({"ssl_mode": "VERIFY_IDENTITY", "ssl_ca": "other"}, REFUSED),
    ):
        judge(opened, config.clone(**with_files(options, authorities)), encrypted)


@on("good")
def test_one_tls_version(tls_server, opened):
    for version in ("TLSv1.2", "TLSv1.3"):
        backend = opened(configuration(tls_server, tls_versions=version))
        if version == "TLSv1.2" and not LIBMARIADB:  # mysqlclient has no way to choose; the wrong one is refused
            with pytest.raises(ConnectionError, match="tls_versions"):
                backend.connect()
        else:
            assert backend.fetch_one("SHOW SESSION STATUS LIKE 'Ssl_version'")["Value"] == version


@on("good")
def test_ciphers_and_a_directory_of_authorities(tls_server, authorities, opened, tmp_path):
    wanted = "ECDHE-RSA-AES256-GCM-SHA384"  # of TLSv1.2, whose ciphers these are
    backend = opened(configuration(tls_server, ssl_ciphers=wanted, tls_versions="TLSv1.2"))
    if LIBMARIADB:  # the other has no way to ask for a version
        assert backend.fetch_one(CIPHER)["Value"] == wanted
    certificate = x509.load_pem_x509_certificate(authorities["ca"].certificate.read_bytes())
    digest = hashlib.sha1(certificate.subject.public_bytes()[2:]).digest()  # X509_NAME_hash(3) of OpenSSL
    name = f"{int.from_bytes(digest[:4], 'little'):08x}.0"
    (tmp_path / name).write_bytes(authorities["ca"].certificate.read_bytes())
    assert cipher(opened, configuration(tls_server, ssl_capath=tmp_path))
    (tmp_path / name).write_bytes(authorities["other"].certificate.read_bytes())
    with pytest.raises(ConnectionError):
        opened(configuration(tls_server, ssl_capath=tmp_path)).connect()


@on("good")
def test_a_client_certificate(tls_server, authorities, opened):
    run(tls_server, f"CREATE USER 'certified'@'127.0.0.1' IDENTIFIED BY '{SECRET}' REQUIRE X509")
    cert, key = authorities["ca"].issue("client")
    stranger, strangers_key = authorities["other"].issue("stranger")
    login = {"user": "certified", "password": SECRET, "ssl_ca": authorities["ca"].certificate}
    assert cipher(opened, configuration(tls_server, **login, ssl_cert=cert, ssl_key=key))
    with pytest.raises(AccessDenied):
        opened(configuration(tls_server, **login)).connect()
    with pytest.raises(ConnectionError):
        opened(configuration(tls_server, **login, ssl_cert=stranger, ssl_key=strangers_key)).connect()


@on("other_host")
@pytest.mark.parametrize(("options", "encrypted"), CASES["other_host"], ids=str)
async def test_a_certificate_for_another_host(tls_server, authorities, opened, options, encrypted):
    config = configuration(tls_server, **with_files(options, authorities))
    judge(opened, config, encrypted)
    if encrypted is REFUSED:
        with pytest.raises(ConnectionError):
            await ask_async(config, CIPHER)


@on("expired")
@pytest.mark.parametrize(("options", "encrypted"), CASES["expired"], ids=str)
async def test_an_expired_certificate(tls_server, authorities, opened, options, encrypted):
    config = configuration(tls_server, **with_files(options, authorities))
    judge(opened, config, encrypted)
    if encrypted is REFUSED:
        with pytest.raises(ConnectionError):
            await ask_async(config, CIPHER)


@pytest.mark.parametrize("mode", ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"])
@pytest.mark.parametrize("flavor", ["mysql", "mariadb"])
def test_a_server_without_tls(plain_servers, authorities, opened, flavor, mode):
    options = {} if mode == "REQUIRED" else {"ssl_ca": authorities["ca"].certificate}
    with pytest.raises(ConnectionError) as caught:
        opened(configuration(plain_servers[flavor], ssl_mode=mode, **options)).connect()
    assert re.search("TLS|SSL", str(caught.value))  # as the client library calls it
    assert cipher(opened, configuration(plain_servers[flavor], ssl_mode="PREFERRED")) == ""


@pytest.fixture(scope="module")
def plain_servers():
    off = {"mysql": {"tls-version": ""}, "mariadb": {"skip-ssl": None}}
    with PrivateServer("mysql", off["mysql"]) as mysql, PrivateServer("mariadb", off["mariadb"]) as mariadb:
        yield {"mysql": mysql, "mariadb": mariadb}

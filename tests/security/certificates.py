"""Certificate authorities and certificates, made when the tests run."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
    return key


class Authority:
    """A certificate authority in a directory: ``NAME.pem``; and what it signs beside it."""

    def __init__(self, directory, name):
        self._directory, self._name = directory, name
        self._key = _key(directory / f"{name}-key.pem")
        self.certificate = directory / f"{name}.pem"
        self._sign(self.certificate, name, self._key, DAY, [x509.BasicConstraints(ca=True, path_length=None)])

    def issue(self, name, *, hosts=(), days=1):
        """Certificate and key files for ``hosts`` (names or addresses), valid until ``days`` from now."""
        key = _key(self._directory / f"{name}-key.pem")
        more = [x509.BasicConstraints(ca=False, path_length=None)]
        if hosts:
            more.append(x509.SubjectAlternativeName([_general_name(host) for host in hosts]))
        certificate = self._directory / f"{name}.pem"
        self._sign(certificate, name, key, days * DAY, more)
        return certificate, self._directory / f"{name}-key.pem"

    def _sign(self, path, name, key, valid, extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(now + valid)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        signed = builder.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def _general_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)

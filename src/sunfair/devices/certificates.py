"""An operator's own certificate authority, for charge points under TLS that no public authority knows.

Keys are ECDSA P-256 (OCPP 1.6 security whitepaper § 3.5: at least 112 bit), files with keys are readable by their
owner only.
"""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sunfair.devices.credentials import IDENTITY
from sunfair.errors import Fault, InputError

__all__ = ["make_authority", "make_client", "make_server"]

_YEARS = {"authority": 20, "server": 2, "client": 5}
_CA, _CA_KEY = "authority.pem", "authority.key"


def make_authority(folder: Path) -> Path:
    """A root certificate in `folder`, made once; returns its file. It signs others' certificates and nothing else."""
    if not (folder / _CA).exists():
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Charging authority")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = _builder(name, key, _YEARS["authority"]).issuer_name(name)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(usage, critical=True)
        _write(folder / _CA_KEY, _private(key), secret=True)
        _write(folder / _CA, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return folder / _CA


def make_server(folder: Path, hosts: list[str]) -> tuple[Path, Path]:
    """Certificate and key of the central system under these host names or addresses."""
    if not hosts or not all(hosts):
        raise InputError("the server has no name", [Fault("--host", "is empty", "name what charge points connect to")])
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    extensions = [x509.SubjectAlternativeName(names), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])]
    return _issue(folder, "server", hosts[0], extensions)


def make_client(folder: Path, identity: str) -> tuple[Path, Path]:
    """Certificate and key of a charge point; its common name is the identity (profile 3)."""
    if not IDENTITY.fullmatch(identity):
        fault = Fault("identity", f"{identity!r} is none", "1 to 48 letters, digits or `*-_=:+|@.`")
        raise InputError("there is no such charge point", [fault])
    return _issue(folder, "client", identity, [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])])


def _issue(folder: Path, kind: str, name: str, extensions: list[x509.ExtensionType]) -> tuple[Path, Path]:
    make_authority(folder)
    authority = x509.load_pem_x509_certificate((folder / _CA).read_bytes())
    signer = serialization.load_pem_private_key((folder / _CA_KEY).read_bytes(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise InputError("the authority's key cannot be used", [Fault(str(folder / _CA_KEY), "is no ECDSA key")])
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(subject, key, _YEARS[kind]).issuer_name(authority.subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    stem = "server" if kind == "server" else "".join(c if c.isalnum() or c in "-_." else "~" for c in name)
    certificate, secret = folder / f"{stem}.pem", folder / f"{stem}.key"
    _write(secret, _private(key), secret=True)
    _write(certificate, builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return certificate, secret


def _builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey, years: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes, *, secret: bool = False) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644), "wb") as file:
        file.write(data)

"""Who may connect: OCPP security profiles 0 to 3 (OCPP 1.6 security whitepaper, 2.0.1 part 2 A00)."""

import base64
import binascii
import hashlib
import hmac
import os
import re
import ssl
from collections.abc import Mapping
from urllib.parse import unquote

from sunfair.errors import Fault, InputError
from sunfair.ports.charge_points import ChargePoint

__all__ = ["IDENTITY", "PASSWORD_MIN", "check_password", "identity_of", "is_let_in", "make_secret", "server_context"]

IDENTITY = re.compile(r"[A-Za-z0-9*\-_=:+|@.]{1,48}")
"""Identities of charge points (2.0.1 part 4 § 3.1.1)."""

PASSWORD_MIN, _PASSWORD_MAX = 16, 40
_SALT = 16


def identity_of(path: str) -> str | None:
    """The identity that a request's path ends in, None if it ends in none."""
    name = unquote(path.split("?", 1)[0].rstrip("/").rpartition("/")[2])
    return name if IDENTITY.fullmatch(name) else None


def make_secret(password: str) -> bytes:
    """What is kept of a password: salt(16) ‖ SHA-256(salt ‖ password).

    A fast hash is enough, as passwords are random and long (`check_password`), and a slow one would let anybody who
    connects a thousand times a second stop everybody else.
    """
    salt = os.urandom(_SALT)
    return salt + hashlib.sha256(salt + password.encode()).digest()


def check_password(password: str) -> None:
    """InputError unless a password has 16 to 40 visible ASCII characters, eight of them different (2.0.1
    A00.FR.205).
    """
    faults = []
    if not PASSWORD_MIN <= len(password) <= _PASSWORD_MAX:
        faults.append(Fault("password", f"has {len(password)} characters", "take 16 to 40, best the ones made for you"))
    if not all(33 <= ord(letter) <= 126 for letter in password):
        faults.append(Fault("password", "has a space or a letter beyond ASCII", "take letters, digits and signs"))
    if len(set(password)) < 8:
        faults.append(Fault("password", "repeats a few characters", "take a random one"))
    if faults:
        raise InputError("this password cannot be used", faults)


def is_let_in(point: ChargePoint, headers: Mapping[str, str], certificate: str | None, *, tls: bool) -> bool:
    """Whether a charge point has shown what its profile asks for, or something stronger.

    certificate : the name (CN) in the client certificate that was verified, None without one.
    Without TLS a charge point of profile 2 or 3 is not let in, whatever it knows: somebody may listen.
    """
    if point.profile >= 2 and not tls:
        return False
    if point.profile == 3:
        return certificate is not None and hmac.compare_digest(certificate.encode(), point.id.encode())
    if point.profile == 0:
        return True
    return _knows_password(point, headers.get("Authorization", ""))


def _knows_password(point: ChargePoint, header: str) -> bool:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic" or len(coded) > 200 or len(point.secret) != _SALT + 32:
        return False
    try:
        user, found, password = base64.b64decode(coded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    digest = hashlib.sha256(point.secret[:_SALT] + password).digest()
    right = hmac.compare_digest(digest, point.secret[_SALT:])
    return bool(found) and hmac.compare_digest(user, point.id.encode()) and right


def server_context(certificate: str, key: str, authority: str | None) -> ssl.SSLContext:
    """TLS 1.2 or newer; client certificates of `authority` are verified where they are shown. InputError for bad
    files.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if authority is not None:
            context.load_verify_locations(authority)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        fault = Fault("--certificate, --key, --authority", str(error), "make them with `sunfair csms certificates`")
        raise InputError("the certificates cannot be used", [fault]) from error
    return context

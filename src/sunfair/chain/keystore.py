"""Real keys: one V3 keystore, opened with a password from a file, found where Foundry's tools look for it.

    ETH_KEYSTORE           a keystore file, or a folder of them
    ETH_KEYSTORE_ACCOUNT   the name of one in that folder, or else in ~/.foundry/keystores
    ETH_PASSWORD           a file that holds the password

A private key is never read from an argument, a variable or a setting: those end up in histories, logs and backups.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from sunfair.chain.keys import address_of, signer_of_key
from sunfair.chain.shallow_json import loads
from sunfair.errors import Fault, InputError, LedgerError

__all__ = ["KeystoreKeys", "find_keystore", "open_keystore"]

_SIZE_MAX = 65_536


class KeystoreKeys:
    """`ports.Keys` for one holder, `operator` unless named otherwise, whose key came out of a keystore."""

    __slots__ = ("__sign", "_address", "_holder")

    def __init__(self, key: bytes, holder: str = "operator") -> None:
        self.__sign = signer_of_key(key)
        self._holder = holder
        self._address = address_of(key)

    def __repr__(self) -> str:
        return f"KeystoreKeys({self._holder}: 0x{self._address.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not copied to disk or to another process")

    def address(self, holder: str) -> bytes:
        """The holder's 20-byte address; LedgerError if this keystore is another's."""
        self._check(holder)
        return self._address

    def sign(self, holder: str, digest: bytes) -> bytes:
        """The holder's signature of a 32-byte digest: r ‖ s ‖ v."""
        self._check(holder)
        return self.__sign(digest)

    def _check(self, holder: str) -> None:
        if holder != self._holder:
            raise LedgerError(
                f"holder '{holder}' is asked to sign, but this keystore holds the key of '{self._holder}' alone: "
                "every party signs at home, with its own keystore"
            )


def find_keystore(environ: Mapping[str, str]) -> Path:
    """The keystore that the environment names; InputError if it names none, or none that is there."""
    named, account = environ.get("ETH_KEYSTORE"), environ.get("ETH_KEYSTORE_ACCOUNT")
    if not named and not account:
        fault = Fault(
            "ETH_KEYSTORE, ETH_KEYSTORE_ACCOUNT",
            "neither is set",
            "make a keystore, e.g. `cast wallet new ~/.foundry/keystores operator`, and name it",
        )
        raise InputError("no keystore is named, so nothing can be signed", [fault])
    path = Path(named).expanduser() if named else _foundry(environ) / "keystores"
    if path.is_dir():
        path = path / account if account else _only(path)
    if not path.is_file():
        fault = Fault(str(path), "is not there", f"there are: {_beside(path)}")
        raise InputError("the keystore cannot be read", [fault])
    return path


def open_keystore(
    environ: Mapping[str, str] = os.environ, *, password: str | None = None, holder: str = "operator"
) -> KeystoreKeys:
    """The key in the keystore that the environment names; `password` stands in for the file of ``ETH_PASSWORD``.

    InputError if a file cannot be read, is no V3 keystore, or the password does not open it.
    """
    from eth_keyfile.keyfile import decode_keyfile_json  # noqa: PLC0415  a second

    path = find_keystore(environ)
    stored = _stored(path)
    secret = password if password is not None else _password(environ)
    try:
        key = bytes(decode_keyfile_json(stored, secret.encode()))
        holds = KeystoreKeys(key, holder)
    except Exception as error:  # whatever a damaged file makes of the decoder
        mac = isinstance(error, ValueError) and "MAC" in str(error)
        what = "the password does not open it" if mac else f"it is no whole V3 keystore ({type(error).__name__})"
        raise InputError("the keystore cannot be opened", [Fault(str(path), what, "see ETH_PASSWORD")]) from None
    named = str(stored.get("address", "")).lower().removeprefix("0x")
    if named and named != holds.address(holder).hex():
        fault = Fault(str(path), f"says 0x{named}, holds the key of 0x{holds.address(holder).hex()}", "make it anew")
        raise InputError("the keystore contradicts itself", [fault])
    return holds


def _foundry(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("FOUNDRY_DIR") or "~/.foundry").expanduser()


def _only(folder: Path) -> Path:
    """The one keystore of a folder; InputError if it has several, or none."""
    found = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if len(found) != 1:
        what = "holds " + (", ".join(path.name for path in found) or "no keystore")
        raise InputError("no keystore is named", [Fault(str(folder), what, "name one in ETH_KEYSTORE_ACCOUNT")])
    return found[0]


def _beside(path: Path) -> str:
    if not path.parent.is_dir():
        return "nothing, for its folder is not there either"
    return ", ".join(sorted(other.name for other in path.parent.iterdir() if other.is_file())[:20]) or "no files"


def _stored(path: Path) -> dict[str, object]:
    try:
        text = path.read_bytes()[: _SIZE_MAX + 1]
        found = loads(text) if len(text) <= _SIZE_MAX else None
    except (OSError, ValueError) as error:
        raise InputError("the keystore cannot be read", [Fault(str(path), f"is no keystore: {error}")]) from error
    # Some programs write `Crypto`.
    stored = {str(name).lower(): value for name, value in found.items()} if isinstance(found, dict) else {}
    crypto = stored.get("crypto")
    if stored.get("version") != 3 or not isinstance(crypto, dict) or crypto.get("cipher") != "aes-128-ctr":
        fault = Fault(str(path), "is no V3 keystore (aes-128-ctr)", "e.g. `cast wallet import` makes one")
        raise InputError("the keystore cannot be read", [fault])
    return stored


def _password(environ: Mapping[str, str]) -> str:
    named = environ.get("ETH_PASSWORD")
    if not named:
        fault = Fault("ETH_PASSWORD", "is not set", "name a file that holds the password, readable by you alone")
        raise InputError("the keystore's password is not known", [fault])
    try:
        return Path(named).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        # Its value is not shown: it may be the password itself, set by mistake.
        fault = Fault("ETH_PASSWORD", "names no file that can be read", "it names a file, and is not the password")
        raise InputError("the keystore's password is not known", [fault]) from None

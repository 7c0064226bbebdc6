"""V3 keystores: the vectors of the Web3 Secret Storage definition, Foundry's variables, and no secret in any message."""

import copy
import json
import pickle
from pathlib import Path

import pytest
from eth_keyfile import create_keyfile_json

from sunfair.chain import address_of, keccak, parse_address, recover
from sunfair.chain.keystore import find_keystore, open_keystore
from sunfair.errors import InputError, LedgerError

KEY = bytes.fromhex("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
PASSWORD = "testpassword"
PBKDF2 = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "operator").write_text(json.dumps(PBKDF2))
    (tmp_path / "word").write_text(PASSWORD + "\n")
    return tmp_path


def environ(folder: Path, **names: str) -> dict[str, str]:
    return {"ETH_PASSWORD": str(folder / "word"), "FOUNDRY_DIR": str(folder / "foundry"), **names}


def test_the_definition_s_vector(folder: Path) -> None:
    keys = open_keystore(environ(folder, ETH_KEYSTORE=str(folder / "keys" / "operator")))
    digest = keccak(b"x")
    assert keys.address("operator") == address_of(KEY)
    assert recover(digest, keys.sign("operator", digest)) == address_of(KEY)


def test_scrypt_and_capital_crypto(folder: Path) -> None:
    stored = create_keyfile_json(KEY, PASSWORD.encode(), kdf="scrypt", iterations=2)
    stored["Crypto"] = stored.pop("crypto")
    (folder / "keys" / "operator").write_text(json.dumps(stored))
    keys = open_keystore(environ(folder, ETH_KEYSTORE=str(folder / "keys")))
    assert keys.address("operator") == address_of(KEY)


def test_where_a_keystore_is_looked_for(folder: Path) -> None:
    (folder / "foundry" / "keystores").mkdir(parents=True)
    (folder / "foundry" / "keystores" / "mine").write_text("{}")
    (folder / "keys" / "second").write_text("{}")
    for names, path in (
        ({"ETH_KEYSTORE": str(folder / "keys" / "operator")}, folder / "keys" / "operator"),
        ({"ETH_KEYSTORE": str(folder / "keys"), "ETH_KEYSTORE_ACCOUNT": "second"}, folder / "keys" / "second"),
        ({"ETH_KEYSTORE_ACCOUNT": "mine"}, folder / "foundry" / "keystores" / "mine"),
        ({"ETH_KEYSTORE": str(folder / "foundry" / "keystores")}, folder / "foundry" / "keystores" / "mine"),
    ):
        assert find_keystore(environ(folder, **names)) == path


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ({}, "neither is set"),
        ({"ETH_KEYSTORE": "{}/keys"}, "holds operator, second"),
        ({"ETH_KEYSTORE": "{}/empty"}, "holds no keystore"),
        ({"ETH_KEYSTORE": "{}/keys", "ETH_KEYSTORE_ACCOUNT": "third"}, "there are: operator, second"),
        ({"ETH_KEYSTORE": "{}/keys/none"}, "there are: operator, second"),
        ({"ETH_KEYSTORE_ACCOUNT": "none"}, "its folder is not there either"),
    ],
)
def test_no_keystore(folder: Path, names: dict[str, str], what: str) -> None:
    (folder / "keys" / "second").write_text("{}")
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match=what):
        find_keystore(environ(folder, **{name: value.format(folder) for name, value in names.items()}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"version":3}',
        b'{"version":1,"crypto":{"cipher":"aes-128-ctr"}}',
        b'{"version":3,"crypto":{"cipher":"aes-128-cbc"}}',
        b"\xff",
        b"[" * 70_000,
        b"[" * 60_000,
    ],
)
def test_files_that_are_no_keystore(folder: Path, content: bytes) -> None:
    (folder / "keys" / "operator").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        open_keystore(environ(folder, ETH_KEYSTORE=str(folder / "keys")))


@pytest.mark.parametrize("change", [{"kdf": "md5"}, {"mac": "zz"}, {"ciphertext": ""}, {"cipherparams": 3}])
def test_damaged_keystores(folder: Path, change: dict[str, object]) -> None:
    (folder / "keys" / "operator").write_text(json.dumps({**PBKDF2, "crypto": {**PBKDF2["crypto"], **change}}))
    with pytest.raises(InputError, match="cannot be opened"):
        open_keystore(environ(folder, ETH_KEYSTORE=str(folder / "keys")))


def test_a_wrong_password(folder: Path) -> None:
    (folder / "word").write_text("hunter2")
    with pytest.raises(InputError, match="the password does not open it") as fault:
        open_keystore(environ(folder, ETH_KEYSTORE=str(folder / "keys")))
    assert "hunter2" not in str(fault.value)


def test_attack_a_keystore_under_another_name(folder: Path) -> None:
    """The address in front is what people read; the key behind it would sign as somebody else."""
    (folder / "keys" / "operator").write_text(json.dumps({**PBKDF2, "address": "00" * 20}))
    with pytest.raises(InputError, match="contradicts itself"):
        open_keystore(environ(folder, ETH_KEYSTORE=str(folder / "keys")))


def test_a_password_set_where_a_file_belongs_is_not_shown(folder: Path) -> None:
    with pytest.raises(InputError, match="names a file, and is not the password") as fault:
        open_keystore({"ETH_KEYSTORE": str(folder / "keys"), "ETH_PASSWORD": "hunter2"})
    assert "hunter2" not in str(fault.value)
    with pytest.raises(InputError, match="ETH_PASSWORD: is not set"):
        open_keystore({"ETH_KEYSTORE": str(folder / "keys")})


def test_the_key_stays_inside(folder: Path) -> None:
    keys = open_keystore({"ETH_KEYSTORE": str(folder / "keys")}, password=PASSWORD)
    assert KEY.hex() not in repr(keys) + str(keys)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not copied"):
            leak(keys)
    with pytest.raises(LedgerError, match=r"holder .3. is asked to sign.*'operator' alone"):
        keys.sign("3", b"\0" * 32)


# The examples of EIP-55.
CHECKED = ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"]


@pytest.mark.parametrize("text", CHECKED)
def test_addresses_as_people_write_them(text: str) -> None:
    for written in (text, text.lower(), "0x" + text[2:].upper()):
        assert parse_address(written).hex() == text[2:].lower()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (CHECKED[0].replace("aA", "AA"), "checksum"),
        (CHECKED[0].replace("6053", "6054"), "checksum"),
        (CHECKED[0][2:], "40 hexadecimal digits"),
        (CHECKED[0][:-1], "40 hexadecimal digits"),
        (CHECKED[0] + "00", "40 hexadecimal digits"),
        ("operator.eth", "40 hexadecimal digits"),
        ("0x" + "0" * 40, "nobody"),
    ],
)
def test_what_is_no_address(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_address(text)

"""Compiling kernels: by numba where it is there; the same Python, slow but equal, where it is not.

A module of kernels imports this at its top and is itself imported only when something is to be computed: numba takes
seconds to come.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

__all__ = ["has_numba", "inline_kernel", "kernel", "loose_kernel"]

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


@cache
def has_numba() -> bool:
    """Whether kernels are compiled here."""
    return find_spec("numba") is not None


def kernel(function: Kernel) -> Kernel:
    """`function` compiled; it frees the interpreter while it runs and is kept on disk where that is possible."""
    return _compile(function, False)


def loose_kernel(function: Kernel) -> Kernel:
    """The same, with sums in whatever order is fastest: for what is iterated and then checked."""
    return _compile(function, {"reassoc", "contract", "arcp", "nsz", "nnan"})


def inline_kernel(function: Kernel) -> Kernel:
    """A part of one kernel that stands by itself to be read: it is compiled into the place that calls it."""
    return _compile(function, False, inline="always")


def _compile(function: Kernel, fastmath: bool | set[str], inline: str = "never") -> Kernel:
    if not has_numba():
        return function
    numba = import_module("numba")
    # What is kept on disk is found again by this name: a change in any function called makes it another.
    function.__qualname__ = f"{function.__name__}_{_fingerprint(function)}"
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath, "inline": inline}
    try:
        kept: Kernel = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to keep it: compiled anew by every process
        kept = numba.njit(**options)(function)
    return kept


def _fingerprint(function: Callable[..., Any]) -> str:
    """A digest of the function's code, of the constants it names, and of the kernels it calls."""
    digest = sha256(function.__code__.co_code + repr(function.__code__.co_consts).encode())
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        python = getattr(value, "py_func", None)
        if python is not None:
            digest.update(python.__qualname__.encode())
        elif isinstance(value, type):
            digest.update(repr(getattr(value, "_fields", value.__name__)).encode())
        elif isinstance(value, int | float | tuple):
            digest.update(f"{name}={value!r}".encode())
    return digest.hexdigest()[:12]

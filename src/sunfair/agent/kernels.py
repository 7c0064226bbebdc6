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
    # What is kept on disk is found again by this name: a change in anything it is compiled from makes it another.
    function.__qualname__ = f"{function.__name__}_{_fingerprint(function.__module__)}"
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath, "inline": inline}
    if function.__name__.startswith("_"):  # called by kernels only: no door for Python has to be compiled
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    try:
        kept: Kernel = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to keep it: compiled anew by every process
        kept = numba.njit(**options)(function)
    return kept


@cache
def _fingerprint(name: str) -> str:
    """A digest of a module's source and of those of this package whose kernels it imports (at its top)."""
    module = import_module(name)
    digest = sha256((module.__loader__.get_source(name) or "").encode())  # type: ignore[union-attr]
    used = {getattr(value, "__module__", None) for value in vars(module).values()}
    for other in sorted(each for each in used if each and each.startswith("sunfair.agent.") and each != name):
        digest.update(_fingerprint(other).encode())
    return digest.hexdigest()[:12]

"""Helpers for writing cases."""

from kernel_client import running

CASES = []
_KERNEL = []


def kernel():
    """The program of the kernel."""
    return _KERNEL[0]


def use_kernel(program):
    """Sets the program of the kernel."""
    _KERNEL[:] = [program]


def case(function):
    """Registers a function as a case."""
    CASES.append(function)
    return function


def expect(truth, message):
    if not truth:
        raise AssertionError(message)


def same(found, wanted, what=""):
    expect(found == wanted, f"{what}: found {found!r}, wanted {wanted!r}")


def has(text, *parts):
    for part in parts:
        expect(part in text, f"{part!r} is not in {text!r}")


def notebook(**options):
    return running(kernel(), **options)


def prelude(k):
    k.must("use zoobot::prelude::*;")

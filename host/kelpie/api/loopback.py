"""Addresses that lead to this machine alone."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

__all__ = ["is_loopback"]


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the address; what is none cannot be known to be."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    # Before Python 3.13 it is not looked behind an IPv6 address that stands for one of IPv4.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback

"""Where the compiled forms of components are kept: each for itself, but the code that
many have in common once for all of them."""

from __future__ import annotations

from collections.abc import Callable

from kelpie.wasm.cache import CompiledCache
from kelpie.wasm.compiled_form import Parts, parts_of

__all__ = ["CompiledParts"]

# Of the code used last: who builds a language uses few versions of its interpreter.
_KNOWN_MAX = 64


class CompiledParts:
    """The compiled forms of one configuration. What is found in `shared` is kept in
    `cache` too."""

    def __init__(self, cache: CompiledCache, shared: CompiledCache, fingerprint: str) -> None:
        self._cache = cache
        self._shared = shared
        self._ending = f"-code-{fingerprint}"

    def known(self) -> list[str]:
        """Of what there is code already, by digest."""
        names = [*self._cache.names(self._ending), *self._shared.names(self._ending)]
        return [name.removesuffix(self._ending) for name in dict.fromkeys(names)][:_KNOWN_MAX]

    def get_or_make(self, name: str, make: Callable[[list[str]], bytes]) -> bytes:
        """The form or, if there is none, what `make` gives, which is kept. It is told of
        what there is code, and may leave that out.

        Raises:
            StoreFull: there is no room for it.
            HostFault: the directory cannot be used.
        """
        found = self._whole(self._found(name))
        if found is not None:
            return found
        made = make(self.known())
        whole = self._whole(made)
        if whole is None:
            # The code has gone meanwhile.
            whole = made = make([])
        parts = parts_of(whole)
        if parts is None:
            return self._cache.get_or_make(name, lambda: whole)
        self._cache.get_or_make(parts.source + self._ending, lambda: parts.code)
        self._cache.get_or_make(name, lambda: parts.rest)
        return whole

    def forget(self, name: str) -> None:
        """Drops a form that the engine would not load, and its code."""
        form = self._found(name)
        parts = parts_of(form) if form is not None else None
        for each in (name, *((parts.source + self._ending,) if parts else ())):
            self._cache.remove(each)
            self._shared.remove(each)

    def _found(self, name: str) -> bytes | None:
        found = self._cache.find(name)
        if found is None:
            found = self._shared.find(name)
            if found is not None:
                self._cache.get_or_make(name, lambda: found)
        return found

    def _whole(self, form: bytes | None) -> bytes | None:
        """The form with its code; None if that is not here."""
        parts = parts_of(form) if form is not None else None
        if form is None or parts is None or parts.code:
            return form
        code = self._found(parts.source + self._ending)
        return None if code is None else Parts(parts.source, code, parts.rest).whole()

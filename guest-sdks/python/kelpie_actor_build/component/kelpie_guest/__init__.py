"""What is only in the component: imports, exports, and the language's own clock and
randomness over those of the contract.

The main module of a component imports `kelpie_guest.ambient` before anything else, so
that whoever imports `time` or `random` finds them changed already.
"""

from __future__ import annotations

"""The virtual WASI 0.2: what components made with other tools get of the world.

Nothing of the system is behind it: time and randomness are the turn's, output is
the actor's log, and there is no file, no socket and no input.

    offers          which interfaces there are, and their functions
    calls           what each function does
    surroundings    what one guest has: its clocks, what it waits for, its lines
    values          resources and other values, in and out
    linking         all of it, in the engine's linker
"""

from __future__ import annotations

"""What turns were given and what they did, so that they can be run again.

flights   the turns of an instance, in memory, from its birth on
entries   one turn as bytes: its input, its host calls, its end; each under a checksum
birth     one instance as bytes: what it was made of
masks     secrets, which no journal has
replay    runs the turns of an instance again, and compares
bundles   a file with all that a replay needs
"""

from __future__ import annotations

"""Who may do what with a host, and who has changed it.

secret    the text of a token: made, and checked for slips
digest    what is stored of it
roles     what each role allows
token     one token, as it is stored
tokens    all of them, in the store and in memory
caller    who asks, as the front door has found
rate      how many requests a second
audit     the log of changes
"""

from __future__ import annotations

"""HTTP as a client speaks it: enough to ask one host, and nothing else.

origin      where the host is, taken from its URL
request     a request as bytes
arriving    an answer, parsed as it arrives
connection  asks one request at a time
answer      what comes of it, for whoever has asked
pool        connections that are kept for the next request
failures    what becomes of requests that are not answered
"""

from __future__ import annotations

"""HTTP: what a client sends becomes an envelope, what comes of it a response.

paths         a raw request path taken apart
payloads      bodies and their types, both ways
headers       the names of our own headers
invocation    one request to an actor: parsed, invoked, answered
problem       errors as RFC 9457 has them
browsers      what pages in browsers may ask for
bodies        reading bodies, with limits
responses     what an answer is made of
routes        all of them, as a table: what is dispatched, and documented
door          who asks, by the token that comes with a request
guard         who may use a route; an account of each change
token_handlers  tokens and the audit log
router        from a path and a method to a route, and its handler
handlers      every route but the hot one's shortcut
kinds         the handlers of kinds and their versions
actor_handlers  those that look at actors
batches       those that take many operations at once
turn_stream   turns asked for line by line, answered as they end
turn_lines    such a line, and its answer
body_lines    a body, line by line
logs          what actors say, as it comes
traces        what a request has caused
trace_context which trace a request is part of
asked         what the head of a request to an actor asks for
moments       times in queries and answers
page          a page for people
openapi       the document that tells of all of them, and of what is deployed
views         deploys, actors and kv as JSON
manual        the pages about errors
connection    the shortcut: a whole request in one piece never leaves the protocol
departure     clients that go away before they have their answer
listening     where a host may listen
tls           its certificate, and the next one
server        listening, and letting go
client        the other side
transport     ... and what its answers mean
exchanges     ... each with its request, or why there is none
http_client   ... as bytes, on connections
unreachable   ... when nobody is there
safe_calls    ... asked again under one id, until it is done
doubt         ... and whether to, and what is known then
turn_calls    what of it one actor is asked
line_calls    what of it is asked in JSON lines
typed         actors whose operations are methods
"""

from __future__ import annotations

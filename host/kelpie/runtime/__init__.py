"""Actors: mailboxes, activations, turns, commits, replies.

Start reading at `host`: an invocation enters there and is taken on by `reception`. It
waits in its `actor/mailbox`, is run by an `actor/activation`, committed by a
`commits/pipeline`, and leaves through that gate.

requests    what arrives at actors, and how one of them asks another
actor       one active actor: its queue, its instance, its turns
commits     the way of finished turns into the store, and what makes it safe
durable     turns that a crash in the middle does not undo
messaging   messages, reminders, and who delivers them
kinds       what actors are: deployed, tried, configured, rolled back, deleted
views       looking at actors and at their journals, without running them
telemetry   what is told of turns
"""

from __future__ import annotations

"""Actors: mailboxes, activations, turns, commits, replies.

Start reading at `host`: an invocation enters there, waits in a `mailbox`, is run
by an `activation`, committed by its `pipeline`, and leaves through the gate.
"""

from __future__ import annotations

"""One-way messages between actors: kept by the sender's commit, delivered once.

letter, sending       what is sent, and how a turn's sends become rows of its commit
errand, desk          turns that the host adds something to, and what they find at their actor
delivery, dead_letters    the receiver's side: the cursor, and what could not be delivered
courier, round, lane  from outboxes to receivers: who delivers, in which order, and again
"""

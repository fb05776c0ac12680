"""Durable turns: those that a crash in the middle does not undo.

begun, errands        what such a turn was given, as it is stored
steps, durable_turn   the results of its calls, made durable before its guest sees them
answers, resumption   how it is run again, up to where it was, and goes on
actor_turns           the one of an actor: begun, resumed, ended
waker                 who has those go on that nobody asks for
in_flight, turns      for people: which there are, and how to end one
"""

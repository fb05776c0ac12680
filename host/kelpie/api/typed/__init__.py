"""Actors as a program sees them: operations are methods, checked before they are sent.

description     what a kind says of its operations
descriptions    ... as the host tells it, kept
arguments       what is given becomes an argument
schemas         whether it is what the operation takes
actor           one actor, and its operations
"""

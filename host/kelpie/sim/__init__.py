"""Deterministic simulation: the production runtime in a world that obeys a tape.

tape            every decision of a run, drawn by label
trace           the hash over everything that happened
loop, node      an event loop with virtual time, whose callbacks belong to nodes
env             `kelpie.env.Env` for one node of that loop
faults, store   what goes wrong, by name and with a proof that it fired
engine          guests that vanish and fail when the tape says so
linearizability the checker; `model` is the component itself, run alone
schema, workload, client, network    who asks what
world, nemesis  a run from birth to verdict
oracles         what must hold, whatever happened
shrink, report, command              from a seed to a line that a person can use
"""

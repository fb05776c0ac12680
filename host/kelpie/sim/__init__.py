"""Deterministic simulation: the production runtime in a world that obeys a tape.

tape, trace             every decision of a run; the hash over all that happened
loop, node, env         virtual time, callbacks that live and die with their node
running_env, engine     real guests, which vanish and fail when the tape says so
native                  classes of this process among them
faults, store, nemesis  what goes wrong, by name, and counted when it does
tight_limits            limits that differ from run to run
schema, workload        what clients may ask
requests, client, network    who asks, how often, and what came back
fleet, world            incarnations over one store; the two phases of a run
history, linearizability, model    the checker; the model is the component alone
ownership, stored, oracles, failure    what must hold, whatever happened
run, shrink             one seed to its verdict; a failing run made small
report, command         `kelpie sim`
"""

"""Guests: the only room that knows wasmtime.

`turn` is the seam to the rest: a turn goes in, an outcome comes out. `engine`
implements it. Beneath, from the outside in:

    engine, loader          what is offered; from an upload to code in memory
    inspection, manifest    what an upload is, and why it is refused
    componentizer           WebAssembly of our own that reads other people's
    compiler, compile_child, compiled_parts, cache
                            compilation in a child process, kept on disk
    component, instance     code ready to run; a guest and its turns
    native_guest, workshop  a store, its calls on a fiber, and how they end; what all share
    collector, entropy      what one turn does, against its limits
    linking, calls_*        host calls: by name, and what each does
    slow_lane, ticker       fairness among guests that run long
    faults                  what a guest's end means
    marshalling, native_values
                            payloads and other values, in and out
    memories, stacks, pages linear memories and fiber stacks, from the system
    configuration, library, handles, errors
                            the C library: settings, prototypes, owners
"""

from __future__ import annotations

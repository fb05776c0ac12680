"""The store: a transactional, ordered map from bytes to bytes, under everything.

`protocol` says what a store promises, `memory` is its model, `sqlite` the
embedded one. `keyspace` defines every key, `frame` how every value is guarded.
"""

from __future__ import annotations

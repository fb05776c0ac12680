// Package abi is the canonical ABI of the contract, written by hand: our world
// is fixed, so there is no generator between an actor's author and its build.
//
// Two rules come from the engine. While `cabi_realloc` runs no import may be
// called, and the Go heap must not be touched: a collection that starts there
// would read the clock. So it hands out memory of an arena of its own, from
// which arguments and results are copied to the heap at once. And there is no
// `cabi_post_...`: a result stays where it is until the next call.
package abi

package contract

// Host is all that an actor sees of the world: the imports of the contract. In
// a component it is the host itself, in a unit test the fake of kelpietest.
type Host interface {
	StateLoad() (Payload, bool)
	// StateSave keeps no text that it is given: it is written over by the next turn.
	StateSave(value Payload)
	StateClear()

	KVGet(key string) (Payload, bool)
	KVSet(key string, value Payload)
	KVDelete(key string)
	// KVList begins behind after; an empty one is none, as no key is empty.
	KVList(prefix, after string, limit uint32, reverse bool) Page

	// Call has an id of its own for each key; an empty one is none.
	Call(target Address, operation string, argument Payload, key string) (Payload, *Failure)
	Send(target Address, operation string, argument Payload) *Failure
	SendAfter(target Address, operation string, argument Payload, milliseconds uint64) *Failure
	Request(target Address, operation string, argument Payload, continuation string) *Failure
	Remind(name string, schedule Schedule, missed Missed, operation string, argument Payload) *Failure
	CancelReminder(name string) (bool, *Failure)
	Reminders() ([]string, *Failure)

	// Now is in nanoseconds since 1970-01-01T00:00:00Z.
	Now() uint64
	EntropyBytes(length uint32) []byte
	EntropyUint64() uint64
	EntropyUUID() string
	Log(level Level, message string)

	Self() Address
	Turn() uint64
	RequestID() string
	Caller() Caller
	Config(name string) (string, bool)
	Secret(name string) (string, bool)
}

// Instance is an actor in memory: the exports of the contract.
//
// The name of the operation and an argument that is text are read before the
// first call of the host. A reply is good until the next call of the instance.
type Instance interface {
	Invoke(host Host, operation string, argument Payload) (Payload, *Failure)
	// InvokeBatch returns the index of the operation that failed.
	InvokeBatch(host Host, operations string) (string, uint32, *Failure)
	Describe() string
}

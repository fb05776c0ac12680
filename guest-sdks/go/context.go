package kelpie

import (
	"time"

	"kelpie/internal/contract"
	"kelpie/internal/registry"
)

// Payload is what travels and what is stored: text, or bytes. The zero value
// is an empty text.
type Payload = contract.Payload

// Text is a payload of UTF-8 text, by far the faster lane: JSON belongs here.
func Text(text string) Payload { return contract.Text(text) }

// Bytes is a payload of bytes.
func Bytes(bytes []byte) Payload { return contract.Bytes(bytes) }

// Address names one actor.
type Address = contract.Address

// Caller is who caused a turn.
type Caller = contract.Caller

// Who may cause a turn: the Sort of a [Caller].
const (
	CallerClient   = contract.CallerClient
	CallerActor    = contract.CallerActor
	CallerReminder = contract.CallerReminder
)

// Context is what an operation sees of the world in one turn. It is of no use
// when its turn has ended: what is asked of it then panics.
//
// A turn may use goroutines, if it waits for them.
type Context struct {
	host       contract.Host
	keepsState bool
	readOnly   bool
	inBatch    bool
}

func newContext(host contract.Host) *Context { return &Context{host: host} }

func init() {
	registry.NewContext = func(host contract.Host) any { return newContext(host) }
}

// end makes the context useless: a goroutine that outlives its turn must not
// act in a later one.
func (c *Context) end() { c.host = nil }

func (c *Context) asking() contract.Host {
	if c.host == nil {
		panic("kelpie: the turn of this Context has ended; wait for goroutines before the operation returns")
	}
	return c.host
}

// changing is asking for more than to look. Alone, a read-only operation is
// stopped by the host; in a batch it is stopped here.
func (c *Context) changing() contract.Host {
	if c.readOnly && c.inBatch {
		panic("kelpie: a read-only operation may not write, send or call")
	}
	return c.asking()
}

// Address is this actor's own.
func (c *Context) Address() Address { return c.asking().Self() }

// Turn is the number of this turn among the actor's committed turns: it only grows.
func (c *Context) Turn() uint64 { return c.asking().Turn() }

// RequestID is the id under which this turn was asked for: the client's
// Idempotency-Key, or one made by the host.
func (c *Context) RequestID() string { return c.asking().RequestID() }

// Caller is who caused this turn.
func (c *Context) Caller() Caller { return c.asking().Caller() }

// Now is the time of this turn, in UTC: read when it began, the same through
// the whole turn, and the same when the turn is run again. time.Now agrees with
// it in a component, and nowhere else.
func (c *Context) Now() time.Time { return time.Unix(0, int64(c.asking().Now())).UTC() }

// Config is what was set under a name for this kind, and whether it was.
func (c *Context) Config(name string) (string, bool) {
	return c.asking().Config(passed(name, "a name"))
}

// Secret is the same for what nobody is to see. The host takes it out of the log.
func (c *Context) Secret(name string) (string, bool) {
	return c.asking().Secret(passed(name, "a name"))
}

// Entropy is randomness that nobody outside can predict, and that is the same
// when the turn is run again.
func (c *Context) Entropy() Entropy { return Entropy{c} }

// Log is where lines for people go. They stay also when the turn fails.
func (c *Context) Log() Log { return Log{c} }

// KV is this actor's ordered keys and values, for state too large or too wide
// to be read as a whole.
func (c *Context) KV() KV { return KV{c} }

// Messaging talks to other actors, and to this one later.
func (c *Context) Messaging() Messaging { return Messaging{c} }

// State is the actor's one value as the host keeps it, for an actor whose state
// type is [None]. It panics in others: there the SDK keeps it.
func (c *Context) State() State {
	if c.keepsState {
		panic("kelpie: the state of this actor is kept by the SDK; make its type None to keep it yourself")
	}
	return State{c}
}

package kelpie

import (
	"strconv"

	"kelpie/internal/contract"
)

// Entropy is made from a secret of the host, this actor and this request.
type Entropy struct{ ctx *Context }

// callBytesMax is how many random bytes the host gives at once.
const callBytesMax = 65_536

// Bytes are length random bytes, asked for in pieces of at most 65,536.
func (e Entropy) Bytes(length int) []byte {
	if length < 0 || length > 1<<31-1 {
		panic("kelpie: " + strconv.Itoa(length) + " random bytes are not to be had")
	}
	asked := e.ctx.asking()
	if length <= callBytesMax {
		return asked.EntropyBytes(uint32(length))
	}
	made := make([]byte, 0, length)
	for len(made) < length {
		made = append(made, asked.EntropyBytes(uint32(min(length-len(made), callBytesMax)))...)
	}
	return made
}

// Uint64 is a random number.
func (e Entropy) Uint64() uint64 { return e.ctx.asking().EntropyUint64() }

// UUID is a UUID of version 4 in its usual form.
func (e Entropy) UUID() string { return e.ctx.asking().EntropyUUID() }

// Log writes lines of at most 16 KiB, 1,000 of them and 256 KiB a turn; a turn
// that logs more fails.
type Log struct{ ctx *Context }

// Level is how much a line matters.
type Level = contract.Level

// The levels of the log.
const (
	LevelDebug = contract.LevelDebug
	LevelInfo  = contract.LevelInfo
	LevelWarn  = contract.LevelWarn
	LevelError = contract.LevelError
)

// Write writes a line of a level.
func (l Log) Write(level Level, message string) { l.ctx.asking().Log(level, readable(message)) }

// Debug writes a line for who looks for a bug.
func (l Log) Debug(message string) { l.Write(LevelDebug, message) }

// Info writes a line for who wants to know what happens.
func (l Log) Info(message string) { l.Write(LevelInfo, message) }

// Warn writes a line for who keeps the actor running.
func (l Log) Warn(message string) { l.Write(LevelWarn, message) }

// Error writes a line that somebody has to look at.
func (l Log) Error(message string) { l.Write(LevelError, message) }

// State is the actor's one value, at most 4 MiB.
type State struct{ ctx *Context }

// Load is the value as this turn sees it, and whether there is one.
func (s State) Load() (Payload, bool) { return s.ctx.asking().StateLoad() }

// Save replaces the value.
func (s State) Save(value Payload) {
	s.ctx.changing().StateSave(passedPayload(value, "a value"))
}

// Clear removes the value.
func (s State) Clear() { s.ctx.changing().StateClear() }

package kelpietest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"kelpie"
	"kelpie/internal/contract"
	"kelpie/internal/registry"
)

func newInstance() contract.Instance { return registry.NewInstance() }

// host answers the actor from the fields of its Actor.
type host struct {
	actor *Actor
	turn  *turn
	// direct: what changes is committed at once, as no turn ends.
	direct bool
}

// changed is called behind every change.
func (h *host) changed() {
	if h.direct {
		h.turn.commit(h.actor)
		h.actor.Turns--
		h.turn.sent = nil
	}
}

// change is called before every change.
func (h *host) change() {
	if h.turn.readOnly {
		panic("kelpietest: a read-only operation may not write, send or call")
	}
}

func (h *host) StateLoad() (kelpie.Payload, bool) {
	if h.turn.state == nil {
		return kelpie.Payload{}, false
	}
	return *h.turn.state, true
}

func (h *host) StateSave(value kelpie.Payload) {
	h.change()
	stored := kelpie.Text(strings.Clone(value.Text()))
	if !value.IsText() {
		stored = kelpie.Bytes(slices.Clone(value.Bytes()))
	}
	h.turn.state = &stored
	h.changed()
}

func (h *host) StateClear() {
	h.change()
	h.turn.state = nil
	h.changed()
}

func (h *host) KVGet(key string) (kelpie.Payload, bool) {
	checkKey(key)
	value, found := h.turn.kv[key]
	return value, found
}

func (h *host) KVSet(key string, value kelpie.Payload) {
	checkKey(key)
	h.change()
	h.turn.kv[key] = value
	h.changed()
}

func (h *host) KVDelete(key string) {
	checkKey(key)
	h.change()
	delete(h.turn.kv, key)
	h.changed()
}

func checkKey(key string) {
	if len(key) < 1 || len(key) > 1_024 {
		panic("kelpietest: a key has 1 to 1,024 bytes")
	}
}

func (h *host) KVList(prefix, after string, limit uint32, reverse bool) kelpie.KVPage {
	var keys []string
	for key := range h.turn.kv {
		behind := after == "" || (key > after) != reverse && key != after
		if strings.HasPrefix(key, prefix) && behind {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if reverse {
		slices.Reverse(keys)
	}
	page := kelpie.KVPage{More: len(keys) > int(limit)}
	for _, key := range keys[:min(len(keys), int(limit))] {
		page.Entries = append(page.Entries, kelpie.KVEntry{Key: key, Value: h.turn.kv[key]})
	}
	return page
}

func (h *host) Call(target kelpie.Address, operation string, argument kelpie.Payload, key string) (kelpie.Payload, *kelpie.Failure) {
	h.change()
	call := Message{Target: target, Operation: operation, Argument: argument, Key: key}
	h.actor.Calls = append(h.actor.Calls, call)
	if h.actor.Answer == nil {
		return kelpie.Payload{}, &kelpie.Failure{Kind: kelpie.Unavailable, Message: "nobody is there: set Answer"}
	}
	reply, err := h.actor.Answer(call)
	return reply, failureOf(err)
}

func failureOf(err error) *kelpie.Failure {
	var failure *kelpie.Failure
	var refused *kelpie.Rejection
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure):
		return failure
	case errors.As(err, &refused):
		return &kelpie.Failure{Kind: kelpie.Rejected, Code: refused.Code, Message: refused.Message}
	}
	return &kelpie.Failure{Kind: kelpie.Failed, Message: err.Error()}
}

func (h *host) send(message Message) *kelpie.Failure {
	h.change()
	h.turn.sent = append(h.turn.sent, message)
	h.changed()
	return nil
}

func (h *host) Send(target kelpie.Address, operation string, argument kelpie.Payload) *kelpie.Failure {
	return h.send(Message{Target: target, Operation: operation, Argument: argument})
}

func (h *host) SendAfter(target kelpie.Address, operation string, argument kelpie.Payload, milliseconds uint64) *kelpie.Failure {
	delay := time.Duration(milliseconds) * time.Millisecond
	return h.send(Message{Target: target, Operation: operation, Argument: argument, Delay: delay})
}

func (h *host) Request(target kelpie.Address, operation string, argument kelpie.Payload, continuation string) *kelpie.Failure {
	return h.send(Message{Target: target, Operation: operation, Argument: argument, Continuation: continuation})
}

func (h *host) Remind(name string, schedule kelpie.Schedule, missed kelpie.Missed, operation string, argument kelpie.Payload) *kelpie.Failure {
	h.change()
	h.turn.reminders[name] = Reminder{Schedule: schedule, Missed: missed, Operation: operation, Argument: argument}
	h.changed()
	return nil
}

func (h *host) CancelReminder(name string) (bool, *kelpie.Failure) {
	h.change()
	_, found := h.turn.reminders[name]
	delete(h.turn.reminders, name)
	h.changed()
	return found, nil
}

func (h *host) Reminders() ([]string, *kelpie.Failure) {
	names := []string{}
	for name := range h.turn.reminders {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (h *host) Now() uint64 { return uint64(h.actor.Time.UnixNano()) }

func (h *host) EntropyBytes(length uint32) []byte {
	made := make([]byte, length)
	_, _ = h.turn.entropy.Read(made)
	return made
}

func (h *host) EntropyUint64() uint64 { return h.turn.entropy.Uint64() }

func (h *host) EntropyUUID() string { return h.turn.entropy.uuid() }

func (h *host) Log(level kelpie.Level, message string) {
	h.actor.Log = append(h.actor.Log, Line{level, message})
}

func (h *host) Self() kelpie.Address { return h.actor.Address }

func (h *host) Turn() uint64 { return h.actor.Turns + 1 }

func (h *host) RequestID() string { return h.actor.RequestID }

func (h *host) Caller() kelpie.Caller { return h.actor.Caller }

func (h *host) Config(name string) (string, bool) {
	value, found := h.actor.Config[name]
	return value, found
}

func (h *host) Secret(name string) (string, bool) {
	value, found := h.actor.Secrets[name]
	return value, found
}

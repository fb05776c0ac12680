package kelpietest

import (
	"fmt"
	"maps"
	"strings"

	"kelpie"
	"kelpie/internal/contract"
)

// Invoke is one turn: the reply, or a *kelpie.Failure.
//
// The argument is JSON as a string, bytes, a kelpie.Payload, nil for none, or
// any other value, which is written as JSON.
func (a *Actor) Invoke(operation string, argument any) (kelpie.Payload, error) {
	given, err := payload(argument)
	if err != nil {
		return kelpie.Payload{}, err
	}
	var reply kelpie.Payload
	err = a.run(a.operations[operation], func(host contract.Host) *contract.Failure {
		var failure *contract.Failure
		reply, failure = a.instance.Invoke(host, operation, given)
		if reply.IsText() {
			reply = kelpie.Text(strings.Clone(reply.Text()))
		}
		return failure
	})
	return reply, err
}

// Invoke is one turn with a typed reply.
func Invoke[Out any](actor *Actor, operation string, argument any) (out Out, err error) {
	reply, err := actor.Invoke(operation, argument)
	if err != nil {
		return out, err
	}
	return kelpie.FromJSON[Out](kelpie.JSON(reply.Text()))
}

// InvokeBatch is one turn of many operations, a JSON line each. The index is
// that of the operation that failed.
func (a *Actor) InvokeBatch(operations string) (replies string, index int, err error) {
	err = a.run(false, func(host contract.Host) *contract.Failure {
		var failure *contract.Failure
		var at uint32
		replies, at, failure = a.instance.InvokeBatch(host, operations)
		index = int(at)
		return failure
	})
	return replies, index, err
}

func (a *Actor) run(readOnly bool, work func(contract.Host) *contract.Failure) error {
	if a.instance == nil {
		a.instance = newInstance()
	}
	turn := newTurn(a, readOnly)
	failure := work(&host{actor: a, turn: turn})
	if failure != nil {
		// As the host does: nothing of the turn is kept, and the instance is dropped.
		a.instance = nil
		return failure
	}
	turn.commit(a)
	return nil
}

func payload(argument any) (kelpie.Payload, error) {
	switch argument := argument.(type) {
	case nil:
		return kelpie.Text(""), nil
	case string:
		return kelpie.Text(argument), nil
	case []byte:
		return kelpie.Bytes(argument), nil
	case kelpie.Payload:
		return argument, nil
	}
	text, err := kelpie.ToJSON(argument)
	if err != nil {
		return kelpie.Payload{}, fmt.Errorf("kelpietest: the argument: %w", err)
	}
	return kelpie.Text(string(text)), nil
}

// turn is what one turn changes, until it is committed.
type turn struct {
	readOnly  bool
	state     *kelpie.Payload
	kv        map[string]kelpie.Payload
	sent      []Message
	reminders map[string]Reminder
	entropy   entropy
}

func newTurn(a *Actor, readOnly bool) *turn {
	return &turn{
		readOnly:  readOnly,
		state:     a.State,
		kv:        maps.Clone(a.KV),
		reminders: maps.Clone(a.Reminders),
		entropy:   newEntropy(a.Seed, a.RequestID),
	}
}

func (t *turn) commit(a *Actor) {
	a.State, a.KV, a.Reminders = t.state, t.kv, t.reminders
	a.Sent = append(a.Sent, t.sent...)
	a.Turns++
}

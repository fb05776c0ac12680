// Package kelpietest runs the actor of a program in ordinary unit tests, without
// a host and without WebAssembly:
//
//	func TestAdding(t *testing.T) {
//		actor := kelpietest.New(t)
//		reply, err := actor.Invoke("add", `{"amount": 5}`)
//		if err != nil || reply.Text() != `{"value":5}` {
//			t.Fatal(reply.Text(), err)
//		}
//	}
//
// An operation goes the same way as in a component: its argument is checked, the
// state is loaded and saved, and what fails is rolled back.
package kelpietest

import (
	"encoding/json"
	"testing"
	"time"

	"kelpie"
	"kelpie/internal/contract"
	"kelpie/internal/registry"
)

// Actor is one actor with a host of its own, in memory. Its fields may be set
// and read between turns.
type Actor struct {
	Address   kelpie.Address
	Caller    kelpie.Caller
	RequestID string
	// Time is that of the next turn. It stands still unless the test moves it on.
	Time time.Time
	// Seed decides what the entropy of the next turn is.
	Seed    uint64
	Config  map[string]string
	Secrets map[string]string

	// State is what is stored, as a component stores it. Nil: nothing.
	State *kelpie.Payload
	// KV are the keys and values that are stored.
	KV map[string]kelpie.Payload
	// Turns is how many turns were committed.
	Turns uint64
	// Log has the lines of all turns, of those that failed too.
	Log []Line
	// Sent are the messages of all turns that were committed.
	Sent []Message
	// Calls are the calls of all turns, of those that failed too.
	Calls []Message
	// Reminders are those that are set, by name.
	Reminders map[string]Reminder
	// Answer replies to calls. A *kelpie.Failure arrives as it is, another error as
	// that the other actor failed. Nil: nobody is there, and calls are unavailable.
	Answer func(call Message) (kelpie.Payload, error)

	instance   contract.Instance
	operations map[string]bool
}

// Line is one line of the log.
type Line struct {
	Level   kelpie.Level
	Message string
}

// Message is what went to another actor: a call, a send or a request.
type Message struct {
	Target    kelpie.Address
	Operation string
	Argument  kelpie.Payload
	// Key of a call that has one.
	Key string
	// Delay of a message that is sent for later.
	Delay time.Duration
	// Continuation of a request.
	Continuation string
}

// Reminder is a reminder that is set.
type Reminder struct {
	Schedule  kelpie.Schedule
	Missed    kelpie.Missed
	Operation string
	Argument  kelpie.Payload
}

// New is the actor that this program registers, which nobody asked before.
//
// The test fails at once if no actor is registered, or it cannot be described:
// then it could not be deployed.
func New(t testing.TB) *Actor {
	t.Helper()
	if registry.NewInstance == nil {
		t.Fatal("kelpietest: no actor: call kelpie.Register from an init function of package main")
	}
	made := &Actor{
		Address:   kelpie.Address{Namespace: "default", Kind: "actor", Key: "key"},
		Caller:    kelpie.Caller{Sort: kelpie.CallerClient, Name: "anonymous"},
		RequestID: "request-1",
		Time:      time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC),
		Config:    map[string]string{},
		Secrets:   map[string]string{},
		KV:        map[string]kelpie.Payload{},
		Reminders: map[string]Reminder{},
	}
	made.describe(t)
	return made
}

func (a *Actor) describe(t testing.TB) {
	var manifest struct {
		Operations []struct {
			Name     string `json:"name"`
			ReadOnly bool   `json:"read_only"`
		} `json:"operations"`
	}
	if err := json.Unmarshal([]byte(a.Describe()), &manifest); err != nil {
		t.Fatalf("kelpietest: the manifest is no JSON: %v", err)
	}
	a.operations = map[string]bool{}
	for _, each := range manifest.Operations {
		a.operations[each.Name] = each.ReadOnly
	}
}

// Describe is the manifest of the actor, as JSON.
func (a *Actor) Describe() string { return registry.NewInstance().Describe() }

// Renew drops what the actor has in memory, as the host may do between any two
// turns: the next one begins with what is stored.
func (a *Actor) Renew() { a.instance = nil }

// Context is a context as the next turn would have it, to call a method with. It
// sees the fields of the actor, and changes them at once.
func (a *Actor) Context() *kelpie.Context {
	return registry.NewContext(&host{actor: a, turn: newTurn(a, false), direct: true}).(*kelpie.Context)
}

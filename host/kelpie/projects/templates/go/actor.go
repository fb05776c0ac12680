// One number for each key, kept for good.
//
// A type is an actor: its fields are the state, its methods are the operations.
// Of `name-of-actor/alice` one runs at a time, and its reply leaves the host only
// when the state behind it is on disk.
package main

import (
	"fmt"

	"kelpie"
)

// Counter is what is kept for each key. It begins as the zero value.
type Counter struct {
	Value int64 `json:"value"`
}

// Add is the argument of `add`. Its tags are shown to whoever calls the actor.
type Add struct {
	Amount int64 `json:"amount" default:"1" doc:"how much"`
}

// Value is what the operations reply.
type Value struct {
	Value int64 `json:"value"`
}

func (c *Counter) Add(ctx *kelpie.Context, in Add) (Value, error) {
	value := c.Value + in.Amount
	if value < 0 {
		// The caller is told so, and nothing of this turn is kept.
		return Value{}, kelpie.Reject("out-of-range", "the value would be below zero, or too large")
	}
	c.Value = value
	ctx.Log().Info(fmt.Sprintf("now at %d", value))
	return Value{value}, nil
}

func (c *Counter) Get(ctx *kelpie.Context, _ kelpie.None) (Value, error) {
	return Value{c.Value}, nil
}

func (c *Counter) Reset(ctx *kelpie.Context, _ kelpie.None) (Value, error) {
	c.Value = 0
	return Value{}, nil
}

func init() {
	kelpie.Register(kelpie.Actor[Counter]{
		Doc: "Counts, and never below zero.",
		Operations: kelpie.Operations(
			kelpie.Operation("add", "Adds to the value.", (*Counter).Add),
			kelpie.ReadOnly("get", "The value.", (*Counter).Get),
			kelpie.Operation("reset", "Sets the value to zero.", (*Counter).Reset),
		),
	})
}

func main() {}

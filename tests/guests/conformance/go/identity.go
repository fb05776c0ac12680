package main

import "kelpie"

// Address is that of an actor.
type Address struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Key       string `json:"key"`
}

// Caller is a client, an actor or a reminder.
type Caller struct {
	Client   *string  `json:"client,omitempty"`
	Actor    *Address `json:"actor,omitempty"`
	Reminder *string  `json:"reminder,omitempty"`
}

// Identity is who is running, and for whom.
type Identity struct {
	Address
	Turn      uint64 `json:"turn"`
	RequestID string `json:"request_id"`
	Caller    Caller `json:"caller"`
}

// Identity is who is running, and for whom.
func (c *Conformance) Identity(ctx *kelpie.Context, _ kelpie.None) (Identity, error) {
	made := Identity{Address: Address(ctx.Address()), Turn: ctx.Turn(), RequestID: ctx.RequestID()}
	switch caller := ctx.Caller(); caller.Sort {
	case kelpie.CallerActor:
		address := Address(caller.Address)
		made.Caller.Actor = &address
	case kelpie.CallerReminder:
		made.Caller.Reminder = &caller.Name
	default:
		made.Caller.Client = &caller.Name
	}
	return made, nil
}

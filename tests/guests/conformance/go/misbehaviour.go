package main

import (
	"errors"

	"kelpie"
)

// Refusal is a code and a message.
type Refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Reject rejects.
func (c *Conformance) Reject(_ *kelpie.Context, in Refusal) (kelpie.None, error) {
	return kelpie.None{}, kelpie.Reject(in.Code, in.Message)
}

// Message is what to say.
type Message struct {
	Message string `json:"message"`
}

// Fail fails.
func (c *Conformance) Fail(_ *kelpie.Context, in Message) (kelpie.None, error) {
	return kelpie.None{}, errors.New(in.Message)
}

// Panic panics.
func (c *Conformance) Panic(_ *kelpie.Context, in Message) (kelpie.None, error) {
	panic(in.Message)
}

// Spin never ends.
func (c *Conformance) Spin(*kelpie.Context, kelpie.None) (kelpie.None, error) {
	for {
		sink++
	}
}

// sink is what no compiler takes away.
var sink uint64

// Bytes is how many bytes.
type Bytes struct {
	Bytes uint32 `json:"bytes"`
}

// Allocate holds so many bytes until the turn ends.
func (c *Conformance) Allocate(_ *kelpie.Context, in Bytes) (uint32, error) {
	held := make([]byte, in.Bytes)
	for at := range held {
		held[at] = 1
	}
	return uint32(len(held)), nil
}

// Change is by how much to change the count.
type Change struct {
	Amount int64 `json:"amount"`
}

// AddThenReject changes the state and a key, and rejects.
func (c *Conformance) AddThenReject(ctx *kelpie.Context, in Change) (kelpie.None, error) {
	c.Count += in.Amount
	ctx.KV().SetText("mark", "here")
	return kelpie.None{}, kelpie.Reject("refused", "after the change")
}

// WriteReadOnly writes though it is read-only.
func (c *Conformance) WriteReadOnly(ctx *kelpie.Context, _ kelpie.None) (kelpie.None, error) {
	ctx.KV().SetText("mark", "here")
	return kelpie.None{}, nil
}

// ChangeReadOnly changes the state in memory though it is read-only.
func (c *Conformance) ChangeReadOnly(*kelpie.Context, kelpie.None) (kelpie.None, error) {
	c.Count++
	return kelpie.None{}, nil
}

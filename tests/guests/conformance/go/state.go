package main

import "kelpie"

// Value is any JSON value.
type Value struct {
	Value kelpie.JSON `json:"value"`
}

// Echo replies with its argument.
func (c *Conformance) Echo(_ *kelpie.Context, in Value) (kelpie.JSON, error) { return in.Value, nil }

// EchoBytes replies with its bytes.
func (c *Conformance) EchoBytes(_ *kelpie.Context, in []byte) ([]byte, error) { return in, nil }

// Amount is how much to add.
type Amount struct {
	Amount int64 `json:"amount" default:"1" doc:"How much."`
}

// Count is what the count is now.
type Count struct {
	Count int64 `json:"count"`
}

// Add adds to the count.
func (c *Conformance) Add(_ *kelpie.Context, in Amount) (Count, error) {
	sum := c.Count + in.Amount
	if (sum > c.Count) != (in.Amount > 0) && in.Amount != 0 {
		return Count{}, kelpie.Reject("overflow", "the count would be too large")
	}
	c.Count = sum
	return Count{sum}, nil
}

// Status is all that is kept.
type Status struct {
	Count int64             `json:"count"`
	Notes map[string]string `json:"notes"`
}

// Get is the count and the notes.
func (c *Conformance) Get(*kelpie.Context, kelpie.None) (Status, error) {
	return Status{c.Count, c.Notes}, nil
}

// Note is a text and its name.
type Note struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Note keeps a text under a name.
func (c *Conformance) Note(_ *kelpie.Context, in Note) (kelpie.None, error) {
	c.Notes[in.Name] = in.Text
	return kelpie.None{}, nil
}

// Name is the name of something.
type Name struct {
	Name string `json:"name"`
}

// Forget forgets a note.
func (c *Conformance) Forget(_ *kelpie.Context, in Name) (bool, error) {
	_, found := c.Notes[in.Name]
	delete(c.Notes, in.Name)
	return found, nil
}

// ClearAll makes everything as it was at first.
func (c *Conformance) ClearAll(ctx *kelpie.Context, _ kelpie.None) (kelpie.None, error) {
	for key := range ctx.KV().All(kelpie.KVRange{}) {
		ctx.KV().Delete(key)
	}
	*c = Conformance{Notes: map[string]string{}, turns: c.turns}
	return kelpie.None{}, nil
}

// InstanceTurns is how many times this instance was asked this.
func (c *Conformance) InstanceTurns(*kelpie.Context, kelpie.None) (uint64, error) {
	c.turns++
	return c.turns, nil
}

package main

import (
	"encoding/hex"

	"kelpie"
)

// KeyText is a key and its text.
type KeyText struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// KVSet stores text.
func (c *Conformance) KVSet(ctx *kelpie.Context, in KeyText) (kelpie.None, error) {
	ctx.KV().SetText(in.Key, in.Text)
	return kelpie.None{}, nil
}

// KeyHex is a key and its bytes.
type KeyHex struct {
	Key string `json:"key"`
	Hex string `json:"hex"`
}

// KVSetBytes stores bytes.
func (c *Conformance) KVSetBytes(ctx *kelpie.Context, in KeyHex) (kelpie.None, error) {
	bytes, err := hex.DecodeString(in.Hex)
	if err != nil {
		return kelpie.None{}, kelpie.Reject("bad-argument", "hex: not pairs of hexadecimal digits")
	}
	ctx.KV().SetBytes(in.Key, bytes)
	return kelpie.None{}, nil
}

// Key is a key.
type Key struct {
	Key string `json:"key"`
}

// Shown is text as it is, or bytes in hexadecimal.
type Shown struct {
	Text *string `json:"text,omitempty"`
	Hex  *string `json:"hex,omitempty"`
}

func shown(value kelpie.Payload) Shown {
	if value.IsText() {
		text := value.Text()
		return Shown{Text: &text}
	}
	bytes := hex.EncodeToString(value.Bytes())
	return Shown{Hex: &bytes}
}

// KVGet is what is stored.
func (c *Conformance) KVGet(ctx *kelpie.Context, in Key) (*Shown, error) {
	value, found := ctx.KV().Get(in.Key)
	if !found {
		return nil, nil
	}
	made := shown(value)
	return &made, nil
}

// KVDelete deletes a key.
func (c *Conformance) KVDelete(ctx *kelpie.Context, in Key) (kelpie.None, error) {
	ctx.KV().Delete(in.Key)
	return kelpie.None{}, nil
}

// Listing says what to list.
type Listing struct {
	Prefix  string  `json:"prefix" default:""`
	After   *string `json:"after"`
	Limit   uint32  `json:"limit" default:"100"`
	Reverse bool    `json:"reverse" default:"false"`
}

// Entries is one page.
type Entries struct {
	Entries []Entry `json:"entries"`
	More    bool    `json:"more"`
}

// Entry is one key and what is stored under it.
type Entry struct {
	Key string `json:"key"`
	Shown
}

// KVList is one page of keys and values.
func (c *Conformance) KVList(ctx *kelpie.Context, in Listing) (Entries, error) {
	// None at all cannot be asked for in Go; whether there would be more can.
	asked := kelpie.KVRange{Prefix: in.Prefix, Limit: int(max(in.Limit, 1)), Reverse: in.Reverse}
	if in.After != nil {
		asked.After = *in.After
	}
	page := ctx.KV().List(asked)
	if in.Limit == 0 {
		return Entries{More: len(page.Entries) > 0}, nil
	}
	made := Entries{More: page.More}
	for _, entry := range page.Entries {
		made.Entries = append(made.Entries, Entry{entry.Key, shown(entry.Value)})
	}
	return made, nil
}

package kelpie

import (
	"errors"
	"iter"
	"strconv"

	"kelpie/internal/contract"
)

// KV is this actor's keys and values. Keys are UTF-8 of 1 to 1,024 bytes and
// ordered by their bytes; a value has at most 1 MiB. A turn reads what it wrote.
type KV struct{ ctx *Context }

// KVEntry is one key and its value.
type KVEntry = contract.Entry

// KVPage is one answer to a listing.
type KVPage = contract.Page

// Get is the value of a key, and whether there is one.
func (k KV) Get(key string) (Payload, bool) { return k.ctx.asking().KVGet(passed(key, "a key")) }

// Set sets the value of a key.
func (k KV) Set(key string, value Payload) {
	k.ctx.changing().KVSet(passed(key, "a key"), passedPayload(value, "a value"))
}

// Delete removes a key. One that is not there changes nothing.
func (k KV) Delete(key string) { k.ctx.changing().KVDelete(passed(key, "a key")) }

// GetText is the text of a key, and whether there is one. It panics if the
// value is bytes.
func (k KV) GetText(key string) (string, bool) {
	value, found := k.Get(key)
	if !value.IsText() {
		panic("kelpie: " + valueOf(key) + " is bytes, not text")
	}
	return value.Text(), found
}

// SetText sets the value of a key to a text.
func (k KV) SetText(key, text string) { k.Set(key, Text(text)) }

// GetBytes are the bytes of a key, and whether there are any. It panics if the
// value is text.
func (k KV) GetBytes(key string) ([]byte, bool) {
	value, found := k.Get(key)
	if found && value.IsText() {
		panic("kelpie: " + valueOf(key) + " is text, not bytes")
	}
	return value.Bytes(), found
}

// SetBytes sets the value of a key to bytes.
func (k KV) SetBytes(key string, bytes []byte) { k.Set(key, Bytes(bytes)) }

// GetJSON reads the value of a key, which is JSON as [SetJSON] writes it, and
// says whether there is one.
func GetJSON[T any](kv KV, key string) (value T, found bool, err error) {
	stored, found := kv.Get(key)
	if !found {
		return value, false, nil
	}
	if !stored.IsText() {
		return value, true, errors.New(valueOf(key) + " is bytes, not JSON")
	}
	if value, err = FromJSON[T](JSON(stored.Text())); err != nil {
		return value, true, errors.New(valueOf(key) + ": " + err.Error())
	}
	return value, true, nil
}

// SetJSON sets the value of a key to JSON.
func SetJSON[T any](kv KV, key string, value T) error {
	text, err := ToJSON(value)
	if err != nil {
		return errors.New(valueOf(key) + ": " + err.Error())
	}
	kv.SetText(key, string(text))
	return nil
}

// KVRange says which entries are meant.
type KVRange struct {
	// Prefix is how their keys begin.
	Prefix string
	// After is the key behind which they begin; empty: at the first.
	After string
	// Limit is how many at most; 0: as many as there are.
	Limit int
	// Reverse: the last key comes first.
	Reverse bool
}

// List is one page of entries: at most 1,000 and 1 MiB, and never more than the
// limit. [KV.All] goes over all pages.
func (k KV) List(asked KVRange) KVPage {
	limit := kvPageEntriesMax
	if asked.Limit > 0 {
		limit = min(limit, asked.Limit)
	}
	prefix, after := passed(asked.Prefix, "a prefix"), passed(asked.After, "a key")
	return k.ctx.asking().KVList(prefix, after, uint32(limit), asked.Reverse)
}

// kvPageEntriesMax is how many entries a page of the host has at most.
const kvPageEntriesMax = 1_000

// All goes over the entries of a range, page by page.
func (k KV) All(asked KVRange) iter.Seq2[string, Payload] {
	return func(yield func(string, Payload) bool) {
		left := asked
		for {
			page := k.List(left)
			for _, entry := range page.Entries {
				if !yield(entry.Key, entry.Value) {
					return
				}
				left.After = entry.Key
			}
			if asked.Limit > 0 {
				left.Limit -= len(page.Entries)
			}
			if !page.More || asked.Limit > 0 && left.Limit <= 0 {
				return
			}
		}
	}
}

func valueOf(key string) string { return "the value of the key " + strconv.Quote(key) }

package codec

import (
	"errors"
	"maps"
	"reflect"
	"sync"
	"unsafe"
)

// form is how values of a type are read and written.
type form uint8

const (
	boolean form = iota
	integer
	natural
	float
	text
	base64
	raw
	number
	pointer
	list
	array
	mapping
	structure
	anything
	jsonText
	plainText
)

// Codec reads and writes the values of one type, and describes them. It goes by
// addresses and not by reflection where it can: a turn in WebAssembly is short,
// and reflection would be most of it.
type Codec struct {
	kind reflect.Type
	form form
	// size is how many bytes a value has in memory.
	size uintptr
	// need is what a value has to be, in words.
	need string
	// schema has the members of a JSON Schema that is always the same.
	schema string
	// inner is the codec of what a pointer, list, array or map has inside.
	inner *Codec
	// record is how a struct is laid out.
	record *record
	// makes says that a value has more than zeros before anything is read into
	// it: its defaults, and maps that can be written to.
	makes bool
}

// Of is the codec of a type.
//
// It fails for a type that JSON has no form for, and says which and where.
func Of(kind reflect.Type) (*Codec, error) {
	lock.Lock()
	defer lock.Unlock()
	if found, ok := known[kind]; ok {
		return found, nil
	}
	making := workshop{}
	made, err := making.of(kind)
	if err == nil {
		maps.Copy(known, making)
	}
	return made, err
}

// known is every codec that was made.
var (
	lock  sync.Mutex
	known = map[reflect.Type]*Codec{}
)

// workshop has the codecs that are being made for one type.
type workshop map[reflect.Type]*Codec

func (w workshop) of(kind reflect.Type) (*Codec, error) {
	if found, ok := known[kind]; ok {
		return found, nil
	}
	if found, ok := w[kind]; ok {
		return found, nil
	}
	made := &Codec{kind: kind, size: kind.Size()}
	// First, as a type may have itself inside.
	w[kind] = made
	return made, w.build(made)
}

func (w workshop) build(c *Codec) error {
	if c.isSpecial() || c.isScalar() {
		return nil
	}
	switch c.kind.Kind() {
	case reflect.Pointer:
		return w.around(c, pointer, "")
	case reflect.Slice:
		return w.around(c, list, "an array")
	case reflect.Array:
		err := w.around(c, array, "an array of "+count(c.kind.Len(), "item"))
		c.makes = err == nil && c.inner.makes
		return err
	case reflect.Map:
		if c.kind.Key().Kind() != reflect.String {
			return errors.New(c.kind.String() + " has keys that are no strings")
		}
		c.makes = true
		return w.around(c, mapping, "an object")
	case reflect.Struct:
		return w.layOut(c)
	case reflect.Interface:
		if c.kind.NumMethod() > 0 {
			return errors.New(c.kind.String() + " is an interface: what is behind it cannot be known")
		}
		c.form = anything
		return nil
	}
	return errors.New(c.kind.String() + " has no form in JSON")
}

func (w workshop) around(c *Codec, form form, need string) (err error) {
	c.form, c.need = form, need
	c.inner, err = w.of(c.kind.Elem())
	return err
}

// Decode reads a whole text into a value of the type, which becomes a fresh one
// first.
func (c *Codec) Decode(text string, into unsafe.Pointer) error {
	r := reader{text: text}
	r.space()
	if err := c.read(&r, into); err != nil {
		return err
	}
	return r.end()
}

// Encode appends the JSON of a value of the type, in one line.
func (c *Codec) Encode(out []byte, value unsafe.Pointer) ([]byte, error) {
	return c.write(out, value)
}

// Fresh makes a zero value what it is before anything is read into it.
func (c *Codec) Fresh(value unsafe.Pointer) {
	if c.makes {
		c.makeFresh(value)
	}
}

func (c *Codec) makeFresh(value unsafe.Pointer) {
	switch c.form {
	case mapping:
		c.at(value).Set(reflect.MakeMap(c.kind))
	case array:
		for index := range c.kind.Len() {
			c.inner.Fresh(unsafe.Add(value, uintptr(index)*c.inner.size))
		}
	case structure:
		c.record.makeFresh(value)
	}
}

// at is the value at an address.
func (c *Codec) at(value unsafe.Pointer) reflect.Value { return reflect.NewAt(c.kind, value).Elem() }

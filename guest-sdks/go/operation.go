package kelpie

import (
	"errors"
	"reflect"
	"strings"
	"unsafe"

	"kelpie/internal/codec"
	"kelpie/internal/contract"
)

// Entry is one operation of an actor, made by [Operation], [ReadOnly] or [Durable].
type Entry[S any] struct {
	name, doc         string
	readOnly, durable bool
	prepared          bool
	argument, result  *lane
	// run decodes, does and encodes. The state is asked for behind a good argument.
	run func(entry *Entry[S], ctx *Context, keeper *keeper[S], argument Payload) (Payload, error)
}

// Operation is an operation that may write: run is a method of the state's
// type, like `(*Counter).Add`.
//
// In is a struct with one field for each member of the JSON object that is the
// argument, or [None], or []byte for an operation that takes bytes as they are.
// Out is any type that can be written as JSON, or [None], or []byte. Fields have
// the tags `json:"name"` (with omitzero or omitempty), `doc:"..."` and
// `default:"..."`; without a default, an omit or a pointer they are required.
func Operation[S, In, Out any](name, doc string, run func(*S, *Context, In) (Out, error)) Entry[S] {
	return Entry[S]{
		name: name, doc: doc,
		argument: &lane{kind: reflect.TypeFor[In]()},
		result:   &lane{kind: reflect.TypeFor[Out]()},
		run: func(entry *Entry[S], ctx *Context, keeper *keeper[S], argument Payload) (Payload, error) {
			var in In
			if err := entry.argument.read(argument, unsafe.Pointer(&in)); err != nil {
				return Payload{}, err
			}
			self, err := keeper.load(ctx)
			if err != nil {
				return Payload{}, err
			}
			out, err := run(self, ctx, in)
			if err != nil {
				return Payload{}, err
			}
			return entry.result.write(unsafe.Pointer(&out))
		},
	}
}

// ReadOnly is an operation that changes nothing: it runs beside no record of
// the request, and a turn of it that writes, sends, calls or changes the state
// in memory fails.
func ReadOnly[S, In, Out any](name, doc string, run func(*S, *Context, In) (Out, error)) Entry[S] {
	entry := Operation(name, doc, run)
	entry.readOnly = true
	return entry
}

// Durable is an operation whose calls to others are recorded, so that a crash
// in the middle of it resumes instead of beginning again.
func Durable[S, In, Out any](name, doc string, run func(*S, *Context, In) (Out, error)) Entry[S] {
	entry := Operation(name, doc, run)
	entry.durable = true
	return entry
}

// prepare finds out how argument and result travel. It panics if they cannot.
func (e *Entry[S]) prepare() {
	if e.prepared {
		return
	}
	if err := e.argument.prepare(); err != nil {
		panic("kelpie: the argument of operation " + e.name + ": " + err.Error())
	}
	if kind := e.argument.kind; !e.argument.binary && kind.Kind() != reflect.Struct {
		panic("kelpie: the argument of operation " + e.name + ": " + kind.String() + " is no struct, with a field for each member")
	}
	if err := e.result.prepare(); err != nil {
		panic("kelpie: the result of operation " + e.name + ": " + err.Error())
	}
	e.prepared = true
}

// lane is how values of one type travel: as bytes, as JSON text, or not at all.
type lane struct {
	kind   reflect.Type
	codec  *codec.Codec
	binary bool
	none   bool
	buffer []byte
}

var bytesType = reflect.TypeFor[[]byte]()

func (l *lane) prepare() error {
	l.binary = l.kind == bytesType
	l.none = l.kind == reflect.TypeFor[None]()
	if l.binary {
		return nil
	}
	var err error
	l.codec, err = codec.Of(l.kind)
	return err
}

func (l *lane) read(argument Payload, into unsafe.Pointer) error {
	if l.binary {
		if argument.IsText() && argument.Len() > 0 {
			return badArgument("this operation takes bytes, not text")
		}
		*(*[]byte)(into) = argument.Bytes()
		return nil
	}
	if !argument.IsText() && argument.Len() > 0 {
		return badArgument("this operation takes JSON text, not bytes")
	}
	text := argument.Text()
	if !strings.HasPrefix(text, "{") && isAbsent(text) {
		// As good as an object without members: it may lack some.
		text = "{}"
	}
	if err := l.codec.Decode(text, into); err != nil {
		return badArgument(err.Error())
	}
	return nil
}

// view is a text that is good for as long as the buffer is not written again.
func view(buffer []byte) string { return unsafe.String(unsafe.SliceData(buffer), len(buffer)) }

// isAbsent says whether text is nothing, or null, with spaces around.
func isAbsent(text string) bool {
	word := strings.Trim(text, " \t\r\n")
	return word == "" || word == "null"
}

func (l *lane) write(from unsafe.Pointer) (Payload, error) {
	if l.binary {
		return contract.Bytes(*(*[]byte)(from)), nil
	}
	if l.none {
		return contract.Text("null"), nil
	}
	encoded, err := l.codec.Encode(l.buffer[:0], from)
	l.buffer = encoded
	if err != nil {
		return Payload{}, errors.New("the result cannot be written: " + err.Error())
	}
	return contract.Text(view(encoded)), nil
}

func (l *lane) schema() string {
	if l.binary {
		return `{"type":"string","format":"binary"}`
	}
	return l.codec.Schema()
}

// resultSchema is the schema of a result; what is not there is null.
func (l *lane) resultSchema() string {
	if l.none {
		return `{"type":"null"}`
	}
	return l.schema()
}

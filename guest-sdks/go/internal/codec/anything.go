package codec

import (
	"reflect"
	"strings"
)

// anything is the value that begins here: map[string]any, []any, string, bool,
// nil or Number, as a float64 would lose digits of large integers.
func (r *reader) anything() (any, error) {
	switch r.next() {
	case '{':
		made := map[string]any{}
		err := r.members(func(name string) error {
			if _, twice := made[name]; twice {
				return within(name, wrong("is there twice"))
			}
			item, err := r.anything()
			made[strings.Clone(name)] = item
			return within(name, err)
		})
		return made, err
	case '[':
		made := []any{}
		err := r.items(func(int) error {
			item, err := r.anything()
			made = append(made, item)
			return err
		})
		return made, err
	case '"':
		text, err := r.string()
		return strings.Clone(text), err
	case 't':
		return true, r.expect("true")
	case 'f':
		return false, r.expect("false")
	case 'n':
		return nil, r.expect("null")
	}
	literal, err := r.number()
	return Number(strings.Clone(literal)), err
}

func writeAnything(out []byte, value any) ([]byte, error) {
	if value == nil {
		return append(out, "null"...), nil
	}
	kind := reflect.TypeOf(value)
	inner, err := Of(kind)
	if err != nil {
		return out, wrong("cannot be written as JSON: " + err.Error())
	}
	// A copy, as what an interface has inside has no address.
	item := reflect.New(kind)
	item.Elem().Set(reflect.ValueOf(value))
	return inner.write(out, item.UnsafePointer())
}

package codec

import (
	"reflect"
	"strings"
	"unsafe"
)

func (w workshop) layOut(c *Codec) error {
	made, err := w.recordOf(c.kind)
	if err != nil {
		return err
	}
	c.form, c.need, c.record = structure, "an object", made
	for _, each := range made.members {
		c.makes = c.makes || each.preset != "" || each.codec.makes
	}
	return nil
}

func (d *record) read(r *reader, into unsafe.Pointer) error {
	if r.next() != '{' {
		return r.other("an object")
	}
	// One bit for each member that was there.
	var few [1]uint64
	seen := few[:]
	if len(d.members) > 64 {
		seen = make([]uint64, len(d.members)/64+1)
	}
	err := r.members(func(name string) error {
		at := d.find(name)
		if at < 0 {
			return d.unknown(name)
		}
		if seen[at/64]&(1<<(at%64)) != 0 {
			return within(name, wrong("is there twice"))
		}
		seen[at/64] |= 1 << (at % 64)
		each := d.members[at]
		if err := each.codec.read(r, unsafe.Add(into, each.offset)); err != nil {
			return within(name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for at, each := range d.members {
		if !each.optional && seen[at/64]&(1<<(at%64)) == 0 {
			return within(each.name, wrong("is missing"))
		}
	}
	return nil
}

func (d *record) unknown(name string) error {
	if len(d.members) == 0 {
		return within(shown(name), wrong("is no member here: there are none"))
	}
	return within(shown(name), wrong("is no member here: there are "+shownList(d.names())))
}

func shownList(names string) string {
	const most = 400
	if len(names) <= most {
		return names
	}
	return names[:strings.LastIndexByte(names[:most], ',')] + ", ..."
}

func (d *record) write(out []byte, value unsafe.Pointer) ([]byte, error) {
	out = append(out, '{')
	first := true
	for _, each := range d.members {
		field := unsafe.Add(value, each.offset)
		if each.isOmitted(field) {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = append(out, each.quoted...)
		var err error
		if out, err = each.codec.write(out, field); err != nil {
			return out, within(each.name, err)
		}
	}
	return append(out, '}'), nil
}

func (m *member) isOmitted(field unsafe.Pointer) bool {
	if !m.omitZero && !m.omitEmpty {
		return false
	}
	value := m.codec.at(field)
	return m.omitZero && value.IsZero() || m.omitEmpty && isEmpty(value)
}

func isEmpty(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Map, reflect.Slice, reflect.String, reflect.Array:
		return value.Len() == 0
	case reflect.Struct:
		return false
	default:
		return value.IsZero()
	}
}

func (d *record) makeFresh(value unsafe.Pointer) {
	for _, each := range d.members {
		field := unsafe.Add(value, each.offset)
		if each.preset != "" {
			// It was read once before, when the codec was made.
			_ = each.codec.Decode(each.preset, field)
		} else {
			each.codec.Fresh(field)
		}
	}
}

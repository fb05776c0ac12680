package codec

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

func (c *Codec) readPointer(r *reader, into *unsafe.Pointer) error {
	if r.literal("null") {
		*into = nil
		return nil
	}
	*into = reflect.New(c.inner.kind).UnsafePointer()
	return c.inner.read(r, *into)
}

func (c *Codec) writePointer(out []byte, to unsafe.Pointer) ([]byte, error) {
	if to == nil {
		return append(out, "null"...), nil
	}
	return c.inner.write(out, to)
}

func (c *Codec) readList(r *reader, into unsafe.Pointer) error {
	if r.next() != '[' {
		return r.other(c.need)
	}
	found := c.at(into)
	found.Set(reflect.MakeSlice(c.kind, 0, 0))
	return r.items(func(index int) error {
		if index == found.Cap() {
			found.Grow(1)
		}
		found.SetLen(index + 1)
		item := unsafe.Add(found.UnsafePointer(), uintptr(index)*c.inner.size)
		return c.inner.read(r, item)
	})
}

func (c *Codec) readArray(r *reader, into unsafe.Pointer) error {
	if r.next() != '[' {
		return r.other(c.need)
	}
	found, length := 0, c.kind.Len()
	err := r.items(func(index int) error {
		if index == length {
			return wrong("is too much: this is " + c.need)
		}
		found++
		return c.inner.read(r, unsafe.Add(into, uintptr(index)*c.inner.size))
	})
	if err == nil && found < length {
		err = wrong("has to be " + c.need + ", and has " + strconv.Itoa(found))
	}
	return err
}

func (c *Codec) writeItems(out []byte, first unsafe.Pointer, length int) ([]byte, error) {
	out = append(out, '[')
	var err error
	for index := range length {
		if index > 0 {
			out = append(out, ',')
		}
		item := unsafe.Add(first, uintptr(index)*c.inner.size)
		if out, err = c.inner.write(out, item); err != nil {
			return out, withinItem(index, err)
		}
	}
	return append(out, ']'), nil
}

func (c *Codec) readMap(r *reader, into unsafe.Pointer) error {
	if r.next() != '{' {
		return r.other(c.need)
	}
	found, key := c.at(into), c.kind.Key()
	return r.members(func(name string) error {
		if found.MapIndex(reflect.ValueOf(name).Convert(key)).IsValid() {
			return within(name, wrong("is there twice"))
		}
		item := reflect.New(c.inner.kind)
		if err := c.inner.read(r, item.UnsafePointer()); err != nil {
			return within(name, err)
		}
		found.SetMapIndex(reflect.ValueOf(strings.Clone(name)).Convert(key), item.Elem())
		return nil
	})
}

// writeMap writes a map in the order of its keys: the same map, the same text.
func (c *Codec) writeMap(out []byte, value unsafe.Pointer) ([]byte, error) {
	found := c.at(value)
	names := make([]string, 0, found.Len())
	for each := found.MapRange(); each.Next(); {
		names = append(names, each.Key().String())
	}
	slices.Sort(names)
	out = append(out, '{')
	item := reflect.New(c.inner.kind)
	for index, name := range names {
		if index > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = AppendString(out, name); err != nil {
			return out, err
		}
		item.Elem().Set(found.MapIndex(reflect.ValueOf(name).Convert(c.kind.Key())))
		if out, err = c.inner.write(append(out, ':'), item.UnsafePointer()); err != nil {
			return out, within(name, err)
		}
	}
	return append(out, '}'), nil
}

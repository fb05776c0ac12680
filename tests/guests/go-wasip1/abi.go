package main

import "unsafe"

// What the engine hands in lies here, until the next turn begins. It must not
// lie on Go's heap: while the engine asks for memory no collection may begin.
const arenaBytes = 256 << 10

var (
	arena [arenaBytes]byte
	used  uintptr
	reply string
	area  [6]uint32
)

//go:wasmexport cabi_realloc
func cabiRealloc(_ unsafe.Pointer, _, align, size uintptr) unsafe.Pointer {
	base := uintptr(unsafe.Pointer(&arena[0]))
	at := (base + used + align - 1) &^ (align - 1)
	used = at + size - base
	if used > arenaBytes {
		panic("the arena is too small")
	}
	return unsafe.Pointer(at)
}

//go:wasmexport kelpie:actor/handler@0.1.0#invoke
func invoke(operation unsafe.Pointer, operationSize, _ uint32, argument unsafe.Pointer, argumentSize uint32) unsafe.Pointer {
	name := string(unsafe.Slice((*byte)(operation), operationSize))
	text := string(unsafe.Slice((*byte)(argument), argumentSize))
	used = 0
	reply = run(name, text)
	area = [6]uint32{0, 0, address(reply), uint32(len(reply))}
	return unsafe.Pointer(&area)
}

//go:wasmexport kelpie:actor/handler@0.1.0#describe
func describe() unsafe.Pointer {
	reply = manifest
	area = [6]uint32{address(reply), uint32(len(reply))}
	return unsafe.Pointer(&area)
}

func address(text string) uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.StringData(text))))
}

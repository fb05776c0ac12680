//go:build wasip1 && wasm

package abi

import "unsafe"

// sbrk takes memory from the engine that the Go heap never sees.
//
//go:linkname sbrk runtime.sbrk
func sbrk(bytes uintptr) unsafe.Pointer

const (
	blockBytes = 64 << 10
	blocksMax  = 128
)

// block is a piece of the arena: whole, and handed out from its begin on.
type block struct{ begin, bytes, used uintptr }

// The arena. All of it is free again at each release; blocks are kept and used
// again, so that it is as large as the largest that ever came in at once.
var (
	first  [blockBytes]byte
	blocks [blocksMax]block
	// made is how many blocks there are, current is the one in use.
	made, current int
)

// reserve hands out memory. It runs inside `cabi_realloc`: no heap, no imports.
// Without memory it returns nil, and the engine traps.
func reserve(bytes, align uintptr) unsafe.Pointer {
	if made == 0 {
		blocks[0] = block{begin: uintptr(unsafe.Pointer(&first)), bytes: blockBytes}
		made = 1
	}
	for ; current < made; current++ {
		if place := blocks[current].reserve(bytes, align); place != nil {
			return place
		}
	}
	size := uintptr(blockBytes)
	for size < bytes+align {
		size <<= 1
	}
	begin := sbrk(size)
	if begin == nil || made == blocksMax {
		return nil
	}
	blocks[made] = block{begin: uintptr(begin), bytes: size}
	made++
	return blocks[current].reserve(bytes, align)
}

func (b *block) reserve(bytes, align uintptr) unsafe.Pointer {
	place := (b.begin + b.used + align - 1) &^ (align - 1)
	if place+bytes > b.begin+b.bytes {
		return nil
	}
	b.used = place + bytes - b.begin
	return address(place)
}

// release frees the whole arena. What came in is on the Go heap by then.
func release() {
	for index := range blocks[:min(current+1, made)] {
		blocks[index].used = 0
	}
	current = 0
}

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldBytes, align, bytes uintptr) unsafe.Pointer {
	if bytes == 0 {
		return address(align)
	}
	place := reserve(bytes, align)
	if place != nil && oldBytes > 0 {
		copy(unsafe.Slice((*byte)(place), bytes), unsafe.Slice((*byte)(old), oldBytes))
	}
	return place
}

// address is a place in linear memory that is no part of the Go heap, where
// nothing moves and nothing is freed. Through memory, as vet takes the direct
// conversion for a mistake.
func address(place uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&place)) }

//go:build wasip1 && wasm

package abi

import (
	"math/rand"
	randv2 "math/rand/v2"
	"sync/atomic"
	"unsafe"
)

// The functions of math/rand and math/rand/v2 draw from a generator of the
// runtime that is seeded once, when the program starts. Here they draw from one
// that each turn seeds anew, as crypto/rand does: a turn that is run again gets
// the same numbers, and nobody outside can predict them. It is seeded when it is
// asked first, so that turns without random numbers pay nothing.

//go:linkname globalV1 math/rand.globalRandGenerator
var globalV1 atomic.Pointer[rand.Rand]

//go:linkname globalV2 math/rand/v2.globalRand
var globalV2 *randv2.Rand

//go:wasmimport wasi_snapshot_preview1 random_get
func randomGet(into unsafe.Pointer, bytes uint32) uint32

// turnSource is the source of both packages in this turn.
type turnSource struct{ generator *randv2.ChaCha8 }

var source = &turnSource{}

func beginRandom() {
	if source.generator != nil || globalV1.Load() == nil {
		source.generator = nil
		// New ones, as they keep what is left of a number between two calls.
		globalV1.Store(rand.New(source))
		*globalV2 = *randv2.New(source)
	}
}

func (s *turnSource) Uint64() uint64 {
	if s.generator == nil {
		var seed [32]byte
		if randomGet(unsafe.Pointer(&seed), uint32(len(seed))) != 0 {
			panic("kelpie: there is no seed for random numbers")
		}
		s.generator = randv2.NewChaCha8(seed)
	}
	return s.generator.Uint64()
}

func (s *turnSource) Int63() int64 { return int64(s.Uint64() >> 1) }

// Seed is what rand.Seed calls. It changes nothing in any program since Go 1.24.
func (s *turnSource) Seed(int64) {}

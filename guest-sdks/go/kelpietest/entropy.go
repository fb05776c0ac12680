package kelpietest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// entropy is the same for the same seed and request, as it is with a host.
type entropy struct{ *rand.ChaCha8 }

func newEntropy(seed uint64, request string) entropy {
	mixed := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), request...))
	return entropy{rand.NewChaCha8(mixed)}
}

func (e entropy) uuid() string {
	var drawn [16]byte
	_, _ = e.Read(drawn[:])
	drawn[6] = drawn[6]&0x0F | 0x40 // version 4
	drawn[8] = drawn[8]&0x3F | 0x80 // the variant of RFC 9562
	digits := hex.EncodeToString(drawn[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

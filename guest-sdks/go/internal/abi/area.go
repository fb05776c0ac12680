//go:build wasip1 && wasm

package abi

import (
	"unsafe"

	"kelpie/internal/contract"
)

// area is where results are written that are no single number: words of four
// bytes, as all tags, places and lengths of the contract are aligned to four.
type area [8]uint32

// returned is where the host writes its results, and answers is where it reads
// ours. Apart, as an answer stays until the next call.
var returned, answers area

func (a *area) place() unsafe.Pointer { return unsafe.Pointer(a) }

// tag is the tag of a variant, which is one byte.
func (a *area) tag(word int) uint32 { return a[word] & 0xFF }

// text copies the string whose place and length are in two words.
func (a *area) text(word int) string { return string(memory(a[word], a[word+1])) }

// view is the same without a copy: good until the arena is used again.
func (a *area) view(word int) string {
	return unsafe.String((*byte)(address(uintptr(a[word]))), a[word+1])
}

// argument is a payload of which bytes are a copy, and text is not.
func (a *area) argument(word int) contract.Payload {
	if a.tag(word) == 0 {
		return contract.Text(a.view(word + 1))
	}
	return contract.Bytes(a.bytes(word + 1))
}

// bytes copies the same as bytes.
func (a *area) bytes(word int) []byte {
	return append(make([]byte, 0, a[word+1]), memory(a[word], a[word+1])...)
}

// payload copies a payload: its tag, place and length.
func (a *area) payload(word int) contract.Payload {
	if a.tag(word) == 0 {
		return contract.Text(a.text(word + 1))
	}
	return contract.Bytes(a.bytes(word + 1))
}

// failure copies a failure.
func (a *area) failure(word int) *contract.Failure {
	found := &contract.Failure{Kind: contract.FailureKind(a.tag(word))}
	if found.Kind == contract.Rejected {
		found.Code = a.text(word + 1)
		word += 2
	}
	found.Message = a.text(word + 1)
	return found
}

// outcome is the failure of a result that begins with its tag, if it is one.
func (a *area) outcome() *contract.Failure {
	if a.tag(0) == 0 {
		return nil
	}
	return a.failure(1)
}

func (a *area) address(word int) contract.Address {
	return contract.Address{Namespace: a.text(word), Kind: a.text(word + 2), Key: a.text(word + 4)}
}

// setText has a string in two words. The caller keeps it alive.
func (a *area) setText(word int, text string) {
	a[word] = uint32(uintptr(unsafe.Pointer(unsafe.StringData(text))))
	a[word+1] = uint32(len(text))
}

func (a *area) setPayload(word int, value contract.Payload) {
	tag, place, bytes := lowered(value)
	a[word], a[word+1], a[word+2] = tag, uint32(uintptr(place)), bytes
}

func (a *area) setFailure(word int, failure *contract.Failure) {
	a[word] = uint32(failure.Kind)
	if failure.Kind == contract.Rejected {
		a.setText(word+1, failure.Code)
		word += 2
	}
	a.setText(word+1, failure.Message)
}

// lowered are the parts of a payload: tag, place, length.
func lowered(value contract.Payload) (uint32, unsafe.Pointer, uint32) {
	if value.IsText() {
		return 0, unsafe.Pointer(unsafe.StringData(value.Text())), uint32(value.Len())
	}
	return 1, unsafe.Pointer(unsafe.SliceData(value.Bytes())), uint32(value.Len())
}

// memory is a piece of linear memory, as it is.
func memory(place, bytes uint32) []byte {
	return unsafe.Slice((*byte)(address(uintptr(place))), bytes)
}

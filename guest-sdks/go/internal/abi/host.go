//go:build wasip1 && wasm

package abi

import (
	"unsafe"

	"kelpie/internal/contract"
)

// host is the host of this component. Each call copies what came back to the Go
// heap and frees the arena behind it.
type host struct{}

func (host) StateLoad() (contract.Payload, bool) {
	stateLoad(returned.place())
	return optionalPayload()
}

func (host) StateSave(value contract.Payload) { stateSave(lowered(value)) }

func (host) StateClear() { stateClear() }

func (host) KVGet(key string) (contract.Payload, bool) {
	kvGet(key, returned.place())
	return optionalPayload()
}

func (host) KVSet(key string, value contract.Payload) {
	tag, place, bytes := lowered(value)
	kvSet(key, tag, place, bytes)
}

func (host) KVDelete(key string) { kvDelete(key) }

func (host) KVList(prefix, after string, limit uint32, reverse bool) contract.Page {
	kvList(prefix, is(after != ""), after, limit, is(reverse), returned.place())
	defer release()
	const entryWords = 5
	entries := make([]contract.Entry, returned[1])
	words := unsafe.Slice((*uint32)(address(uintptr(returned[0]))), len(entries)*entryWords)
	for index := range entries {
		var entry area
		copy(entry[:], words[index*entryWords:][:entryWords])
		entries[index] = contract.Entry{Key: entry.text(0), Value: entry.payload(2)}
	}
	return contract.Page{Entries: entries, More: returned.tag(2) != 0}
}

func (host) Now() uint64 { return clockNow() }

func (host) EntropyBytes(length uint32) []byte {
	entropyBytes(length, returned.place())
	defer release()
	return returned.bytes(0)
}

func (host) EntropyUint64() uint64 { return entropyUint64() }

func (host) EntropyUUID() string {
	entropyUUID(returned.place())
	return returnedText()
}

func (host) Log(level contract.Level, message string) { logWrite(uint32(level), message) }

func (host) Self() contract.Address {
	identityAddress(returned.place())
	defer release()
	return returned.address(0)
}

func (host) Turn() uint64 { return identityTurn() }

func (host) RequestID() string {
	identityRequestID(returned.place())
	return returnedText()
}

func (host) Caller() contract.Caller {
	identityCaller(returned.place())
	defer release()
	sort := contract.CallerSort(returned.tag(0))
	if sort == contract.CallerActor {
		return contract.Caller{Sort: sort, Address: returned.address(1)}
	}
	return contract.Caller{Sort: sort, Name: returned.text(1)}
}

func (host) Config(name string) (string, bool) {
	configGet(name, returned.place())
	return optionalText()
}

func (host) Secret(name string) (string, bool) {
	secretsGet(name, returned.place())
	return optionalText()
}

func returnedText() string {
	defer release()
	return returned.text(0)
}

func optionalText() (string, bool) {
	if returned.tag(0) == 0 {
		return "", false
	}
	defer release()
	return returned.text(1), true
}

func optionalPayload() (contract.Payload, bool) {
	if returned.tag(0) == 0 {
		return contract.Payload{}, false
	}
	defer release()
	return returned.payload(1), true
}

func is(set bool) uint32 {
	if set {
		return 1
	}
	return 0
}

//go:build wasip1 && wasm

package abi

import (
	"unsafe"

	"kelpie/internal/contract"
)

func (host) Call(target contract.Address, operation string, argument contract.Payload, key string) (contract.Payload, *contract.Failure) {
	tag, place, bytes := lowered(argument)
	messagingCall(target.Namespace, target.Kind, target.Key, operation, tag, place, bytes, is(key != ""), key, returned.place())
	defer release()
	if failure := returned.outcome(); failure != nil {
		return contract.Payload{}, failure
	}
	return returned.payload(1), nil
}

func (host) Send(target contract.Address, operation string, argument contract.Payload) *contract.Failure {
	tag, place, bytes := lowered(argument)
	messagingSend(target.Namespace, target.Kind, target.Key, operation, tag, place, bytes, returned.place())
	defer release()
	return returned.outcome()
}

func (host) SendAfter(target contract.Address, operation string, argument contract.Payload, milliseconds uint64) *contract.Failure {
	tag, place, bytes := lowered(argument)
	messagingSendAfter(target.Namespace, target.Kind, target.Key, operation, tag, place, bytes, milliseconds, returned.place())
	defer release()
	return returned.outcome()
}

func (host) Request(target contract.Address, operation string, argument contract.Payload, continuation string) *contract.Failure {
	tag, place, bytes := lowered(argument)
	messagingRequest(target.Namespace, target.Kind, target.Key, operation, tag, place, bytes, continuation, returned.place())
	defer release()
	return returned.outcome()
}

func (host) Remind(name string, schedule contract.Schedule, missed contract.Missed, operation string, argument contract.Payload) *contract.Failure {
	tag, place, bytes := lowered(argument)
	// The first part of every case of a schedule shares one place.
	shared := schedule.Milliseconds
	if schedule.Sort == contract.ScheduleCron {
		shared = uint64(uintptr(unsafe.Pointer(unsafe.StringData(schedule.Expression))))
	}
	messagingRemind(name, uint32(schedule.Sort), shared, uint32(len(schedule.Expression)), schedule.Zone, uint32(missed), operation, tag, place, bytes, returned.place())
	keepAlive(schedule.Expression)
	defer release()
	return returned.outcome()
}

func (host) CancelReminder(name string) (bool, *contract.Failure) {
	messagingCancelReminder(name, returned.place())
	defer release()
	if failure := returned.outcome(); failure != nil {
		return false, failure
	}
	return returned.tag(1) != 0, nil
}

func (host) Reminders() ([]string, *contract.Failure) {
	messagingReminders(returned.place())
	defer release()
	if failure := returned.outcome(); failure != nil {
		return nil, failure
	}
	names := make([]string, returned[2])
	words := unsafe.Slice((*uint32)(address(uintptr(returned[1]))), 2*len(names))
	for index := range names {
		names[index] = string(memory(words[2*index], words[2*index+1]))
	}
	return names, nil
}

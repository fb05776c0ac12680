//go:build wasip1 && wasm

package abi

import (
	"runtime"
	"unsafe"

	"kelpie/internal/contract"
	"kelpie/internal/registry"
)

// instance is the actor of this instance, made by the first call.
var instance contract.Instance

// held keeps alive what an answer points to, until the next call.
var held struct {
	payload contract.Payload
	failure *contract.Failure
	text    string
}

func actor() contract.Instance {
	if instance == nil {
		if registry.NewInstance == nil {
			panic("kelpie: no actor: call kelpie.Register from an init function of package main")
		}
		instance = registry.NewInstance()
	}
	return instance
}

//go:wasmexport kelpie:actor/handler@0.1.0#invoke
func invoke(operation unsafe.Pointer, operationBytes, tag uint32, argument unsafe.Pointer, argumentBytes uint32) unsafe.Pointer {
	words := area{uint32(uintptr(operation)), operationBytes, tag, uint32(uintptr(argument)), argumentBytes}
	// No call of the host comes before they are read: the arena keeps them so long.
	asked, given := words.view(0), words.argument(2)
	begin()
	held.payload, held.failure = actor().Invoke(host{}, asked, given)
	if held.failure != nil {
		answers[0] = 1
		answers.setFailure(1, held.failure)
	} else {
		answers[0] = 0
		answers.setPayload(1, held.payload)
	}
	return answers.place()
}

//go:wasmexport kelpie:actor/batch@0.1.0#invoke-batch
func invokeBatch(operations unsafe.Pointer, operationsBytes uint32) unsafe.Pointer {
	words := area{uint32(uintptr(operations)), operationsBytes}
	asked := words.text(0)
	begin()
	replies, index, failure := actor().InvokeBatch(host{}, asked)
	held.text, held.failure = replies, failure
	if failure != nil {
		answers[0], answers[1] = 1, index
		answers.setFailure(2, failure)
	} else {
		answers[0] = 0
		answers.setText(1, replies)
	}
	return answers.place()
}

//go:wasmexport kelpie:actor/handler@0.1.0#describe
func describe() unsafe.Pointer {
	held.text = actor().Describe()
	answers.setText(0, held.text)
	return answers.place()
}

// begin is what happens before a turn, when its arguments are on the heap.
func begin() {
	release()
	beginRandom()
}

func keepAlive(text string) { runtime.KeepAlive(unsafe.StringData(text)) }

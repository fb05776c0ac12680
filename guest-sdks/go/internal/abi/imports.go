//go:build wasip1 && wasm

package abi

import "unsafe"

// The imports as the canonical ABI lowers them: strings and lists are a place
// and a length, an option or variant is a tag before the parts of all its cases,
// and a result that is no single number is written to a place given last. Each
// is imported only by programs that use it.

//go:wasmimport kelpie:actor/state@0.1.0 load
func stateLoad(result unsafe.Pointer)

//go:wasmimport kelpie:actor/state@0.1.0 save
func stateSave(tag uint32, value unsafe.Pointer, bytes uint32)

//go:wasmimport kelpie:actor/state@0.1.0 clear
func stateClear()

//go:wasmimport kelpie:actor/kv@0.1.0 get
func kvGet(key string, result unsafe.Pointer)

//go:wasmimport kelpie:actor/kv@0.1.0 set
func kvSet(key string, tag uint32, value unsafe.Pointer, bytes uint32)

//go:wasmimport kelpie:actor/kv@0.1.0 delete
func kvDelete(key string)

//go:wasmimport kelpie:actor/kv@0.1.0 list
func kvList(prefix string, isAfter uint32, after string, limit, reverse uint32, result unsafe.Pointer)

//go:wasmimport kelpie:actor/messaging@0.1.0 call
func messagingCall(namespace, kind, key, operation string, tag uint32, argument unsafe.Pointer, bytes uint32, isKeyed uint32, id string, result unsafe.Pointer)

//go:wasmimport kelpie:actor/messaging@0.1.0 send
func messagingSend(namespace, kind, key, operation string, tag uint32, argument unsafe.Pointer, bytes uint32, result unsafe.Pointer)

//go:wasmimport kelpie:actor/messaging@0.1.0 send-after
func messagingSendAfter(namespace, kind, key, operation string, tag uint32, argument unsafe.Pointer, bytes uint32, milliseconds uint64, result unsafe.Pointer)

//go:wasmimport kelpie:actor/messaging@0.1.0 request
func messagingRequest(namespace, kind, key, operation string, tag uint32, argument unsafe.Pointer, bytes uint32, continuation string, result unsafe.Pointer)

// remind has the cases of its schedule in one place: milliseconds, or the place
// of a cron expression and the rest of it.
//
//go:wasmimport kelpie:actor/messaging@0.1.0 remind
func messagingRemind(name string, schedule uint32, millisecondsOrCron uint64, cronBytes uint32, zone string, missed uint32, operation string, tag uint32, argument unsafe.Pointer, bytes uint32, result unsafe.Pointer)

//go:wasmimport kelpie:actor/messaging@0.1.0 cancel-reminder
func messagingCancelReminder(name string, result unsafe.Pointer)

//go:wasmimport kelpie:actor/messaging@0.1.0 reminders
func messagingReminders(result unsafe.Pointer)

//go:wasmimport kelpie:actor/clock@0.1.0 now
func clockNow() uint64

//go:wasmimport kelpie:actor/entropy@0.1.0 get-bytes
func entropyBytes(length uint32, result unsafe.Pointer)

//go:wasmimport kelpie:actor/entropy@0.1.0 get-u64
func entropyUint64() uint64

//go:wasmimport kelpie:actor/entropy@0.1.0 get-uuid
func entropyUUID(result unsafe.Pointer)

//go:wasmimport kelpie:actor/log@0.1.0 write
func logWrite(level uint32, message string)

//go:wasmimport kelpie:actor/identity@0.1.0 self-address
func identityAddress(result unsafe.Pointer)

//go:wasmimport kelpie:actor/identity@0.1.0 turn
func identityTurn() uint64

//go:wasmimport kelpie:actor/identity@0.1.0 request-id
func identityRequestID(result unsafe.Pointer)

//go:wasmimport kelpie:actor/identity@0.1.0 get-caller
func identityCaller(result unsafe.Pointer)

//go:wasmimport kelpie:actor/config@0.1.0 get
func configGet(name string, result unsafe.Pointer)

//go:wasmimport kelpie:actor/secrets@0.1.0 get
func secretsGet(name string, result unsafe.Pointer)

// The conformance actor, in Go: the same operations as in the other languages.
package main

import "kelpie"

// Conformance is what is kept; turns is only in memory.
type Conformance struct {
	Count int64             `json:"count"`
	Notes map[string]string `json:"notes"`
	turns uint64
}

func main() {}

func init() {
	kelpie.Register(kelpie.Actor[Conformance]{
		Doc: "What every SDK must be able to do.",
		Operations: kelpie.Operations(
			kelpie.Operation("echo", "Replies with its argument.", (*Conformance).Echo),
			kelpie.Operation("echo_bytes", "Replies with its bytes.", (*Conformance).EchoBytes),
			kelpie.Operation("add", "Adds to the count.", (*Conformance).Add),
			kelpie.ReadOnly("get", "The count and the notes.", (*Conformance).Get),
			kelpie.Operation("note", "Keeps a text under a name.", (*Conformance).Note),
			kelpie.Operation("forget", "Forgets a note; whether there was one.", (*Conformance).Forget),
			kelpie.Operation("clear_all", "Makes everything as it was at first.", (*Conformance).ClearAll),
			kelpie.Operation("kv_set", "Stores text under a key.", (*Conformance).KVSet),
			kelpie.Operation("kv_set_bytes", "Stores bytes under a key.", (*Conformance).KVSetBytes),
			kelpie.ReadOnly("kv_get", "What is stored under a key.", (*Conformance).KVGet),
			kelpie.Operation("kv_delete", "Deletes a key.", (*Conformance).KVDelete),
			kelpie.ReadOnly("kv_list", "One page of keys and values.", (*Conformance).KVList),
			kelpie.ReadOnly("time", "The time of the turn.", (*Conformance).Time),
			kelpie.ReadOnly("language_time", "The same, by the clock of the language.", (*Conformance).LanguageTime),
			kelpie.Operation("entropy", "Random bytes.", (*Conformance).Entropy),
			kelpie.Operation("entropy_u64", "A random number.", (*Conformance).EntropyU64),
			kelpie.Operation("uuid", "A random UUID.", (*Conformance).UUID),
			kelpie.Operation("language_random", "Four random numbers, by what the language has.", (*Conformance).LanguageRandom),
			kelpie.Operation("log", "Writes a line to the log.", (*Conformance).Log),
			kelpie.ReadOnly("identity", "Who is running, and for whom.", (*Conformance).Identity),
			kelpie.ReadOnly("config", "A value of the kind.", (*Conformance).Config),
			kelpie.ReadOnly("secret", "A secret of the kind.", (*Conformance).Secret),
			kelpie.Operation("reject", "Rejects.", (*Conformance).Reject),
			kelpie.Operation("fail", "Fails.", (*Conformance).Fail),
			kelpie.Operation("panic", "Panics.", (*Conformance).Panic),
			kelpie.Operation("spin", "Never ends.", (*Conformance).Spin),
			kelpie.Operation("allocate", "Holds so many bytes until the turn ends.", (*Conformance).Allocate),
			kelpie.Operation("add_then_reject", "Changes the state and a key, and rejects.", (*Conformance).AddThenReject),
			kelpie.ReadOnly("write_read_only", "Writes though it is read-only.", (*Conformance).WriteReadOnly),
			kelpie.ReadOnly("change_read_only", "Changes the state in memory though it is read-only.", (*Conformance).ChangeReadOnly),
			kelpie.ReadOnly("instance_turns", "How many times this instance was asked this.", (*Conformance).InstanceTurns),
			kelpie.Operation("call", "Asks another actor.", (*Conformance).Call),
			kelpie.Operation("send", "Sends a message.", (*Conformance).Send),
			kelpie.Operation("send_after", "Sends a message for later.", (*Conformance).SendAfter),
			kelpie.Operation("request", "Sends a message whose reply comes back.", (*Conformance).Request),
			kelpie.Operation("remind", "Sets a reminder.", (*Conformance).Remind),
			kelpie.Operation("cancel_reminder", "Cancels a reminder.", (*Conformance).CancelReminder),
			kelpie.ReadOnly("reminders", "The names of the reminders.", (*Conformance).Reminders),
		),
	})
}

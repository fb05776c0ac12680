package main

import (
	"time"

	"kelpie"
)

// Stage is how far a transfer has come.
type Stage string

const (
	Withdrawing Stage = "withdrawing"
	Depositing  Stage = "depositing"
	Refunding   Stage = "refunding"

	// These are ends: nothing happens any more.
	Done     Stage = "done"
	Refused  Stage = "refused"  // nothing was taken out
	Refunded Stage = "refunded" // ... or it was put back
)

// step is what a stage asks of which account, and where the answer leads.
type step struct {
	operation     string
	account       func(*Transfer) string
	done, refused Stage
}

var steps = map[Stage]step{
	Withdrawing: {"withdraw", (*Transfer).from, Depositing, Refused},
	Depositing:  {"deposit", (*Transfer).to, Done, Refunding},
	// Who refuses to have money back would have to be looked into by people: the
	// account here never does.
	Refunding: {"refund", (*Transfer).from, Refunded, Refunding},
}

func (t *Transfer) from() string { return t.From }
func (t *Transfer) to() string   { return t.To }

// Money is what an account is asked about.
type Money struct {
	Amount uint64 `json:"amount"`
}

// Decision is what an account replies: for one transfer always the same.
type Decision struct {
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
}

// Answer is what the host brings back of a request.
type Answer struct {
	Target    kelpie.JSON  `json:"target"`
	Operation string       `json:"operation"`
	RequestID string       `json:"request_id"`
	Reply     *Decision    `json:"reply"`
	Failure   *FailureTold `json:"failure"`
}

// FailureTold is why there is no reply: docs/sends.md.
type FailureTold struct {
	Sort    string  `json:"sort"`
	Code    *string `json:"code"`
	Message string  `json:"message"`
}

func (a Answer) why() string {
	if a.Failure == nil {
		return "there is no reply in it"
	}
	return a.Failure.Sort + ": " + a.Failure.Message
}

// accounts is the kind of those that have the money.
const accounts = "account"

// patience is how long a transfer waits for an answer, before it asks again.
const patience = 10 * time.Second

// enter comes to a stage, and asks whom it is about.
func (t *Transfer) enter(ctx *kelpie.Context, stage Stage) error {
	t.Stage = stage
	if _, underWay := steps[stage]; !underWay {
		_, err := ctx.Messaging().CancelReminder("again")
		return err
	}
	t.ask(ctx)
	// An answer may never come: its turn may fail, or somebody drops a dead letter. The
	// reminder comes again and again, for its turn may fail as well.
	return ctx.Messaging().Remind("again", kelpie.Every(patience), kelpie.FireOnce, "again", kelpie.Text(""))
}

// ask sends what the stage asks of its account.
func (t *Transfer) ask(ctx *kelpie.Context) {
	now := steps[t.Stage]
	account := kelpie.Address{
		Namespace: ctx.Address().Namespace,
		Kind:      accounts,
		Key:       now.account(t),
	}
	argument, err := kelpie.ToJSON(Money{t.Amount})
	if err == nil {
		err = ctx.Messaging().Request(account, now.operation, kelpie.Text(string(argument)), "answered")
	}
	if err != nil {
		// There is no room for the question now: the reminder tries again.
		ctx.Log().Warn("not asked: " + err.Error())
	}
}

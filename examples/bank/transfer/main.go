// A transfer of the bank: takes money out of one account, puts it into another
// one, and back into the first if the second refuses.
package main

import "kelpie"

// Transfer is one transfer: its key is the id by which accounts know it.
type Transfer struct {
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Amount uint64 `json:"amount,omitempty"`
	Stage  Stage  `json:"stage,omitempty"`
	// Reason is why an account refused.
	Reason string `json:"reason,omitempty"`
}

// Order is what a client wants.
type Order struct {
	From   string `json:"from" doc:"the key of the account that pays"`
	To     string `json:"to" doc:"the key of the account that is paid"`
	Amount uint64 `json:"amount" doc:"in cents"`
}

// Status is what a transfer says of itself.
type Status struct {
	Stage  Stage  `json:"stage" doc:"withdrawing, depositing or refunding; at last done, refused or refunded"`
	Reason string `json:"reason,omitempty"`
}

// Start takes the order, and replies at once: the accounts are asked by messages
// that are sent with this turn, or not at all.
func (t *Transfer) Start(ctx *kelpie.Context, order Order) (Status, error) {
	if t.Stage != "" {
		if order != (Order{t.From, t.To, t.Amount}) {
			return Status{}, kelpie.Reject("another-order", "this transfer was started with another order")
		}
		return t.status(), nil
	}
	if order.From == order.To {
		return Status{}, kelpie.Reject("same-account", "money cannot be transferred to where it is")
	}
	if order.Amount == 0 {
		return Status{}, kelpie.Reject("no-amount", "there is nothing to transfer")
	}
	t.From, t.To, t.Amount = order.From, order.To, order.Amount
	err := t.enter(ctx, Withdrawing)
	return t.status(), err
}

// Status is how far it has come.
func (t *Transfer) Status(*kelpie.Context, kelpie.None) (Status, error) { return t.status(), nil }

func (t *Transfer) status() Status { return Status{t.Stage, t.Reason} }

// Answered goes on with what an account has said.
func (t *Transfer) Answered(ctx *kelpie.Context, answer Answer) (kelpie.None, error) {
	if by := ctx.Caller(); by.Sort != kelpie.CallerActor || by.Address.Kind != accounts {
		return kelpie.None{}, kelpie.Reject("no-account", "only accounts answer")
	}
	now, underWay := steps[t.Stage]
	if !underWay || answer.Operation != now.operation {
		// The account was asked again, and this is its first answer come late.
		return kelpie.None{}, nil
	}
	switch {
	case answer.Reply != nil && answer.Reply.Outcome == "done":
		return kelpie.None{}, t.enter(ctx, now.done)
	case answer.Reply != nil:
		t.Reason = answer.Reply.Reason
		return kelpie.None{}, t.enter(ctx, now.refused)
	case answer.Failure != nil && answer.Failure.Sort == "rejected":
		t.Reason = answer.Failure.Message
		return kelpie.None{}, t.enter(ctx, now.refused)
	}
	// It failed, or what it did is unknown. That is no refusal: the money may have
	// moved. The reminder asks again, and the account says what it has decided.
	ctx.Log().Warn(now.operation + " came to no answer: " + answer.why())
	return kelpie.None{}, nil
}

// Again asks once more: no answer has come for long.
func (t *Transfer) Again(ctx *kelpie.Context, _ kelpie.None) (kelpie.None, error) {
	if _, underWay := steps[t.Stage]; !underWay {
		return kelpie.None{}, nil // as it ended, the reminder was due already
	}
	t.ask(ctx)
	return kelpie.None{}, nil
}

func init() {
	kelpie.Register(kelpie.Actor[Transfer]{
		Doc: "Moves money from one account to another, or not at all.",
		Operations: kelpie.Operations(
			kelpie.Operation("start", "Begins the transfer; the same order again changes nothing.", (*Transfer).Start),
			kelpie.ReadOnly("status", "How far it has come.", (*Transfer).Status),
			kelpie.Operation("answered", "For the host: an account has answered.", (*Transfer).Answered),
			kelpie.Operation("again", "For the reminder: asks the account once more.", (*Transfer).Again),
		),
	})
}

func main() {}

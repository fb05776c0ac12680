package kelpie

import (
	"errors"
	"time"

	"kelpie/internal/contract"
)

// Messaging talks to other actors, and to this one later. What fails is a
// [*Failure].
type Messaging struct{ ctx *Context }

// Call asks another actor and waits for its reply, with this turn suspended.
// When the turn is run again after a crash, the other answers from its record.
func (m Messaging) Call(target Address, operation string, argument Payload) (Payload, error) {
	return m.CallKeyed("", target, operation, argument)
}

// CallKeyed is Call under a key of one's own: the call is the same call when
// the turn is run again, wherever in the turn it stands.
func (m Messaging) CallKeyed(key string, target Address, operation string, argument Payload) (Payload, error) {
	passedTarget(target, operation)
	passedPayload(argument, "an argument")
	passed(key, "a key")
	reply, failure := m.ctx.changing().Call(target, operation, argument, key)
	return reply, asError(failure)
}

// Call asks another actor for JSON with JSON, and waits for the reply.
func Call[Out, In any](ctx *Context, target Address, operation string, argument In) (out Out, err error) {
	text, err := ToJSON(argument)
	if err != nil {
		return out, errors.New("the argument of " + operation + ": " + err.Error())
	}
	reply, err := ctx.Messaging().Call(target, operation, Text(string(text)))
	if err != nil {
		return out, err
	}
	if !reply.IsText() {
		return out, errors.New("the reply of " + operation + " is bytes, not JSON")
	}
	if out, err = FromJSON[Out](JSON(reply.Text())); err != nil {
		return out, errors.New("the reply of " + operation + ": " + err.Error())
	}
	return out, nil
}

// Send sends a message when this turn commits, and not if it does not. It is
// delivered once, in order for each pair of sender and receiver.
func (m Messaging) Send(target Address, operation string, argument Payload) error {
	passedTarget(target, operation)
	passedPayload(argument, "an argument")
	return asError(m.ctx.changing().Send(target, operation, argument))
}

// SendAfter is Send, not before the delay has passed since this turn's time.
func (m Messaging) SendAfter(delay time.Duration, target Address, operation string, argument Payload) error {
	passedTarget(target, operation)
	passedPayload(argument, "an argument")
	return asError(m.ctx.changing().SendAfter(target, operation, argument, milliseconds(delay)))
}

// Request is Send; the reply, or failure, comes back later as a turn of this
// actor's operation continuation, so that nobody waits.
func (m Messaging) Request(target Address, operation string, argument Payload, continuation string) error {
	passedTarget(target, operation)
	passedPayload(argument, "an argument")
	passed(continuation, "a continuation")
	return asError(m.ctx.changing().Request(target, operation, argument, continuation))
}

// Schedule is when a reminder is due: [After], [Every] or [Cron].
type Schedule = contract.Schedule

// After is once, so long after this turn's time.
func After(delay time.Duration) Schedule {
	return Schedule{Sort: contract.ScheduleAfter, Milliseconds: milliseconds(delay)}
}

// Every is again and again, with so much time in between.
func Every(period time.Duration) Schedule {
	return Schedule{Sort: contract.ScheduleEvery, Milliseconds: milliseconds(period)}
}

// Cron is by an expression of five fields in an IANA time zone.
func Cron(expression, zone string) Schedule {
	return Schedule{Sort: contract.ScheduleCron, Expression: expression, Zone: zone}
}

// Missed is what a reminder does about the times that passed while nothing
// could run.
type Missed = contract.Missed

const (
	// FireOnce is one turn for all that were missed.
	FireOnce = contract.FireOnce
	// Skip is none: wait for the next time.
	Skip = contract.Skip
)

// Remind sets the reminder of a name, or replaces it: durable, and a turn of
// operation with argument each time that it is due.
func (m Messaging) Remind(name string, schedule Schedule, missed Missed, operation string, argument Payload) error {
	passed(name, "a name")
	passed(schedule.Expression, "a cron expression")
	passed(schedule.Zone, "a time zone")
	passed(operation, "an operation")
	passedPayload(argument, "an argument")
	return asError(m.ctx.changing().Remind(name, schedule, missed, operation, argument))
}

// CancelReminder says whether there was one to cancel.
func (m Messaging) CancelReminder(name string) (bool, error) {
	found, failure := m.ctx.changing().CancelReminder(passed(name, "a name"))
	return found, asError(failure)
}

// Reminders are the names of this actor's reminders, in order.
func (m Messaging) Reminders() ([]string, error) {
	names, failure := m.ctx.asking().Reminders()
	return names, asError(failure)
}

// milliseconds rounds up: what is not before a time is not before it.
func milliseconds(delay time.Duration) uint64 {
	if delay <= 0 {
		return 0
	}
	return uint64((delay + time.Millisecond - 1) / time.Millisecond)
}

// asError keeps a nil failure from becoming an error that is not nil.
func asError(failure *Failure) error {
	if failure == nil {
		return nil
	}
	return failure
}

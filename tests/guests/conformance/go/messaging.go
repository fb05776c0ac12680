package main

import (
	"errors"
	"math"
	"time"

	"kelpie"
)

// Outgoing is a message to another actor.
type Outgoing struct {
	Kind      string      `json:"kind"`
	Key       string      `json:"key"`
	Operation string      `json:"operation"`
	Argument  kelpie.JSON `json:"argument" default:"null"`
}

func (o Outgoing) target(ctx *kelpie.Context) kelpie.Address {
	return kelpie.Address{Namespace: ctx.Address().Namespace, Kind: o.Kind, Key: o.Key}
}

func (o Outgoing) payload() kelpie.Payload { return kelpie.Text(string(o.Argument)) }

// Told is what came of a message: a value, or a failure.
type Told struct {
	OK      kelpie.JSON `json:"ok,omitempty"`
	Failure string      `json:"failure,omitempty"`
	Code    string      `json:"code,omitempty"`
	Message *string     `json:"message,omitempty"`
}

// told is an answer with its value, or its failure. Any other error is a bug here.
func told[T any](value T, err error) (Told, error) {
	var failure *kelpie.Failure
	if errors.As(err, &failure) {
		return Told{Failure: failure.Kind.String(), Code: failure.Code, Message: &failure.Message}, nil
	}
	if err != nil {
		return Told{}, err
	}
	shown, err := kelpie.ToJSON(value)
	return Told{OK: shown}, err
}

func sent(err error) (Told, error) { return told(kelpie.JSON("null"), err) }

// Call asks another actor.
func (c *Conformance) Call(ctx *kelpie.Context, in Outgoing) (Told, error) {
	reply, err := ctx.Messaging().Call(in.target(ctx), in.Operation, in.payload())
	if err != nil {
		return sent(err)
	}
	if value, err := kelpie.FromJSON[kelpie.JSON](kelpie.JSON(reply.Text())); err == nil {
		return told(value, nil)
	}
	return told(shown(reply), nil)
}

// Send sends a message.
func (c *Conformance) Send(ctx *kelpie.Context, in Outgoing) (Told, error) {
	return sent(ctx.Messaging().Send(in.target(ctx), in.Operation, in.payload()))
}

// Later is a message and when.
type Later struct {
	Outgoing
	DelayMS uint64 `json:"delay_ms"`
}

// SendAfter sends a message for later.
func (c *Conformance) SendAfter(ctx *kelpie.Context, in Later) (Told, error) {
	return sent(ctx.Messaging().SendAfter(milliseconds(in.DelayMS), in.target(ctx), in.Operation, in.payload()))
}

// Continued is a message and what its reply comes back to.
type Continued struct {
	Outgoing
	Continuation string `json:"continuation"`
}

// Request sends a message whose reply comes back.
func (c *Conformance) Request(ctx *kelpie.Context, in Continued) (Told, error) {
	return sent(ctx.Messaging().Request(in.target(ctx), in.Operation, in.payload(), in.Continuation))
}

// Reminder is a reminder and when.
type Reminder struct {
	Name      string      `json:"name"`
	AfterMS   *uint64     `json:"after_ms"`
	EveryMS   *uint64     `json:"every_ms"`
	Cron      *string     `json:"cron"`
	Zone      *string     `json:"zone"`
	Operation string      `json:"operation"`
	Argument  kelpie.JSON `json:"argument" default:"null"`
}

func (r Reminder) schedule() (kelpie.Schedule, error) {
	isCron := r.Cron != nil && r.Zone != nil
	switch {
	case r.AfterMS != nil && r.EveryMS == nil && r.Cron == nil && r.Zone == nil:
		return kelpie.After(milliseconds(*r.AfterMS)), nil
	case r.EveryMS != nil && r.AfterMS == nil && r.Cron == nil && r.Zone == nil:
		return kelpie.Every(milliseconds(*r.EveryMS)), nil
	case isCron && r.AfterMS == nil && r.EveryMS == nil:
		return kelpie.Cron(*r.Cron, *r.Zone), nil
	}
	return kelpie.Schedule{}, kelpie.Reject("bad-argument", "after_ms, every_ms, or cron and zone: one of them")
}

// Remind sets a reminder.
func (c *Conformance) Remind(ctx *kelpie.Context, in Reminder) (Told, error) {
	schedule, err := in.schedule()
	if err != nil {
		return Told{}, err
	}
	argument := kelpie.Text(string(in.Argument))
	return sent(ctx.Messaging().Remind(in.Name, schedule, kelpie.FireOnce, in.Operation, argument))
}

// CancelReminder cancels a reminder.
func (c *Conformance) CancelReminder(ctx *kelpie.Context, in Name) (Told, error) {
	return told(ctx.Messaging().CancelReminder(in.Name))
}

// Reminders are the names of the reminders.
func (c *Conformance) Reminders(ctx *kelpie.Context, _ kelpie.None) (Told, error) {
	return told(ctx.Messaging().Reminders())
}

func milliseconds(count uint64) time.Duration {
	return time.Duration(min(count, math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond
}

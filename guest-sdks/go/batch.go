package kelpie

import (
	"bytes"
	"errors"
	"strings"

	"kelpie/internal/contract"
)

// line is one line of a batch.
type line struct {
	Operation string `json:"operation"`
	Argument  JSON   `json:"argument,omitempty"`
}

// InvokeBatch handles many operations as one turn: all of them are done, or
// none. The state is saved once.
func (p *program[S]) InvokeBatch(host contract.Host, operations string) (string, uint32, *Failure) {
	ctx := p.newContext(host)
	ctx.inBatch = true
	defer ctx.end()
	var replies strings.Builder
	index := uint32(0)
	for text := range strings.Lines(operations) {
		reply, failure := p.batched(ctx, strings.TrimSuffix(text, "\n"))
		if failure != nil {
			return "", index, failure
		}
		replies.WriteString(reply)
		replies.WriteByte('\n')
		index++
	}
	if failure := p.settle(ctx, false); failure != nil {
		return "", index - 1, failure
	}
	return replies.String(), 0, nil
}

// batched does the operation of one line.
func (p *program[S]) batched(ctx *Context, text string) (string, *Failure) {
	asked, err := FromJSON[line](JSON(text))
	if err != nil {
		return "", failureOf(badArgument("the line is no operation of a batch: " + err.Error()))
	}
	entry := p.find(asked.Operation)
	switch {
	case entry == nil:
		return "", failureOf(p.unknown(asked.Operation))
	case entry.durable:
		return "", failureOf(badArgument("the operation " + entry.name + " is durable, and cannot be part of a batch"))
	}
	if entry.argument.kind == bytesType || entry.result.kind == bytesType {
		return "", failureOf(badArgument("the operation " + entry.name + " takes or replies bytes, and cannot be part of a batch"))
	}
	argument := contract.Text(string(asked.Argument))
	if entry.readOnly {
		return p.batchedReadOnly(ctx, entry, argument)
	}
	reply, failure := p.run(ctx, entry, argument)
	return reply.Text(), failure
}

// batchedReadOnly does an operation between two looks at the state, as in a
// batch the host does not see to it that nothing is changed.
func (p *program[S]) batchedReadOnly(ctx *Context, entry *Entry[S], argument Payload) (string, *Failure) {
	before, failure := p.snapshot(ctx)
	if failure != nil {
		return "", failure
	}
	reply, failure := p.run(ctx, entry, argument)
	if failure != nil {
		return "", failure
	}
	after, failure := p.snapshot(ctx)
	if failure == nil && !bytes.Equal(before, after) {
		failure = ctx.failing(errors.New(changedReadOnly))
	}
	return reply.Text(), failure
}

// snapshot is a copy of the state as JSON.
func (p *program[S]) snapshot(ctx *Context) (encoded []byte, failure *Failure) {
	if !p.keepsState() {
		return nil, nil
	}
	defer recovered(ctx, &failure)
	value, err := p.keeper.load(ctx)
	if err == nil {
		encoded, err = p.keeper.encode(nil, value)
	}
	return encoded, ctx.failing(err)
}

package kelpie

import (
	"strconv"
	"strings"

	"kelpie/internal/codec"
	"kelpie/internal/contract"
)

// program is one actor in memory. See contract.Instance.
type program[S any] struct {
	*plan[S]
	keeper keeper[S]
}

// Invoke handles one message: a turn.
func (p *program[S]) Invoke(host contract.Host, operation string, argument Payload) (Payload, *Failure) {
	ctx := p.newContext(host)
	defer ctx.end()
	entry := p.find(operation)
	if entry == nil {
		return Payload{}, failureOf(p.unknown(operation))
	}
	reply, failure := p.run(ctx, entry, argument)
	if failure == nil {
		failure = p.settle(ctx, entry.readOnly)
	}
	return reply, failure
}

func (p *program[S]) newContext(host contract.Host) *Context {
	p.keeper.plan = p.plan
	ctx := newContext(host)
	ctx.keepsState = p.keepsState()
	return ctx
}

// run does one operation, and leaves the saving of the state to the caller.
func (p *program[S]) run(ctx *Context, entry *Entry[S], argument Payload) (reply Payload, failure *Failure) {
	defer recovered(ctx, &failure)
	ctx.readOnly = entry.readOnly
	entry.prepare()
	reply, err := entry.run(entry, ctx, &p.keeper, argument)
	return reply, ctx.failing(err)
}

// settle saves what was changed.
func (p *program[S]) settle(ctx *Context, readOnly bool) (failure *Failure) {
	defer recovered(ctx, &failure)
	return ctx.failing(p.keeper.settle(ctx, readOnly))
}

func (p *program[S]) unknown(operation string) error {
	names := make([]string, len(p.Operations))
	for index := range p.Operations {
		names[index] = p.Operations[index].name
	}
	return Reject("unknown-operation", fitting("there is no operation "+strconv.Quote(operation)+"; there are "+strings.Join(names, ", "), messageBytesMax))
}

// Describe is the manifest. It asks nothing of the host.
func (p *program[S]) Describe() string {
	if p.keepsState() {
		p.stateCodec()
	}
	shown := make([]string, len(p.Operations))
	for index := range p.Operations {
		entry := &p.Operations[index]
		entry.prepare()
		shown[index] = strings.Join([]string{
			`{"name":` + codec.Quote(entry.name),
			`"doc":` + codec.Quote(entry.doc),
			`"read_only":` + strconv.FormatBool(entry.readOnly),
			`"durable":` + strconv.FormatBool(entry.durable),
			`"argument":` + entry.argument.schema(),
			`"result":` + entry.result.resultSchema() + `}`,
		}, ",")
	}
	return `{"doc":` + codec.Quote(p.Doc) + `,"operations":[` + strings.Join(shown, ",") + `]}`
}

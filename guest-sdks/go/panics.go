package kelpie

import (
	"kelpie/internal/contract"
	"path"
	"reflect"
	"runtime"
	"strconv"
	"strings"
)

// recovered makes a failure of a panic, and a line of the log. It is to be
// deferred, as only such a function can recover.
func recovered(ctx *Context, failure **Failure) {
	if cause := recover(); cause != nil {
		message := "panicked at " + thrown() + ": " + shown(cause)
		ctx.host.Log(contract.LevelError, fitting(message, lineBytesMax))
		*failure = failed(message)
	}
}

// thrown is the place where the panic that is being recovered was thrown: in the
// author's code, where the SDK panics on their behalf.
func thrown() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	found, panicking := "", false
	for {
		frame, more := frames.Next()
		switch {
		case frame.Function == "runtime.gopanic":
			panicking = true
		case !panicking || strings.HasPrefix(frame.Function, "runtime."):
		case isOfSDK(frame.Function):
			if found == "" {
				found = placeOf(frame)
			}
		default:
			return placeOf(frame)
		}
		if !more {
			return found
		}
	}
}

func isOfSDK(function string) bool {
	return strings.HasPrefix(function, "kelpie.") || strings.HasPrefix(function, "kelpie/internal/") ||
		strings.HasPrefix(function, "kelpie/kelpietest.")
}

func placeOf(frame runtime.Frame) string {
	return path.Base(frame.File) + ":" + strconv.Itoa(frame.Line)
}

// shown is the value of a panic; fmt would show more, and is large.
func shown(cause any) string {
	switch cause := cause.(type) {
	case error:
		return cause.Error()
	case interface{ String() string }:
		return cause.String()
	case string:
		return cause
	}
	text, err := ToJSON(cause)
	if err != nil {
		return "of type " + reflect.TypeOf(cause).String()
	}
	return string(text)
}

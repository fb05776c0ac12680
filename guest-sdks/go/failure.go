package kelpie

import (
	"errors"
	"strconv"
	"unicode/utf8"

	"kelpie/internal/contract"
)

// Rejection is a refusal of the actor's own making, like an HTTP 4xx. Whatever
// the turn changed is rolled back; the refusal is recorded, so that the same
// request gets the same refusal again.
type Rejection struct {
	// Code is 1 to 64 of a-z, 0-9, _ and -, for programs.
	Code string
	// Message is for people, at most 4,096 bytes.
	Message string
}

// Error is the refusal in one line.
func (r *Rejection) Error() string { return r.Code + ": " + r.Message }

// Reject is the error with which an operation refuses. Every other error is a
// failure: a bug of the actor, with its message in the answer. Only a [Failure]
// that is Unavailable or Unknown stays what it is, also where it is wrapped.
func Reject(code, message string) error { return &Rejection{Code: code, Message: message} }

// Failure is why another actor gave no reply: the error of [Messaging].
type Failure = contract.Failure

// FailureKind says whose fault a [Failure] is, and whether asking again helps.
type FailureKind = contract.FailureKind

// The kinds of failures.
const (
	// Rejected: the other actor refused.
	Rejected = contract.Rejected
	// Failed: the other actor has a bug.
	Failed = contract.Failed
	// Unavailable: surely not done. Asking again is safe.
	Unavailable = contract.Unavailable
	// Unknown: perhaps done.
	Unknown = contract.Unknown
)

func badArgument(message string) error {
	return Reject("bad-argument", fitting(message, messageBytesMax))
}

func failed(message string) *Failure {
	return &Failure{Kind: Failed, Message: fitting(message, messageBytesMax)}
}

// failureOf is what the contract has for an error of an operation.
func failureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	var refused *Rejection
	if !errors.As(err, &refused) {
		told := failed(err.Error())
		var asked *Failure
		if errors.As(err, &asked) && (asked.Kind == Unavailable || asked.Kind == Unknown) {
			// Whoever asked this actor is to ask again, too.
			told.Kind = asked.Kind
		}
		return told
	}
	if !isCode(refused.Code) {
		return failed("the code of a rejection is 1 to 64 of a-z, 0-9, _ and -, and not " + strconv.Quote(refused.Code))
	}
	return &Failure{Kind: contract.Rejected, Code: refused.Code, Message: readable(refused.Message)}
}

// failing is the same, with a line of the log for a bug: whoever asked is told of
// it, and the log is for those who can mend it.
func (c *Context) failing(err error) *Failure {
	failure := failureOf(err)
	if failure != nil && failure.Kind == Failed {
		c.host.Log(LevelError, "failed: "+failure.Message)
	}
	return failure
}

func isCode(code string) bool {
	for _, symbol := range []byte(code) {
		if symbol-'a' >= 26 && symbol-'0' >= 10 && symbol != '_' && symbol != '-' {
			return false
		}
	}
	return len(code) >= 1 && len(code) <= 64
}

// How much the host takes: rejection_message_bytes_max, log_message_bytes_max.
const (
	messageBytesMax = 4_096
	lineBytesMax    = 16 << 10
)

// fitting is a message that the host takes, and says what was cut off.
func fitting(message string, most int) string {
	message = readable(message)
	if len(message) <= most {
		return message
	}
	end := most - 40
	for end > 0 && !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + "... (" + strconv.Itoa(len(message)-end) + " bytes more)"
}

package contract

// Address names one actor.
type Address struct {
	Namespace string
	Kind      string
	Key       string
}

// String is the address as the command line writes it.
func (a Address) String() string { return a.Namespace + "/" + a.Kind + "/" + a.Key }

// CallerSort says what kind of caller a Caller is.
type CallerSort uint8

// Who may cause a turn, in the contract's order.
const (
	CallerClient CallerSort = iota
	CallerActor
	CallerReminder
)

// Caller is who caused a turn.
type Caller struct {
	Sort CallerSort
	// Name of the client ("anonymous" without one) or of the reminder.
	Name string
	// Address of the actor, if it is one.
	Address Address
}

// Level is how much a line of the log matters.
type Level uint8

// The levels of the log, in the contract's order.
const (
	LevelDebug Level = iota
	LevelInfo
	LevelWarn
	LevelError
)

// String is the level as the command line writes it.
func (l Level) String() string { return [...]string{"debug", "info", "warn", "error"}[l] }

// Entry is one key and its value.
type Entry struct {
	Key   string
	Value Payload
}

// Page is one answer to a listing.
type Page struct {
	Entries []Entry
	// More says whether more entries follow behind the last key.
	More bool
}

// ScheduleSort says what kind of schedule a Schedule is.
type ScheduleSort uint8

// The sorts of schedules, in the contract's order.
const (
	ScheduleAfter ScheduleSort = iota
	ScheduleEvery
	ScheduleCron
)

// Schedule is when a reminder is due.
type Schedule struct {
	Sort         ScheduleSort
	Milliseconds uint64
	// Expression and Zone are those of a cron schedule.
	Expression string
	Zone       string
}

// Missed is what a reminder does about the times that passed while nothing
// could run.
type Missed uint8

// What to do about missed times, in the contract's order.
const (
	FireOnce Missed = iota
	Skip
)

// FailureKind says whose fault a failure is, and whether asking again helps.
type FailureKind uint8

// The kinds of failures, in the contract's order.
const (
	// Rejected: the actor refused.
	Rejected FailureKind = iota
	// Failed: the actor has a bug.
	Failed
	// Unavailable: surely not done; asking again is safe.
	Unavailable
	// Unknown: perhaps done.
	Unknown
)

// String is the kind as the contract names it.
func (k FailureKind) String() string {
	return [...]string{"rejected", "failed", "unavailable", "unknown"}[k]
}

// Failure is why there is no reply.
type Failure struct {
	Kind FailureKind
	// Code of a rejection.
	Code    string
	Message string
}

// Error is the failure in one line.
func (f *Failure) Error() string {
	if f.Kind == Rejected {
		return "rejected: " + f.Code + ": " + f.Message
	}
	return f.Kind.String() + ": " + f.Message
}

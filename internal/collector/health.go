package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

// kindOf returns the kind of an error of the azure room, "" for any other.
func kindOf(err error) azure.Kind {
	if e, ok := errors.AsType[*azure.Error](err); ok {
		return e.Kind
	}
	return ""
}

// retryAt returns when Azure said to come back; zero when it did not.
func retryAt(err error) time.Time {
	if e, ok := errors.AsType[*azure.Error](err); ok {
		return e.RetryAt
	}
	return time.Time{}
}

// troubleOf puts err into the form that the board shows.
func troubleOf(err error, now time.Time) *store.Trouble {
	t := &store.Trouble{Kind: "internal", What: err.Error(), At: adf.TimeOf(now)}
	var e *azure.Error
	var u *store.UnavailableError
	switch {
	case errors.As(err, &e):
		t.Kind, t.What, t.Where, t.Advice, t.Command = string(e.Kind), e.What, e.Where, e.Advice, e.Command
		t.RetryAt = adf.TimeOf(e.RetryAt)
	case errors.As(err, &u):
		t.Kind, t.What, t.Advice = "store", u.What, u.Next
	}
	return t
}

// stateOf returns the state that an error alone puts a factory into, "" when
// that depends on how long it lasts.
func stateOf(err error) store.State {
	refusals := []azure.Kind{
		azure.KindForbidden, azure.KindWrongSecret, azure.KindExpiredSecret, azure.KindUnknownClient,
		azure.KindUnknownTenant, azure.KindBadCertificate, azure.KindBadFederation, azure.KindConfig, azure.KindDisabled,
		azure.KindNoSubscription,
	}
	kind := kindOf(err)
	switch {
	case slices.Contains(refusals, kind):
		return store.StateRefused
	case kind == azure.KindNoFactory:
		return store.StateGone
	default:
		return ""
	}
}

// part is one of the things that a factory's collection does, each with
// trouble of its own. The first that is in trouble is shown.
type part int

const (
	partPoll part = iota
	partFill
	partOpenRuns
	partActivities
	partSweep
	partAround
	partOlderTriggerRuns
	parts
)

func (p part) String() string {
	return [...]string{"poll", "history", "open runs", "activities", "sweep", "surroundings", "history of trigger runs"}[p]
}

// health gathers the troubles of a factory's parts and tells the store when
// the whole looks different.
type health struct {
	poll time.Duration
	now  func() time.Time
	tell func(context.Context, store.FactoryState) error

	mu         sync.Mutex
	errs       [parts]error
	good       time.Time // when the last poll was completed; before the first, when polling began
	filled     bool
	wantedFrom adf.Time // zero until it is settled
	fill       *store.Fill
	told       store.FactoryState
	hasTold    bool

	// isGone tells that Azure lists the factory no more. It can be read while
	// the store is being told, which may take long.
	isGone atomic.Bool
}

// pollsBegin says that polling begins now.
func (h *health) pollsBegin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.good = h.now()
}

// report says how a part's last attempt ended.
func (h *health) report(ctx context.Context, p part, err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errs[p] = err
	h.isGone.Store(stateOf(h.errs[partPoll]) == store.StateGone)
	if now := h.now(); p == partPoll && (err == nil || h.good.After(now)) {
		h.good = now // also when our clock was put back: what lies ahead never gets old
	}
	return h.publish(ctx)
}

// forgive forgets what stood in the way of the parts.
func (h *health) forgive() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.errs[:])
	h.isGone.Store(false)
}

// setFilled says whether all the history that is wanted, or may be had, is
// stored, and how reading it goes on.
func (h *health) setFilled(ctx context.Context, filled bool, wantedFrom adf.Time, fill store.Fill) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.filled, h.wantedFrom, h.fill = filled, wantedFrom, &fill
	return h.publish(ctx)
}

func (h *health) publish(ctx context.Context) error {
	state := store.FactoryState{State: h.state(), WantedFrom: h.wantedFrom, Fill: h.fill}
	for _, err := range h.errs {
		if err != nil {
			state.Trouble = troubleOf(err, h.now())
			break
		}
	}
	if h.hasTold && sameState(state, h.told) {
		return nil
	}
	if err := h.tell(ctx, state); err != nil {
		return err
	}
	h.told, h.hasTold = state, true
	return nil
}

func (h *health) state() store.State {
	if err := h.errs[partPoll]; err != nil {
		if s := stateOf(err); s != "" {
			return s
		}
		// One attempt that fails is no news: the next comes soon. A factory whose
		// polls all failed since the start is late too: what is stored of it may be
		// hours old, and reading its history does not change that.
		if h.now().Sub(h.good) > 2*h.poll+firstRetry {
			return store.StateStale
		}
	}
	if !h.filled {
		return store.StateFilling
	}
	return store.StateFresh
}

// sameState compares without the moment at which a trouble was met last.
func sameState(a, b store.FactoryState) bool {
	if a.State != b.State || a.WantedFrom != b.WantedFrom || !sameFill(a.Fill, b.Fill) || (a.Trouble == nil) != (b.Trouble == nil) {
		return false
	}
	if a.Trouble == nil {
		return true
	}
	x, y := *a.Trouble, *b.Trouble
	x.At, y.At = 0, 0
	return x == y
}

func sameFill(a, b *store.Fill) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	left := sameNumber(x.RecordsLeft, y.RecordsLeft) && sameNumber(x.RequestsLeft, y.RequestsLeft) && sameNumber(x.SecondsLeft, y.SecondsLeft)
	x.RecordsLeft, x.RequestsLeft, x.SecondsLeft = nil, nil, nil
	y.RecordsLeft, y.RequestsLeft, y.SecondsLeft = nil, nil, nil
	return left && x == y
}

func sameNumber[N int64 | float64](a, b *N) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"andon/internal/store"
)

const eventsPath = "/api/v1/events"

// EventsParams are the parameters of the live stream.
type EventsParams struct {
	Factory     []string `query:"factory,explode" nullable:"false" doc:"Short ids of factories; only what concerns them is sent."`
	LastEventID string   `header:"Last-Event-ID" doc:"id of the last event that was received: what was missed since is sent first, or a reset. Browsers send it by themselves."`
}

const eventsDescription = "Server-sent events. The data of each is one JSON object:\n\n" +
	"- `run`: a run is new or has changed, its activities count as a change; the data is a RunRow.\n" +
	"- `freshness`: a factory's freshness, coverage or state has changed; the data is a Factory.\n" +
	"- `resource`: factory resources of one kind have changed, or were read again, or could not be read; the data is `{\"factory\": \"sales-prod\", \"kind\": \"triggers\"}`. " +
	"The kinds are those of `/api/v1/factories/{factory}/surroundings`: factory, pipelines, triggers, triggerRuns, integrationRuntimes.\n" +
	"- `reset`: events were missed, or so many runs changed at once that reading anew is cheaper; the data is `{\"reason\": \"…\"}`. Read everything again.\n\n" +
	"A comment is sent every 15 seconds, so that a broken connection is noticed.\n\n" +
	"A server has 256 streams at most, fewer where the system allows it few open files. A further one is answered with 503 and Retry-After."

// MaxStreams bounds the live streams of a server. Each holds a connection and
// reads from the store what changes.
const MaxStreams = 256

func streamsInUse(most int) *Problem {
	return busyProblem("Too many live streams", fmt.Sprintf(
		"All %d live streams of this server are in use. Close windows that show the board, or try again after the seconds in Retry-After; the lists can be read without a stream.", most))
}

// eventStream is what huma wants to see around a function that writes.
type eventStream struct{ Body func(huma.Context) }

func (a *board) registerEvents() {
	op := huma.Operation{
		OperationID: "events", Path: eventsPath, Tags: []string{"live"},
		Summary: "Follow changes as they happen", Description: eventsDescription,
		Responses: map[string]*huma.Response{"200": {
			Description: "The stream; it ends with the connection.",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}
	a.describe(&op)
	huma.Register(a.document, op, func(ctx context.Context, in *EventsParams) (*eventStream, error) {
		if err := a.checkFactories(ctx, in.Factory); err != nil {
			return nil, a.problemOf(ctx, err)
		}
		select {
		case a.streams <- struct{}{}:
		default:
			a.streamsRefused.Do(func() {
				a.logger.WarnContext(ctx, "a live stream was refused: all are in use; further ones are refused without a line for a minute", "request_id", requestID(ctx), "most", cap(a.streams))
			})
			return nil, streamsInUse(cap(a.streams))
		}
		return &eventStream{Body: func(ctx huma.Context) {
			defer func() { <-a.streams }()
			r, w := humago.Unwrap(ctx)
			a.stream(w, r, in)
		}}, nil
	})
}

// checkFactories refuses short ids that no factory has.
func (a *board) checkFactories(ctx context.Context, shorts []string) error {
	if len(shorts) == 0 {
		return nil
	}
	all, err := a.store.Factories(ctx)
	if err != nil {
		return err
	}
	known := make([]string, len(all))
	for i := range all {
		known[i] = all[i].Short
	}
	var r reader
	for _, short := range shorts {
		if !slices.Contains(known, short) {
			r.refuse("factory", short, fmt.Sprintf("There is no factory %q.", clip(short)), clip(strings.Join(known, ", ")))
		}
	}
	return r.err()
}

func (a *board) stream(w http.ResponseWriter, r *http.Request, in *EventsParams) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	after, known := a.positionOf(in.LastEventID)
	subscription := a.store.Subscribe(after)
	defer subscription.Close()
	f := &follower{
		changes: subscription.C(), boot: a.boot, factories: in.Factory, now: a.wallClock, logger: a.logger,
		skipGap: !known && in.LastEventID == "",
		rows:    a.rowsOf, factory: a.factoryOf,
		send: func(p []byte) error { return a.sendNow(w, p) },
	}
	if err := f.follow(r.Context()); err != nil {
		a.logger.DebugContext(r.Context(), "a live stream broke off", "request_id", requestID(r.Context()), "error", err)
	}
}

// nowhere is a position that no change has: a subscription after it begins
// with a gap, which tells the position of now.
const nowhere = math.MaxUint64

// positionOf returns the position that an event id names, and nowhere when it
// is none of this process.
func (a *board) positionOf(eventID string) (after uint64, known bool) {
	number, ours := strings.CutPrefix(eventID, a.boot+"-")
	n, err := strconv.ParseUint(number, 10, 64)
	if !ours || err != nil || n == 0 {
		return nowhere, false
	}
	return n, true
}

// sendNow writes p and lets it leave at once.
func (a *board) sendNow(w http.ResponseWriter, p []byte) error {
	if err := a.extendDeadline(w, eventTimeout); err != nil {
		return err
	}
	if _, err := w.Write(p); err != nil {
		return err
	}
	err := http.NewResponseController(w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

func (a *board) rowsOf(ctx context.Context, keys []store.RunKey) ([]RunRow, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	runs, err := a.store.RunsByKey(ctx, keys)
	return runRows(runs), err
}

func (a *board) factoryOf(ctx context.Context, short string) (Factory, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	stored, err := a.store.Factory(ctx, short)
	if err != nil {
		return Factory{}, err
	}
	return a.factory(&stored), nil
}

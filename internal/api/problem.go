package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"andon/internal/store"
)

// Problem is the body of every answer that is not a success (RFC 9457).
type Problem struct {
	Type   string         `json:"type" doc:"Always about:blank: the status says what kind of problem it is."`
	Title  string         `json:"title" doc:"What kind of problem it is, in words."`
	Status int            `json:"status" doc:"HTTP status."`
	Detail string         `json:"detail" doc:"What happened, and what to do about it."`
	Errors []ProblemField `json:"errors" nullable:"false" doc:"What was wrong with the request, one by one; empty when the request was not the reason."`

	retryAfter time.Duration // 0: no header Retry-After
}

// ProblemField is one thing in a request that could not be accepted.
type ProblemField struct {
	Location string `json:"location" doc:"Where it stands, such as query.status."`
	Message  string `json:"message" doc:"What is allowed there."`
	Value    string `json:"value" doc:"What stood there, cut when it is long; empty where message says it."`
}

func newProblem(status int, title, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: title, Status: status, Detail: detail, Errors: []ProblemField{}}
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status; huma asks for it.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of problem documents; huma asks for it.
func (*Problem) ContentType(string) string { return problemType }

// GetHeaders returns the headers that go with the problem; huma asks for them.
func (p *Problem) GetHeaders() http.Header {
	if p.retryAfter == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds())))}}
}

// busyProblem is the answer while the server has as much to do as it takes on.
func busyProblem(title, detail string) *Problem {
	p := newProblem(http.StatusServiceUnavailable, title, detail)
	p.retryAfter = busyPause
	return p
}

// busyPause is when a refused client is to try again.
const busyPause = 5 * time.Second

const badParameter = "A parameter can't be used"

const problemType = "application/problem+json"

// write sends the problem as the whole answer.
func (p *Problem) write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	maps.Copy(h, p.GetHeaders())
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // whoever asked is gone when this fails
}

// problemOf turns an error of the rooms below into what the client may know
// of it. What it may not know is logged.
func (a *board) problemOf(ctx context.Context, err error) *Problem {
	var (
		problem     *Problem
		invalid     *store.InvalidError
		missing     *store.NotFoundError
		unavailable *store.UnavailableError
		busy        *store.BusyError
	)
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &invalid):
		p := newProblem(http.StatusBadRequest, badParameter, invalid.Error()+".")
		p.Errors = []ProblemField{{Location: "query." + invalid.Field, Message: invalid.Problem}}
		return p
	case errors.As(err, &missing):
		return newProblem(http.StatusNotFound, "Not found", sentence(missing.Error()))
	case errors.As(err, &busy):
		return busyProblem("Too many large queries", sentences(busy.What, busy.Next))
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return newProblem(http.StatusServiceUnavailable, "The store takes too long",
			"The answer was not ready within "+queryTimeout.String()+". Ask for less, or try again when the server has less to do.")
	case ctx.Err() != nil:
		return newProblem(http.StatusServiceUnavailable, "The request was given up", "The client or the server ended it. Try again.")
	case errors.As(err, &unavailable):
		a.logger.WarnContext(ctx, "the store is unavailable", "request_id", requestID(ctx), "error", err)
		return newProblem(http.StatusServiceUnavailable, "The store can't answer", sentences(unavailable.What, unavailable.Next))
	default:
		a.logger.ErrorContext(ctx, "a request failed", "request_id", requestID(ctx), "error", err)
		return internalProblem(ctx)
	}
}

// internalProblem is shown for faults of Andon itself.
func internalProblem(ctx context.Context) *Problem {
	return newProblem(http.StatusInternalServerError, "Andon made an error",
		"The cause stands in the server's log, with request_id "+requestID(ctx)+". Please report it.")
}

// sentence gives the text of an error a capital and a full stop.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	s = string(unicode.ToUpper(first)) + s[size:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func sentences(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, sentence(p))
		}
	}
	return strings.Join(out, " ")
}

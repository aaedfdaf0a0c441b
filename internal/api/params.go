package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"andon/internal/adf"
	"andon/internal/store"
)

// RangeParams restrict runs to those with from <= runStart < to.
type RangeParams struct {
	From string `query:"from" format:"date-time" doc:"Only runs that started then or later."`
	To   string `query:"to" format:"date-time" doc:"Only runs that started before."`
}

// boolText and limitText are parameters whose text is read here, not by huma,
// since their refusals have to name what is allowed.
type (
	boolText  string
	limitText string
)

// Schema describes the parameter in the OpenAPI document.
func (boolText) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeBoolean} }

// Schema describes the parameter in the OpenAPI document.
func (limitText) Schema(huma.Registry) *huma.Schema {
	least, most := 1.0, float64(store.MaxLimit)
	return &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most, Default: defaultLimit}
}

const (
	defaultLimit = 100
	maxWords     = 200 // characters of q
	shownValue   = 100 // characters of a refused value that are repeated
)

// reader reads the values of parameters. It goes on after a bad one, so that
// one answer names all of them.
type reader struct {
	place    string // what is read: "query" for "", or "body"
	problems []ProblemField
	wrong    []string
}

// refuse notes that the value of a parameter can't be accepted. wrong is a
// sentence.
func (r *reader) refuse(name, value, wrong, allowed string) {
	r.wrong = append(r.wrong, wrong)
	r.problems = append(r.problems, ProblemField{Location: cmp.Or(r.place, "query") + "." + name, Message: "allowed: " + allowed, Value: clip(value)})
}

// refuseValue is refuse where the sentence only repeats the value.
func (r *reader) refuseValue(name, value, allowed string) {
	r.refuse(name, value, fmt.Sprintf("%s can't be %q.", name, clip(value)), allowed)
}

// err returns what was refused as a problem document, nil when nothing was.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return r.problem()
}

func (r *reader) problem() *Problem {
	p := newProblem(http.StatusBadRequest, badParameter, strings.Join(r.wrong, " "))
	p.Errors = r.problems
	return p
}

func (r *reader) oneOf(name, value string, allowed ...string) string {
	if value != "" && !slices.Contains(allowed, value) {
		r.refuseValue(name, value, strings.Join(allowed, ", "))
		return ""
	}
	return value
}

func (r *reader) limit(value limitText) int {
	if value == "" {
		return defaultLimit
	}
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 1 || n > store.MaxLimit {
		r.refuseValue("limit", string(value), fmt.Sprintf("a whole number from 1 to %d", store.MaxLimit))
		return defaultLimit
	}
	return n
}

func (r *reader) boolean(name string, value boolText) *bool {
	if value == "" {
		return nil
	}
	is := value == "true"
	if !is && value != "false" {
		r.refuseValue(name, string(value), "true, false")
		return nil
	}
	return &is
}

// duration returns milliseconds.
func (r *reader) duration(name, value string) int64 {
	if value == "" {
		return 0
	}
	if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms >= 0 {
		return ms
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		r.refuseValue(name, value, "a duration such as 90s, 5m or 1h30m, or whole milliseconds")
		return 0
	}
	return int64(math.Ceil(float64(d) / float64(time.Millisecond)))
}

func (r *reader) instant(name, value string) adf.Time {
	if value == "" {
		return 0
	}
	var t time.Time
	if err := t.UnmarshalText([]byte(value)); err != nil { // strict RFC 3339, unlike time.Parse
		allowed := "RFC 3339, such as 2026-11-24T02:00:00Z"
		if strings.Contains(value, " ") {
			allowed += "; in an address a + is written %2B"
		}
		r.refuseValue(name, value, allowed)
		return 0
	}
	// ADF is younger than 1970, and the zero of adf.Time means absent.
	return max(adf.TimeOf(t), 1)
}

// required is instant of what must be there.
func (r *reader) required(name, value string) adf.Time {
	if value == "" {
		r.refuse(name, "", name+" is missing.", "RFC 3339, such as 2026-11-24T02:00:00Z")
	}
	return r.instant(name, value)
}

// span reads from and to.
func (r *reader) span(in *RangeParams) (from, to adf.Time) {
	from, to = r.instant("from", in.From), r.instant("to", in.To)
	if from != 0 && to != 0 && from >= to {
		r.refuse("from", in.From, "from is not before to.", "a time before to, which is "+to.String())
	}
	return from, to
}

func (r *reader) words(name, value string) string {
	if n := utf8.RuneCountInString(value); n > maxWords {
		r.refuse(name, value, fmt.Sprintf("%s has %d characters.", name, n), fmt.Sprintf("1 to %d characters", maxWords))
		return ""
	}
	return value
}

// runFilter reads the parameters that pick runs.
func (a *board) runFilter(ctx context.Context, r *reader, in *RunFilterParams) store.RunFilter {
	from, to := r.span(&in.RangeParams)
	return store.RunFilter{
		From: from, To: to, Statuses: a.statuses(ctx, r, in.Status),
		Factories: in.Factory, Pipelines: in.Pipeline, Triggers: in.Trigger, InvokedBy: in.InvokedBy, Annotations: in.Annotation,
		LatestOnly: r.oneOf("group", in.Group, "latest") != "", Open: r.boolean("open", in.Open), Recovery: r.recoveries(in.Recovery),
		MinDurationMs: r.duration("minDuration", in.MinDuration), Q: r.words("q", in.Q),
	}
}

// recoveries reads states of recovery.
func (r *reader) recoveries(values []string) []store.RecoveryState {
	var out []store.RecoveryState
	for _, value := range values {
		if state := r.oneOf("recovery", value, string(store.RecoveryOpen), string(store.RecoveryNotRedone), string(store.Recovered)); state != "" {
			out = append(out, store.RecoveryState(state))
		}
	}
	return out
}

// statuses reads statuses in ADF's spelling. ADF may add words, so a word is
// accepted once a run has it.
func (a *board) statuses(ctx context.Context, r *reader, values []string) []adf.Status {
	var out []adf.Status
	known := adf.KnownStatuses()
	asked := false
	for _, value := range values {
		if !isStatus(known, value) && !asked {
			asked = true
			if occurring, err := a.store.Statuses(ctx); err == nil {
				known = occurring
			} // else the query itself will say what is wrong with the store
		}
		if !isStatus(known, value) {
			r.refuse("status", value, fmt.Sprintf("No run has the status %q.", clip(value)), joinStatuses(known))
			continue
		}
		out = append(out, adf.Status(value).Canonical())
	}
	return out
}

func isStatus(known []adf.Status, value string) bool {
	return slices.ContainsFunc(known, func(s adf.Status) bool {
		return strings.EqualFold(string(s), string(adf.Status(value).Canonical()))
	})
}

func joinStatuses(all []adf.Status) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// checkQuery refuses parameters that the operation does not have, that are
// given twice where once is meant, and that are empty: huma overlooks all
// three.
func checkQuery(ctx huma.Context, next func(huma.Context)) {
	request, w := humago.Unwrap(ctx)
	given, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		newProblem(http.StatusBadRequest, "The address can't be read", sentence("the part of the address after ? is not well formed: "+err.Error())).write(w)
		return
	}
	var r reader
	for _, name := range slices.Sorted(maps.Keys(given)) {
		values := given[name]
		param, allowed := queryParam(ctx.Operation(), name)
		switch {
		case param == nil:
			r.refuse(name, values[0], fmt.Sprintf("There is no parameter %q here.", clip(name)), allowed)
			r.problems[len(r.problems)-1].Location = "query." + clip(name)
		case len(values) > 1 && param.Schema.Type != huma.TypeArray:
			r.refuse(name, strings.Join(values, ", "), name+" is given more than once.", "one value")
		case slices.Contains(values, ""):
			r.refuse(name, "", name+" is empty.", "a value, or no "+name+" at all")
		}
	}
	if len(r.problems) > 0 {
		r.problem().write(w)
		return
	}
	next(ctx)
}

// queryParam returns the operation's query parameter of that name, or nil and
// the names it has.
func queryParam(op *huma.Operation, name string) (param *huma.Param, allowed string) {
	var names []string
	for _, p := range op.Parameters {
		if p.In != "query" {
			continue
		}
		if p.Name == name {
			return p, ""
		}
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return nil, "no parameters"
	}
	return nil, strings.Join(names, ", ")
}

// clip shortens what is repeated of a request.
func clip(s string) string {
	runes := []rune(strings.ToValidUTF8(s, "�"))
	if len(runes) <= shownValue {
		return string(runes)
	}
	return string(runes[:shownValue]) + "…"
}

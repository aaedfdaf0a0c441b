package emulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// defaultWindow is what a query without bounds looks at. The service's own is
// not known; its quickstart sends no body and shows the runs just made.
const defaultWindow = 24 * time.Hour

// runFilterParameters is the body of the run queries (ADF REST,
// RunFilterParameters).
type runFilterParameters struct {
	LastUpdatedAfter  *string       `json:"lastUpdatedAfter"`
	LastUpdatedBefore *string       `json:"lastUpdatedBefore"`
	ContinuationToken *string       `json:"continuationToken"`
	Filters           []queryFilter `json:"filters"`
	OrderBy           []queryOrder  `json:"orderBy"`
}

type queryFilter struct {
	Operand  string            `json:"operand"`
	Operator string            `json:"operator"`
	Values   []json.RawMessage `json:"values"`
}

type queryOrder struct {
	OrderBy string `json:"orderBy"`
	Order   string `json:"order"`
}

// Operands of filters and orders, as the service spells them.
const (
	operandPipelineName     = "PipelineName"
	operandStatus           = "Status"
	operandRunStart         = "RunStart"
	operandRunEnd           = "RunEnd"
	operandRunGroupID       = "RunGroupId"
	operandLatestOnly       = "LatestOnly"
	operandActivityName     = "ActivityName"
	operandActivityType     = "ActivityType"
	operandActivityRunStart = "ActivityRunStart"
	operandActivityRunEnd   = "ActivityRunEnd"
	operandTriggerName      = "TriggerName"
	operandTriggerTimestamp = "TriggerRunTimestamp"
)

// grammar is which operands one query knows.
type grammar struct {
	filters []string
	orders  []string
}

func pipelineRunGrammar() grammar {
	return grammar{
		filters: []string{operandPipelineName, operandRunStart, operandRunEnd, operandStatus, operandRunGroupID, operandLatestOnly},
		orders:  []string{operandPipelineName, operandRunStart, operandRunEnd, operandStatus},
	}
}

func activityRunGrammar() grammar {
	return grammar{
		filters: []string{operandActivityName, operandActivityRunStart, operandActivityRunEnd, operandActivityType, operandStatus},
		orders:  []string{operandActivityName, operandActivityRunStart, operandActivityRunEnd, operandStatus},
	}
}

func triggerRunGrammar() grammar {
	operands := []string{operandTriggerName, operandTriggerTimestamp, operandStatus}
	return grammar{filters: operands, orders: operands}
}

// query is a checked body. Its zero bounds mean the default window.
type query struct {
	after, before time.Time
	conditions    []condition
	orders        []order
	latestOnly    bool
	token         string
}

// condition compares one operand with its values. Exactly one of texts and
// times is used, by the operand.
type condition struct {
	operand string
	negated bool
	texts   []string
	times   []time.Time
}

type order struct {
	operand    string
	descending bool
}

// parseQuery reads a body. An empty one, {} and null mean the first page of
// the last 24 hours, unless isStrict.
func parseQuery(body []byte, g grammar, isStrict bool) (query, *armError) {
	var p runFilterParameters
	if body = bytes.TrimSpace(body); len(body) > 0 {
		if err := json.Unmarshal(body, &p); err != nil {
			return query{}, errContent(err)
		}
	}
	if isStrict && (p.LastUpdatedAfter == nil || p.LastUpdatedBefore == nil) {
		return query{}, errBadRequest("The properties 'lastUpdatedAfter' and 'lastUpdatedBefore' are required.")
	}
	var q query
	var e *armError
	if q.after, e = parseBound("lastUpdatedAfter", p.LastUpdatedAfter); e != nil {
		return query{}, e
	}
	if q.before, e = parseBound("lastUpdatedBefore", p.LastUpdatedBefore); e != nil {
		return query{}, e
	}
	if p.ContinuationToken != nil {
		q.token = *p.ContinuationToken
	}
	for _, f := range p.Filters {
		if e := q.addFilter(f, g); e != nil {
			return query{}, e
		}
	}
	for _, o := range p.OrderBy {
		if e := q.addOrder(o, g); e != nil {
			return query{}, e
		}
	}
	return q, nil
}

func parseBound(name string, text *string) (time.Time, *armError) {
	if text == nil {
		return time.Time{}, nil
	}
	t, ok := parseTime(*text)
	if !ok {
		return time.Time{}, errBadRequest("The value '%s' of '%s' is not a valid date and time.", *text, name)
	}
	return t, nil
}

// parseTime takes ISO 8601 with any fraction; without a zone it means UTC.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func (q *query) addFilter(f queryFilter, g grammar) *armError {
	operand, ok := findFold(g.filters, f.Operand)
	if !ok {
		return errBadRequest("Filter operand '%s' is not supported. Supported operands are: %s.", f.Operand, strings.Join(g.filters, ", "))
	}
	operator, ok := findFold([]string{"Equals", "NotEquals", "In", "NotIn"}, f.Operator)
	if !ok {
		return errBadRequest("Filter operator '%s' is not supported. Supported operators are: Equals, NotEquals, In, NotIn.", f.Operator)
	}
	if len(f.Values) == 0 {
		return errBadRequest("Filter operand '%s' has no values.", operand)
	}
	if operand == operandRunGroupID && len(f.Values) > 1 {
		// The service's own words (Microsoft Q&A).
		return errBadRequest("Filter operand 'RunGroupId' does not support and array of values. Make sure to provide only one.")
	}
	negated := strings.HasPrefix(operator, "Not")
	if operand == operandLatestOnly {
		// The service honours the boolean and passes over the text "true".
		if string(f.Values[0]) == "true" && !negated {
			q.latestOnly = true
		}
		return nil
	}
	c := condition{operand: operand, negated: negated}
	for _, raw := range f.Values {
		if e := c.addValue(raw); e != nil {
			return e
		}
	}
	q.conditions = append(q.conditions, c)
	return nil
}

func (c *condition) addValue(raw json.RawMessage) *armError {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return errBadRequest("The values of filter operand '%s' must be strings.", c.operand)
	}
	switch c.operand {
	case operandRunStart, operandRunEnd, operandActivityRunStart, operandActivityRunEnd, operandTriggerTimestamp:
		t, ok := parseTime(text)
		if !ok {
			return errBadRequest("The value '%s' of filter operand '%s' is not a valid date and time.", text, c.operand)
		}
		c.times = append(c.times, t)
	default:
		c.texts = append(c.texts, text)
	}
	return nil
}

func (q *query) addOrder(o queryOrder, g grammar) *armError {
	operand, ok := findFold(g.orders, o.OrderBy)
	if !ok {
		return errBadRequest("Order by '%s' is not supported. Supported values are: %s.", o.OrderBy, strings.Join(g.orders, ", "))
	}
	direction, ok := findFold([]string{"ASC", "DESC"}, o.Order)
	if !ok && o.Order != "" {
		return errBadRequest("Order '%s' is not supported. Supported values are: ASC, DESC.", o.Order)
	}
	q.orders = append(q.orders, order{operand: operand, descending: direction == "DESC"})
	return nil
}

func findFold(names []string, name string) (string, bool) {
	i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	if i < 0 {
		return "", false
	}
	return names[i], true
}

// window returns the bounds, both inclusive, as asked at now.
func (q *query) window(now time.Time) (after, before time.Time) {
	after, before = q.after, q.before
	if before.IsZero() {
		before = now
	}
	if after.IsZero() {
		after = before.Add(-defaultWindow)
	}
	return after, before
}

// subject is everything of the query but its token, for the token's signature:
// a client must repeat the body with the token added.
func (q *query) subject(place string) []byte {
	b := []byte(strings.ToLower(place))
	field := func(parts ...string) {
		for _, p := range parts {
			b = append(append(b, 0), p...)
		}
	}
	field(q.after.Format(time.RFC3339Nano), q.before.Format(time.RFC3339Nano))
	for _, c := range q.conditions {
		field("filter", c.operand)
		if c.negated {
			field("not")
		}
		field(c.texts...)
		for _, t := range c.times {
			field(t.Format(time.RFC3339Nano))
		}
	}
	for _, o := range q.orders {
		field("order", o.operand)
		if o.descending {
			field("desc")
		}
	}
	if q.latestOnly {
		field("latest")
	}
	return b
}

// matches compares the condition with what a row has; a row without the time
// equals no time.
func (c condition) matches(text string, t time.Time) bool {
	var found bool
	if c.times != nil {
		found = slices.ContainsFunc(c.times, t.Equal)
	} else {
		found = slices.ContainsFunc(c.texts, func(v string) bool { return strings.EqualFold(v, text) })
	}
	return found != c.negated
}

// operandOf is what a row of some query has for an operand: a text, or a time
// that is zero for a row without it.
type operandOf[T any] func(operand string, row T) (string, time.Time)

// passes reports whether a row meets every condition of the query.
func passes[T any](q *query, row T, of operandOf[T]) bool {
	return !slices.ContainsFunc(q.conditions, func(c condition) bool {
		text, t := of(c.operand, row)
		return !c.matches(text, t)
	})
}

// arrange sorts rows in the query's order; equal ones stay as they lie.
func arrange[T any](q *query, rows []T, of operandOf[T]) {
	slices.SortStableFunc(rows, func(x, y T) int {
		for _, o := range q.orders {
			textX, timeX := of(o.operand, x)
			textY, timeY := of(o.operand, y)
			n := cmp.Or(strings.Compare(textX, textY), timeX.Compare(timeY))
			if o.descending {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
}

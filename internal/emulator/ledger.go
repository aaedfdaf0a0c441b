package emulator

import (
	"maps"
	"net/http"
	"sync"

	"andon/internal/emulator/world"
)

// ledger counts what clients asked since the start or the last reset.
type ledger struct {
	factories []*world.Factory
	calls     []string

	mu     sync.Mutex
	counts counts
}

// counts is the answer of GET /truth/requests.
type counts struct {
	// Total is every request to Entra ID and Resource Manager, refused and
	// struck ones too.
	Total int64 `json:"total"`
	// Records is how many pipeline and activity runs were answered.
	Records int64 `json:"records"`
	// Throttled is how many requests were answered with 429, by the limits or by
	// a fault.
	Throttled int64 `json:"throttled"`
	// ByCall, ByFactory and ByCaller divide the total; a caller is the client
	// id that a request claims. RecordsByCall divides the records.
	ByCall        map[string]int64 `json:"byCall"`
	ByFactory     map[string]int64 `json:"byFactory"`
	ByCaller      map[string]int64 `json:"byCaller"`
	RecordsByCall map[string]int64 `json:"recordsByCall"`
}

func newLedger(factories []*world.Factory, calls []string) *ledger {
	l := &ledger{factories: factories, calls: calls}
	l.reset()
	return l
}

// count takes in a request and its answer's status, 0 where there was none.
func (l *ledger) count(c *call, status, records int) {
	caller := callerOf(c)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Total++
	l.counts.Records += int64(records)
	if status == http.StatusTooManyRequests {
		l.counts.Throttled++
	}
	l.counts.ByCall[c.call]++
	if records > 0 {
		l.counts.RecordsByCall[c.call] += int64(records)
	}
	if c.place != nil {
		l.counts.ByFactory[c.place.Name]++
	}
	if caller != "" && len(l.counts.ByCaller) < maxCallers {
		l.counts.ByCaller[caller]++
	}
}

// maxCallers bounds what callers can make up.
const maxCallers = 10_000

// reset leaves every call and factory at zero rather than out, so that a
// script can read a figure before the first request.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts = counts{ByCall: map[string]int64{}, ByFactory: map[string]int64{}, ByCaller: map[string]int64{}, RecordsByCall: map[string]int64{}}
	for _, name := range l.calls {
		l.counts.ByCall[name] = 0
	}
	for _, f := range l.factories {
		l.counts.ByFactory[f.Name] = 0
	}
}

// read returns a copy of the counts.
func (l *ledger) read() counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts
	c.ByCall, c.ByFactory = maps.Clone(c.ByCall), maps.Clone(c.ByFactory)
	c.ByCaller, c.RecordsByCall = maps.Clone(c.ByCaller), maps.Clone(c.RecordsByCall)
	return c
}

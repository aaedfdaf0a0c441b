package emulator

import (
	"maps"
	"sync"

	"andon/internal/emulator/world"
)

// ledger counts what clients asked since the start or the last reset.
type ledger struct {
	factories []*world.Factory
	calls     []string

	mu        sync.Mutex
	total     int64
	records   int64
	byCall    map[string]int64
	byFactory map[string]int64
}

// counts is the answer of GET /truth/requests.
type counts struct {
	// Total is every request to Entra ID and Resource Manager, refused and
	// struck ones too.
	Total int64 `json:"total"`
	// Records is how many pipeline and activity runs were answered.
	Records   int64            `json:"records"`
	ByCall    map[string]int64 `json:"byCall"`
	ByFactory map[string]int64 `json:"byFactory"`
}

func newLedger(factories []*world.Factory, calls []string) *ledger {
	l := &ledger{factories: factories, calls: calls}
	l.reset()
	return l
}

func (l *ledger) count(c *call, records int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.records += int64(records)
	l.byCall[c.call]++
	if c.place != nil {
		l.byFactory[c.place.Name]++
	}
}

// reset leaves every call and factory at zero rather than out, so that a
// script can read a figure before the first request.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total, l.records = 0, 0
	l.byCall, l.byFactory = map[string]int64{}, map[string]int64{}
	for _, name := range l.calls {
		l.byCall[name] = 0
	}
	for _, f := range l.factories {
		l.byFactory[f.Name] = 0
	}
}

func (l *ledger) counts() counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return counts{Total: l.total, Records: l.records, ByCall: maps.Clone(l.byCall), ByFactory: maps.Clone(l.byFactory)}
}

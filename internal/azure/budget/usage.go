package budget

import "maps"

// UsageKey is what requests are counted by.
type UsageKey struct {
	Source  string
	Factory string // "" for calls that concern none
	Purpose Purpose
}

// Usage counts requests, and the run records that Azure sent for them.
type Usage struct {
	Requests  int64 // sent, whatever became of them
	Records   int64 // run records received; Azure's price of monitoring is by them
	Throttled int64 // of Requests, those that met a limit
	Failed    int64 // of Requests, those without a usable answer
}

func (u Usage) add(v Usage) Usage {
	return Usage{u.Requests + v.Requests, u.Records + v.Records, u.Throttled + v.Throttled, u.Failed + v.Failed}
}

func (s *Scheduler) count(r *Request, u Usage) {
	key := UsageKey{r.Source, r.Factory, r.Purpose}
	s.usage[key] = s.usage[key].add(u)
}

// TakeUsage returns what was counted since it was called last.
func (s *Scheduler) TakeUsage() map[UsageKey]Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := maps.Clone(s.usage)
	clear(s.usage)
	return out
}

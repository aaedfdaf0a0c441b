package collector

import (
	"slices"
	"strings"
	"sync"

	"andon/internal/azure"
)

// seer is a source that sees a factory.
type seer struct {
	source string
	client *azure.Client
}

// seers are the sources that see one factory. One of them asks, so that
// nothing is asked or counted twice; when it is refused, the next one does.
type seers struct {
	mu  sync.Mutex
	all []seer
	at  int
}

// add takes in a source, and reports whether it was new.
func (s *seers) add(n seer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, known := range s.all {
		if strings.EqualFold(known.source, n.source) {
			return false
		}
	}
	s.all = append(s.all, n)
	return true
}

// has reports whether a source is among them.
func (s *seers) has(source string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(one seer) bool { return strings.EqualFold(one.source, source) })
}

// current returns the one that asks.
func (s *seers) current() seer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[s.at]
}

// next has another source ask in place of tired, and reports whether there is
// one.
func (s *seers) next(tired seer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) < 2 {
		return false
	}
	if s.all[s.at].source == tired.source {
		s.at = (s.at + 1) % len(s.all)
	}
	return true
}

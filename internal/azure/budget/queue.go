package budget

// waiter is a request that waits for its turn.
type waiter struct {
	request Request
	scopes  []*scope
	turn    uint64     // counts arrivals
	granted chan error // told once: nil, or why it will not be sent
	pass    *Pass
}

// queue holds the waiters of one class, by factory, and serves the factories
// in turn, so that one with much to ask delays none that has little.
type queue struct {
	lines map[string][]*waiter
	ring  []string // keys of lines that are not empty
	at    int      // whose turn it is
}

func (q *queue) push(w *waiter) {
	key := w.request.key()
	if q.lines == nil {
		q.lines = map[string][]*waiter{}
	}
	if len(q.lines[key]) == 0 {
		q.ring = append(q.ring, key)
	}
	q.lines[key] = append(q.lines[key], w)
}

// remove takes w out, and reports whether it was there.
func (q *queue) remove(w *waiter) bool {
	key := w.request.key()
	line := q.lines[key]
	for i := range line {
		if line[i] != w {
			continue
		}
		q.lines[key] = append(line[:i:i], line[i+1:]...)
		if len(q.lines[key]) == 0 {
			q.drop(key)
		}
		return true
	}
	return false
}

func (q *queue) drop(key string) {
	delete(q.lines, key)
	for i := range q.ring {
		if q.ring[i] != key {
			continue
		}
		q.ring = append(q.ring[:i], q.ring[i+1:]...)
		if i < q.at {
			q.at--
		}
		break
	}
	if q.at >= len(q.ring) {
		q.at = 0
	}
}

// heads returns the first waiter of each factory, beginning with the factory
// whose turn it is.
func (q *queue) heads(yield func(*waiter) bool) {
	for i := range q.ring {
		if !yield(q.lines[q.ring[(q.at+i)%len(q.ring)]][0]) {
			return
		}
	}
}

// served passes the turn to the factory after w's.
func (q *queue) served(w *waiter) {
	key := w.request.key()
	for i := range q.ring {
		if q.ring[i] == key {
			q.at = (i + 1) % len(q.ring)
			break
		}
	}
	q.remove(w)
}

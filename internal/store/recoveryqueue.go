package store

// queue holds failed runs whose recovery has to be worked out.
type queue struct {
	list  []int64
	has   map[int64]bool
	done  map[int64]int // how often each was worked out in this transaction
	shown []int64       // failed runs that look different though their recovery may not change
}

// maxEvaluations bounds how often one run is worked out in a transaction: rows
// that name each other as parents would go on for ever.
const maxEvaluations = 8

func (q *queue) add(seqs ...int64) {
	for _, seq := range seqs {
		if q.has == nil {
			q.has, q.done = map[int64]bool{}, map[int64]int{}
		}
		if !q.has[seq] && q.done[seq] < maxEvaluations {
			q.has[seq] = true
			q.list = append(q.list, seq)
		}
	}
}

func (q *queue) next() (seq int64, ok bool) {
	if len(q.list) == 0 {
		return 0, false
	}
	seq, q.list = q.list[0], q.list[1:]
	delete(q.has, seq)
	q.done[seq]++
	return seq, true
}

package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"
)

const (
	groupCommit    = 10                     // waiting jobs that share a transaction
	checkpointGap  = 200 * time.Millisecond // between checkpoints while something is written
	restartWAL     = 256 << 20 / 4096       // pages of log after which the writer makes it start anew
	checkpointName = "main"
)

// job is work for the writer. do may run twice, when its first transaction
// failed by another job's fault; committed runs once after the commit.
type job struct {
	do        func(*writer) error
	committed func()
	done      chan error
}

// submit has the writer do a job and waits for its commit. When ctx ends
// first, the job may still be done.
func (s *Store) submit(ctx context.Context, do func(*writer) error, committed func()) error {
	if s.readOnly {
		return &UnavailableError{What: fmt.Sprintf("the store %s was opened for reading only", s.path), Next: "open it for writing"}
	}
	j := &job{do: do, committed: committed, done: make(chan error, 1)}
	select {
	case s.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return s.closedError()
	}
	select {
	case err := <-j.done:
		return s.unavailable(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writer is the only one that changes the store. It lives in one goroutine.
type writer struct {
	s     *Store
	conn  *sqlite3.Conn
	stmts map[string]*sqlite3.Stmt

	rollUpsert [rollTables]string

	nextSeq int64
	memory  workMemory

	// Of the running transaction.
	rolls  rollups
	unread map[FactoryKey]int64 // changes of the number of runs whose activities are to be read
	undo   []func()             // takes back what memory learned
	queue  queue                // failed runs whose recovery is to be worked out
	page   []arrival            // the page that is being written
}

func (s *Store) startWriter(ctx context.Context) error {
	conn, err := openConn(s.path, writePragmas)
	if err != nil {
		return s.unavailable(err)
	}
	w := &writer{s: s, conn: conn, stmts: map[string]*sqlite3.Stmt{}, memory: newWorkMemory(), rolls: newRollups(), unread: map[FactoryKey]int64{}}
	if err := w.recall(); err != nil {
		return errors.Join(s.unavailable(err), conn.Close())
	}
	cp, err := openConn(s.path, checkpointPragmas)
	if err != nil {
		return errors.Join(s.unavailable(err), conn.Close())
	}
	for t := range rollTables {
		w.rollUpsert[t] = t.upsertSQL()
	}
	s.writer = w
	c := &checkpointer{conn: cp, log: s.log, written: make(chan struct{}, 1), restart: make(chan struct{}, 1), ended: make(chan struct{})}
	runCtx := context.WithoutCancel(ctx)
	go c.run(runCtx, s.closing)
	go w.run(runCtx, c)
	return nil
}

// recall reads what memory has to know.
func (w *writer) recall() error {
	err := w.queryRow("SELECT coalesce(max(seq), 0) + 1 FROM run", func(st *sqlite3.Stmt) { w.nextSeq = st.ColumnInt64(0) })
	if err != nil {
		return err
	}
	// A filter stored by an earlier version may be ahead of the runs: what it
	// seems to hold is not added to it.
	w.nextSeq = max(w.nextSeq, w.s.seen.reach()+1)
	return nil
}

// run does jobs until the store closes.
func (w *writer) run(ctx context.Context, c *checkpointer) {
	defer close(w.s.done)
	defer func() { <-c.ended }()
	for {
		select {
		case j := <-w.s.jobs:
			w.doAll(w.collect(j))
			c.wrote()
		case <-c.restart:
			if _, _, err := w.conn.WALCheckpoint(checkpointName, sqlite3.CHECKPOINT_RESTART); err != nil {
				w.s.log.WarnContext(ctx, "the log of the store was not restarted", slog.Any("error", err))
			}
		case <-w.s.closing:
			return
		}
	}
}

// collect adds jobs that wait already, so that they share one commit.
func (w *writer) collect(first *job) []*job {
	batch := []*job{first}
	for len(batch) < groupCommit {
		select {
		case j := <-w.s.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// doAll does the jobs in one transaction. When one of them fails, each gets a
// transaction of its own, so that none suffers for another; but not where the
// store lets nobody begin one, which would make each of them wait.
func (w *writer) doAll(batch []*job) {
	err := w.transact(batch)
	if err == nil || len(batch) == 1 || errors.Is(err, errNotBegun) {
		w.finish(batch, err)
		return
	}
	for i := range batch {
		one := batch[i : i+1]
		w.finish(one, w.transact(one))
	}
}

func (w *writer) finish(batch []*job, err error) {
	w.s.noteWrite(err)
	for _, j := range batch {
		if err == nil && j.committed != nil {
			j.committed()
		}
		j.done <- err
	}
}

// errNotBegun marks an error that says nothing about any job.
var errNotBegun = errors.New("no transaction could be begun")

func (w *writer) transact(batch []*job) error {
	if err := w.conn.Exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("%w: %w", errNotBegun, err)
	}
	w.undo = []func(){w.keys()}
	w.rolls.reset()
	clear(w.unread)
	for _, j := range batch {
		if err := j.do(w); err != nil {
			return w.rollback(err)
		}
	}
	if err := w.flushSeries(); err != nil {
		return w.rollback(err)
	}
	if err := w.flushRollups(); err != nil {
		return w.rollback(err)
	}
	if err := w.saveSeen(false); err != nil {
		return w.rollback(err)
	}
	if err := w.conn.Exec("COMMIT"); err != nil {
		return w.rollback(err)
	}
	if w.rolls.hasFails {
		w.s.failures.outdate()
	}
	return nil
}

// keys returns what gives back the keys of runs that are handed out from now on.
func (w *writer) keys() (undo func()) {
	next, reach := w.nextSeq, w.s.seen.reach()
	return func() {
		w.nextSeq = next
		w.s.seen.setReach(reach)
	}
}

// rollback leaves nothing of the transaction, in the file and in memory.
func (w *writer) rollback(cause error) error {
	for _, undo := range slices.Backward(w.undo) {
		undo()
	}
	w.undo = nil
	w.memory, w.queue, w.page = newWorkMemory(), queue{}, nil
	for _, st := range w.stmts {
		if err := st.Reset(); err != nil {
			continue // Reset repeats the error of the last step, which is the cause already
		}
	}
	if w.conn.GetAutocommit() {
		return cause // SQLite has rolled back by itself
	}
	return errors.Join(cause, w.conn.Exec("ROLLBACK"))
}

// saveSeen stores the filter of runIds, when enough arrived or always.
func (w *writer) saveSeen(always bool) error {
	first, blocks, upto := w.s.seen.unsaved(always)
	for i, bits := range blocks {
		// A block that later ones follow is complete.
		last := min(upto, int64(first+i+1)<<blockBits-1)
		if err := w.exec("INSERT OR REPLACE INTO run_seen (block, upto, bits) VALUES (?, ?, ?)", int64(first+i), last, bits); err != nil {
			return err
		}
	}
	if len(blocks) > 0 {
		before := w.s.seen.setSaved(upto)
		w.undo = append(w.undo, func() { w.s.seen.setSaved(before) })
	}
	return nil
}

// close writes what memory holds and closes the connection, which must be the
// last one for the log to go.
func (w *writer) close() error {
	err := w.saveSeen(true)
	for _, st := range w.stmts {
		err = errors.Join(err, st.Close())
	}
	if _, _, e := w.conn.WALCheckpoint(checkpointName, sqlite3.CHECKPOINT_TRUNCATE); e != nil {
		err = errors.Join(err, e)
	}
	return errors.Join(err, w.conn.Close())
}

// bind returns the prepared statement of query with its arguments.
func (w *writer) bind(query string, args []any) (*sqlite3.Stmt, error) {
	st := w.stmts[query]
	if st == nil {
		var err error
		if st, _, err = w.conn.PrepareFlags(query, sqlite3.PREPARE_PERSISTENT); err != nil {
			return nil, fmt.Errorf("prepare %.60q: %w", query, err)
		}
		w.stmts[query] = st
	}
	for i, a := range args {
		if err := bindOne(st, i+1, a); err != nil {
			return nil, fmt.Errorf("bind argument %d of %.60q: %w", i+1, query, err)
		}
	}
	return st, nil
}

func bindOne(st *sqlite3.Stmt, i int, a any) error {
	switch v := a.(type) {
	case nil:
		return st.BindNull(i)
	case int64:
		return st.BindInt64(i, v)
	case FactoryKey:
		return st.BindInt64(i, int64(v))
	case string:
		return st.BindText(i, v)
	case []byte:
		if v == nil {
			return st.BindNull(i)
		}
		return st.BindBlob(i, v)
	case *int64:
		if v == nil {
			return st.BindNull(i)
		}
		return st.BindInt64(i, *v)
	default:
		return fmt.Errorf("no way to store a %T", a)
	}
}

func (w *writer) exec(query string, args ...any) error {
	st, err := w.bind(query, args)
	if err != nil {
		return err
	}
	return st.Exec()
}

// query calls row for each row. row must not use the writer: a statement that
// is being read can't be used again.
func (w *writer) query(query string, row func(*sqlite3.Stmt) (more bool), args ...any) error {
	st, err := w.bind(query, args)
	if err != nil {
		return err
	}
	for st.Step() {
		if !row(st) {
			break
		}
	}
	if err := st.Err(); err != nil {
		return errors.Join(err, st.Reset())
	}
	return st.Reset()
}

// queryRow calls row for the first row, if there is one.
func (w *writer) queryRow(query string, row func(*sqlite3.Stmt), args ...any) error {
	return w.query(query, func(st *sqlite3.Stmt) bool { row(st); return false }, args...)
}

// checkpointer moves the log into the file beside the writer, which would
// stop for 60 to 90 ms if it did so itself.
type checkpointer struct {
	conn    *sqlite3.Conn
	log     *slog.Logger
	written chan struct{}
	restart chan struct{} // asks the writer to let the log begin anew
	ended   chan struct{}
}

func (c *checkpointer) wrote() {
	select {
	case c.written <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run(ctx context.Context, closing <-chan struct{}) {
	defer close(c.ended)
	defer func() {
		if err := c.conn.Close(); err != nil {
			c.log.WarnContext(ctx, "the checkpoint connection was not closed", slog.Any("error", err))
		}
	}()
	pause := time.NewTimer(checkpointGap)
	defer pause.Stop()
	for {
		select {
		case <-c.written:
		case <-closing:
			return
		}
		pause.Reset(checkpointGap)
		select {
		case <-pause.C:
		case <-closing:
			return
		}
		c.checkpoint(ctx)
	}
}

func (c *checkpointer) checkpoint(ctx context.Context) {
	pages, _, err := c.conn.WALCheckpoint(checkpointName, sqlite3.CHECKPOINT_PASSIVE)
	switch {
	case errors.Is(err, sqlite3.BUSY):
	case err != nil:
		c.log.WarnContext(ctx, "a checkpoint of the store broke off", slog.Any("error", err))
	case pages > restartWAL:
		select {
		case c.restart <- struct{}{}:
		default:
		}
	}
}

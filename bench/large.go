package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"andon/internal/adf"
	"andon/internal/app"
	"andon/internal/store"
)

const (
	detailed      = 500 // runs at the end of history whose activities are stored
	activitiesOf  = 12  // of each of them
	stopPatience  = 10 * time.Second
	headerTimeout = 5 * time.Second
)

// largeStore returns the path of a store of b.size runs, which is built when
// it isn't there from an earlier run of this command with the same schema.
func (b *bench) largeStore(ctx context.Context, h *history) (path string, err error) {
	schema, err := emptySchema(ctx)
	if err != nil {
		return "", err
	}
	path = filepath.Join(b.dir, fmt.Sprintf("bench-%d-%s.db", b.size, schema))
	if _, err := os.Stat(path); err == nil {
		b.say("queries: using %s, which an earlier run built; remove it to have it built anew", path)
		return path, nil
	}
	if err := os.MkdirAll(b.dir, 0o750); err != nil {
		return "", err
	}
	unfinished := path + ".part"
	for _, old := range []string{unfinished, unfinished + "-wal", unfinished + "-shm"} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	b.say("queries: building %s with %s runs", path, whole(float64(b.size)))
	if err := b.fill(ctx, unfinished, h); err != nil {
		return "", err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return "", err
	}
	return path, os.Remove(unfinished + ".lock")
}

// emptySchema names the schema that a new store has.
func emptySchema(ctx context.Context) (name string, err error) {
	dir, err := os.MkdirTemp("", "andon-bench-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "andon.db")
	s, err := store.Open(ctx, "sqlite:"+path, store.Options{})
	if err != nil {
		return "", err
	}
	if err := s.Close(); err != nil {
		return "", err
	}
	return schemaOf(ctx, path)
}

// fill writes a whole history as collectors do, with activities at its end.
func (b *bench) fill(ctx context.Context, path string, h *history) (err error) {
	s, err := store.Open(ctx, "sqlite:"+path, store.Options{Now: h.clock})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := h.put(func(f adf.Factory) (store.Place, error) { return s.PutFactory(ctx, f, "bench") }); err != nil {
		return err
	}
	start := b.now()
	if err := writeHistory(ctx, s, h); err != nil {
		return err
	}
	if err := finish(ctx, s, h); err != nil {
		return err
	}
	b.say("queries: built in %s", b.now().Sub(start).Round(time.Second))
	return nil
}

// writeHistory writes h's pages while it makes further ones.
func writeHistory(ctx context.Context, s *store.Store, h *history) error {
	pages := make(chan store.Page, collectors)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(pages)
		for {
			page, ok, err := h.next()
			if err != nil || !ok {
				return err
			}
			select {
			case pages <- page:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	for range collectors {
		group.Go(func() error {
			for page := range pages {
				if _, err := s.WriteRuns(ctx, page); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// finish says that all of history is there, and stores the activities of the
// newest runs.
func finish(ctx context.Context, s *store.Store, h *history) error {
	for _, f := range h.factories {
		done := store.Page{Factory: f.key, Completes: &store.Window{From: h.start, To: h.end}, AsOf: h.end, Origin: store.OriginAzure}
		if _, err := s.WriteRuns(ctx, done); err != nil {
			return err
		}
		if err := s.SetFactoryState(ctx, f.key, store.FactoryState{State: store.StateFresh, WantedFrom: h.start}); err != nil {
			return err
		}
	}
	q := store.RunQuery{Limit: store.MaxLimit}
	for range detailed / store.MaxLimit {
		page, err := s.Runs(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Runs {
			if err := writeActivities(ctx, s, &page.Runs[i], h.end); err != nil {
				return err
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return nil
		}
	}
	return nil
}

func writeActivities(ctx context.Context, s *store.Store, r *store.Run, asOf adf.Time) error {
	rows := make([]adf.ActivityRun, activitiesOf)
	for n := range rows {
		var err error
		if rows[n], err = adf.DecodeActivityRun(activityRow(&r.PipelineRun, n)); err != nil {
			return fmt.Errorf("decode a made-up activity: %w", err)
		}
	}
	return s.WriteActivities(ctx, r.Place.Key, r.RunID, rows, r.Status.Terminal(), asOf)
}

// clock stands at the end of history, so that the store is fresh whenever it
// is asked.
func (h *history) clock() time.Time { return h.end.Time() }

// serve answers on loopback as andon serve does over the store at path, until
// stop is called.
func serve(ctx context.Context, path string, h *history) (address string, stop func() error, err error) {
	handler, closeStore, err := app.Board(ctx, "sqlite:"+path, app.Options{
		Version: "bench", Logger: slog.New(slog.DiscardHandler), Now: h.clock,
	})
	if err != nil {
		return "", nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, closeStore())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stop = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
		defer cancel()
		err := server.Shutdown(ctx)
		if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return errors.Join(err, closeStore())
	}
	return "http://" + listener.Addr().String(), stop, nil
}

package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"andon/internal/adf"
	"andon/internal/redact"
	"andon/internal/store"
)

// importPage is how many runs are stored in one transaction.
const importPage = 500

// Imported says what became of one file.
type Imported struct {
	File  string
	Taken int // runs that are new here, or newer than what was here
	Known int // runs that were here already
	// Odd counts rows with something unreadable: those kept without it, and
	// those that could not be kept.
	Odd int
	// Lost is the part of Odd that could not be kept at all.
	Lost int
	// Foreign counts rows whose own id names another factory than the one
	// they were taken in for.
	Foreign int
	// Err says why the file was not read to its end; nil when it was. What
	// stood whole before that place is counted above and stored.
	Err error
}

// Import takes saved answers of ADF's run queries into the store as runs of a
// factory, which need not exist any more: whole pages, arrays and single
// runs, one or many in a file or a line, as the REST API, az and PowerShell's
// ConvertTo-Json write them, in UTF-8 or UTF-16. It holds little in memory,
// however large a file is, and taking the same file in again changes nothing.
// What r takes for a secret is not stored.
//
// report is called after each file. The error is non-nil when the store can't
// be written or ctx ended; what is wrong with a file is in its Imported.Err
// and doesn't stop the others.
func Import(ctx context.Context, s *store.Store, r *redact.Redactor, id adf.FactoryID, files []string, report func(Imported)) error {
	place, err := placeFor(ctx, s, id)
	if err != nil {
		return err
	}
	for _, file := range files {
		im := importer{ctx: ctx, store: s, redact: r, place: place, done: Imported{File: file}}
		if err := im.file(file); err != nil {
			return fmt.Errorf("take in %s: %w", file, err)
		}
		report(im.done)
	}
	return nil
}

// placeFor finds the factory in the store, and adds it where it is not known:
// what a collector stored of it must stay.
func placeFor(ctx context.Context, s *store.Store, id adf.FactoryID) (store.Place, error) {
	places, err := s.Places(ctx)
	if err != nil {
		return store.Place{}, fmt.Errorf("the factories stored so far: %w", err)
	}
	for _, p := range places {
		if p.ID.Key() == id.Key() {
			return p, nil
		}
	}
	place, err := s.PutFactory(ctx, adf.Factory{ID: id, Name: id.Name()}, "")
	if err != nil {
		return store.Place{}, fmt.Errorf("store factory %s: %w", id.Name(), err)
	}
	return place, nil
}

// importer takes in one file.
type importer struct {
	ctx    context.Context //nolint:containedctx // lives as long as one call of Import
	store  *store.Store
	redact *redact.Redactor
	place  store.Place
	page   store.Page
	done   Imported
	seen   rowKinds
}

// file reads a file. Its error is about the store; the file's own is in done.
func (im *importer) file(name string) error {
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		im.done.Err = openError(err)
		return nil
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		im.done.Err = errors.New("is a folder: name the files in it")
		return nil
	}
	readErr := readRows(f, im.row)
	if stop, ok := errors.AsType[*storeError](readErr); ok {
		return stop.err
	}
	if err := im.flush(); err != nil {
		return err
	}
	kept := im.done.Taken + im.done.Known
	switch {
	case readErr != nil && kept > 0:
		im.done.Err = fmt.Errorf("%w; the runs before that place are stored (%d)", readErr, kept)
	case readErr != nil:
		im.done.Err = readErr
	case kept == 0:
		im.done.Err = im.seen.problem()
	}
	return nil
}

func openError(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("can't be opened: %w", err)
}

// storeError tells an error of the store from one of the file.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }

// row takes in one element that stands where a run is expected. raw is only
// valid during the call.
func (im *importer) row(raw []byte) error {
	run, err := adf.DecodePipelineRun(bytes.Clone(raw))
	if err != nil {
		im.seen.add(raw)
		im.done.Odd++
		im.done.Lost++ // not counted in the store, where each repetition would add up
		return nil     //nolint:nilerr // an odd row must not cost its file
	}
	if len(run.Odd) > 0 {
		im.done.Odd++
	}
	if im.isForeign(&run) {
		im.done.Foreign++
	}
	im.page.Runs = append(im.page.Runs, run)
	if len(im.page.Runs) < importPage {
		return nil
	}
	if err := im.flush(); err != nil {
		return &storeError{err}
	}
	return nil
}

// isForeign reports whether a row's id says that it belongs elsewhere.
func (im *importer) isForeign(r *adf.PipelineRun) bool {
	if r.ID == nil {
		return false
	}
	id, err := adf.ParseFactoryID(*r.ID)
	return err == nil && id.Key() != im.place.ID.Key()
}

// flush stores the rows gathered so far.
func (im *importer) flush() error {
	if len(im.page.Runs) == 0 {
		return nil
	}
	runs, lost := redactRuns(im.redact, im.page.Runs)
	im.page.Runs = runs
	im.done.Odd, im.done.Lost = im.done.Odd+lost, im.done.Lost+lost
	im.page.Factory, im.page.Origin = im.place.Key, store.OriginFile
	changes, err := im.store.WriteRuns(im.ctx, im.page)
	if err != nil {
		return err
	}
	im.done.Taken += changes.Inserted + changes.Updated
	im.done.Known += changes.Unchanged
	im.page = store.Page{}
	return nil
}

// readRows finds the rows in a file and hands each to row.
func readRows(r io.Reader, row func(raw []byte) error) error {
	text, err := textOf(r)
	if err != nil {
		return err
	}
	if err := refuseForeignForm(text); err != nil {
		return err
	}
	if isLines(text) {
		return readLines(text, row)
	}
	return readValues(text, row)
}

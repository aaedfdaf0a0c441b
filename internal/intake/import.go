package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"andon/internal/adf"
	"andon/internal/declared"
	"andon/internal/redact"
	"andon/internal/store"
)

// A page of an import is stored in one transaction.
const (
	pageRuns  = 500
	pageBytes = 8 << 20
)

// Options say what is imported, and how.
type Options struct {
	Paths []string // files, and folders whose files are all read
	// Factory is whose runs they are: what adf.ParseFactoryID reads, or the short
	// name of a stored factory. "" takes what each row says.
	Factory string
	DryRun  bool // says what would happen, and stores nothing
}

// File says what became of one file. Taken, Known and Completed are about pipeline
// runs.
type File struct {
	Name      string
	Kinds     []string // of the rows that are kept
	Taken     int      // runs that are new here, or newer than what was here
	Known     int      // rows that add nothing, and further rows of a run that this import has taken
	Completed int      // runs of which a missing field was filled
	// Activities and TriggerRuns are the same figures of activity runs and trigger
	// runs.
	Activities, TriggerRuns store.ImportChanges
	Malformed               int // rows kept though a field could not be read
	Moved                   int // rows that name a factory of that name elsewhere, and were taken as those of Options.Factory
	Refused                 []Refusal
	Note                    string // "" for none
	// Err says why the file was not read to its end, or that it holds nothing that
	// is kept. What was whole before that place is counted above and stored.
	Err error
}

// Kept returns how many rows of the file are runs, activity runs or trigger runs.
func (f *File) Kept() int {
	return f.Taken + f.Known + f.Completed + f.Activities.Rows() + f.TriggerRuns.Rows()
}

// Faults returns how many rows were refused that are not just of another kind.
func (f *File) Faults() int {
	n := 0
	for _, r := range f.Refused {
		if !r.IsOther {
			n += r.Count
		}
	}
	return n
}

// Total is what became of all files.
type Total struct {
	ID     store.ImportID // what UndoImport takes; of a dry run it means nothing
	Files  int
	Failed int // files with an Err
	File       // sums
}

// Import reads files into the store: answers of the API as it sends them and as
// az and PowerShell write them, diagnostic logs of runs, activity runs and trigger runs,
// answers and tables of Log Analytics, and tables of runs, in UTF-8 or UTF-16, plain or as gzip. It holds
// little in memory, however large a file is. Reading the same files again
// changes nothing. What r takes for a secret is not stored.
//
// report is called after each file. The error is non-nil when an option is
// wrong, the store can't be written or ctx ended; what is wrong with a file is in
// its Err and doesn't stop the others.
func Import(ctx context.Context, s *store.Store, r *redact.Redactor, o Options, report func(File)) (Total, error) {
	im := &importer{store: s, redact: r, declared: map[store.FactoryKey]*declared.Secrets{}, report: report, texts: newTexts()}
	var err error
	if im.factories, err = newFactories(ctx, s, o.Factory); err != nil {
		return Total{}, err
	}
	run := s.Import
	if o.DryRun {
		run = s.RehearseImport
	}
	err = run(ctx, o.Paths, func(i *store.Importing) error {
		im.into = i
		im.total.ID = i.ID()
		err := im.all(ctx, o.Paths)
		im.total.Refused = im.refused.most()
		all, _ := im.refused.count()
		// What is stored stays, so the import ends with its figures even when it broke off.
		return errors.Join(err, i.End(context.WithoutCancel(ctx), int64(im.total.Files), int64(all)))
	})
	return im.total, err
}

// importer does one import.
type importer struct {
	store     *store.Store
	redact    *redact.Redactor
	declared  map[store.FactoryKey]*declared.Secrets // of factories that rows were of
	report    func(File)
	texts     *texts
	into      *store.Importing
	factories *factories

	total   Total
	refused refusals

	// Of the file that is read.
	done       File
	found      refusals
	isTable    bool
	pending    map[pageKey][]adf.PipelineRun
	activities map[store.FactoryKey][]adf.ActivityRun // that wait, as pending does
	triggers   map[store.FactoryKey][]adf.TriggerRun
	waiting    int // rows in all three
	bytes      int // of them
}

// pageKey is what the rows of a page have in common.
type pageKey struct {
	factory store.FactoryKey
	origin  store.Origin
}

// all reads every path. The error is the store's.
func (im *importer) all(ctx context.Context, paths []string) error {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			if err := im.folder(ctx, path); err != nil {
				return err
			}
			continue
		}
		if err := im.file(ctx, path, true); err != nil {
			return fmt.Errorf("import %s: %w", path, err)
		}
	}
	return nil
}

// file reads a file. Its error is about the store; the file's own is in done.
// isNamed says that a person named it, and not only its folder.
func (im *importer) file(ctx context.Context, name string, isNamed bool) error {
	im.done, im.found, im.isTable = File{Name: name}, refusals{}, false
	im.pending, im.activities = map[pageKey][]adf.PipelineRun{}, map[store.FactoryKey][]adf.ActivityRun{}
	im.triggers = map[store.FactoryKey][]adf.TriggerRun{}
	readErr := im.open(ctx, name)
	if stop, ok := errors.AsType[*storeError](readErr); ok {
		return stop.err
	}
	if err := im.flush(ctx); err != nil {
		return err
	}
	im.done.Refused = im.found.most()
	refused, faults := im.found.count()
	kept := im.done.Kept()
	switch {
	case readErr != nil && kept > 0:
		im.done.Err = fmt.Errorf("%w; the rows before that place are kept (%d)", readErr, kept)
	case readErr != nil:
		im.done.Err = readErr
	case kept == 0 && refused > 0 && (isNamed || faults > 0):
		im.done.Err = fmt.Errorf("holds nothing to import: %s", im.done.Refused[0])
	}
	im.sum()
	im.report(im.done)
	return nil
}

// sum adds the file to the total.
func (im *importer) sum() {
	t, f := &im.total, &im.done
	t.Files++
	if f.Err != nil {
		t.Failed++
	}
	t.Taken, t.Known, t.Completed = t.Taken+f.Taken, t.Known+f.Known, t.Completed+f.Completed
	t.Activities.Add(f.Activities)
	t.TriggerRuns.Add(f.TriggerRuns)
	t.Malformed, t.Moved = t.Malformed+f.Malformed, t.Moved+f.Moved
	for _, kind := range f.Kinds {
		addKind(&t.Kinds, kind)
	}
	for _, r := range f.Refused {
		first := make([]string, len(r.First))
		for i, at := range r.First {
			first[i] = f.Name + " " + at
		}
		im.refused.add(reason{r.Reason, r.Next, r.IsOther}, r.Count, first...)
	}
}

func addKind(kinds *[]string, kind string) {
	if !slices.Contains(*kinds, kind) {
		*kinds = append(*kinds, kind)
		slices.Sort(*kinds)
	}
}

// open finds the records of a file.
func (im *importer) open(ctx context.Context, name string) error {
	f, err := os.Open(name) //nolint:gosec // a file that the operator named
	if err != nil {
		return openError(err)
	}
	defer func() { _ = f.Close() }() // only read from
	return im.records(ctx, f)
}

func openError(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("can't be opened: %w", err)
}

// records finds the records of a text, whatever its form.
func (im *importer) records(ctx context.Context, r io.Reader) error {
	text, err := im.texts.open(r)
	if err != nil {
		return err
	}
	what, err := formOf(text)
	if err != nil {
		return err
	}
	out := outlet{
		record: func(raw []byte, at position) error { return im.record(ctx, raw, at) },
		refuse: func(why reason, at position) { im.found.add(why, 1, at.String()) },
	}
	hasMore := false
	switch what {
	case formTable:
		im.isTable = true
		return readTable(text, out)
	case formLines:
		hasMore, err = readLines(text, out)
	case formValues:
		s := splitter{text: text, out: out}
		err, hasMore = s.all(), s.hasMore
	}
	if hasMore {
		im.done.Note = "the last page names a further one (continuationToken), so the list may be incomplete"
	}
	return err
}

// record takes in one record. Its error is the store's.
func (im *importer) record(ctx context.Context, raw []byte, at position) error {
	f, why := read(bytes.Clone(raw), im.isTable)
	if why.what == "" {
		why = im.clean(&f)
	}
	var place store.Place
	if why.what == "" {
		var err error
		if place, why, err = im.place(ctx, f.resource); err != nil {
			return err
		}
	}
	if why.what != "" {
		im.found.add(why, 1, at.String())
		return nil
	}
	if why, err := im.cleanDeclared(ctx, place, &f); err != nil || why.what != "" {
		im.found.add(why, 1, at.String())
		return err
	}
	if len(f.run.Odd)+len(f.activity.Odd)+len(f.trigger.Odd) > 0 {
		im.done.Malformed++
	}
	addKind(&im.done.Kinds, f.kind)
	switch f.is {
	case isActivityRun:
		im.activities[place.Key] = append(im.activities[place.Key], f.activity)
	case isTriggerRun:
		im.triggers[place.Key] = append(im.triggers[place.Key], f.trigger)
	case isPipelineRun:
		key := pageKey{place.Key, f.origin}
		im.pending[key] = append(im.pending[key], f.run)
	}
	im.waiting++
	im.bytes += len(f.run.Raw) + len(f.activity.Raw) + len(f.trigger.Raw)
	if im.waiting < pageRuns && im.bytes < pageBytes {
		return nil
	}
	return im.flush(ctx)
}

// clean takes the secrets out of a row before it is written. A row whose id
// changes with that is refused: without the secret the ids of different runs
// are equal, and one would replace the other.
func (im *importer) clean(f *found) reason {
	var err error
	switch f.is {
	case isActivityRun:
		id, runID := f.activity.ActivityRunID, f.activity.PipelineRunID
		if raw, changed := im.redact.ActivityRun(f.activity.Raw, redact.Options{}); changed {
			f.activity, err = adf.DecodeActivityRun(raw)
		}
		if f.activity.ActivityRunID != id || f.activity.PipelineRunID != runID {
			return noSecret
		}
	case isTriggerRun:
		id := f.trigger.TriggerRunID
		if raw, changed := im.redact.JSON(f.trigger.Raw); changed {
			f.trigger, err = adf.DecodeTriggerRun(raw)
		}
		if f.trigger.TriggerRunID != id {
			return noSecret
		}
	case isPipelineRun:
		id := f.run.RunID
		if raw, changed := im.redact.JSON(f.run.Raw); changed {
			f.run, err = adf.DecodePipelineRun(raw)
		}
		if f.run.RunID != id {
			return noSecret
		}
	}
	if err != nil {
		return noSecret
	}
	return reason{}
}

// place finds the factory of a row.
func (im *importer) place(ctx context.Context, resource string) (store.Place, reason, error) {
	found, why := im.factories.of(resource)
	switch {
	case why.what != "":
		return store.Place{}, why, nil
	case found.isMoved:
		im.done.Moved++
	}
	if found.place.Key != 0 {
		return found.place, reason{}, nil
	}
	place, err := im.into.PutFactory(ctx, found.place.ID)
	if err == nil {
		im.factories.learn(place)
	}
	return place, reason{}, err
}

// flush stores the rows that wait.
func (im *importer) flush(ctx context.Context) error {
	keys := make([]pageKey, 0, len(im.pending))
	for key := range im.pending {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b pageKey) int {
		if a.factory != b.factory {
			return int(a.factory - b.factory)
		}
		return strings.Compare(string(a.origin), string(b.origin))
	})
	for _, key := range keys {
		changes, err := im.into.Write(ctx, store.Page{Factory: key.factory, Origin: key.origin, Runs: im.pending[key]})
		if err != nil {
			return err
		}
		im.done.Taken += changes.Inserted + changes.Updated
		im.done.Known += changes.Unchanged
		im.done.Completed += changes.Completed
	}
	for _, factory := range slices.Sorted(maps.Keys(im.activities)) {
		changes, err := im.into.WriteActivities(ctx, factory, im.activities[factory])
		if err != nil {
			return err
		}
		im.done.Activities.Add(changes)
	}
	for _, factory := range slices.Sorted(maps.Keys(im.triggers)) {
		changes, err := im.into.WriteTriggerRuns(ctx, factory, im.triggers[factory])
		if err != nil {
			return err
		}
		im.done.TriggerRuns.Add(changes)
	}
	clear(im.pending)
	clear(im.activities)
	clear(im.triggers)
	im.waiting, im.bytes = 0, 0
	return nil
}

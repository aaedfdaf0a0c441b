package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"andon/internal/config"
	"andon/internal/intake"
	"andon/internal/redact"
	"andon/internal/store"
)

func newImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE|FOLDER…",
		Short: "Import saved responses and logs: history older than 45 days",
		Long: "Reads pipeline runs from files into the store: responses of the REST API, output\n" +
			"of az and of PowerShell's ConvertTo-Json, diagnostic logs of a storage account,\n" +
			"Log Analytics as JSON or CSV, and tables of runs, plain or as gzip. Of logs and of\n" +
			"Log Analytics it reads activity runs and trigger runs, too. Kinds are told apart by\n" +
			"content; a folder is read with all that is below it. Reading the same files again\n" +
			"changes nothing, and each import can be undone.\n\n" +
			"A store that a server has open is refused, except by --list: stop the server first.\n" +
			"Exit code 3 says that a part was read and another could not be.",
		Example: "  andon import insights-logs-pipelineruns/ --dry-run\n" +
			"  andon import insights-logs-pipelineruns/ insights-logs-activityruns/\n" +
			"  az datafactory pipeline-run query-by-factory … > runs.json\n" +
			"  andon import runs.json --factory adf-sales-prod\n" +
			"  andon import --list\n" +
			"  andon import --undo 3",
	}
	f := cmd.Flags()
	var o importOptions
	f.StringVar(&o.Factory, "factory", "", "whose runs they are, where rows do not say it: short name of a stored factory, resource id, Studio or portal address, or subscription/resourceGroup/name")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would happen, and store nothing")
	f.BoolVar(&o.list, "list", false, "list the imports of this store")
	f.Int64Var(&o.undo, "undo", 0, "undo the import with this number, as --list shows it")
	f.StringVar(&o.config, "config", "", "file with settings, such as andon.yaml, for its patterns of secrets")
	f.StringVar(&o.dsn, "store", config.DefaultStore, "where history is kept: sqlite:PATH (ANDON_STORE)")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		isUndo := f.Changed("undo")
		switch {
		case o.list && isUndo, (o.list || isUndo) && (o.DryRun || o.Factory != ""):
			return usageErrorf("--list and --undo stand alone; %s", flagsOf(cmd))
		case (o.list || isUndo) && len(args) > 0:
			return usageErrorf("%q is not expected: --list and --undo take no files", args[0])
		case isUndo && o.undo <= 0:
			return usageErrorf("--undo: %d is not the number of an import; andon import --list shows them", o.undo)
		case !o.list && !isUndo && len(args) == 0:
			return usageErrorf("no file is named; %s", flagsOf(cmd))
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		if env := os.Getenv("ANDON_STORE"); env != "" && !f.Changed("store") {
			o.dsn = env
		}
		o.Paths = paths
		switch {
		case o.list:
			return o.withStore(cmd, true, listImports)
		case o.undo > 0:
			return o.withStore(cmd, false, func(cmd *cobra.Command, s *store.Store) error { return undoImport(cmd, s, store.ImportID(o.undo)) })
		}
		redactor, err := redactorOf(o.config)
		if err != nil {
			return usageError{err}
		}
		return o.run(cmd, redactor)
	}
	return cmd
}

// importOptions are the flags of `andon import`.
type importOptions struct {
	intake.Options
	list        bool
	undo        int64
	config, dsn string
}

// redactorOf takes the patterns of secrets from a file with settings; "" is
// no file.
func redactorOf(file string) (*redact.Redactor, error) {
	c, err := config.Load(config.Input{File: file, Flags: map[string][]string{"no-collect": {"true"}}, Env: func(string) string { return "" }})
	if err != nil {
		return nil, err
	}
	return redact.New(redact.Patterns(c.Redact))
}

// withStore opens the store for as long as do lasts.
func (o *importOptions) withStore(cmd *cobra.Command, readOnly bool, do func(*cobra.Command, *store.Store) error) (err error) {
	logger, err := newLogger(cmd.ErrOrStderr(), "warn")
	if err != nil {
		return err
	}
	s, err := store.Open(cmd.Context(), o.dsn, store.Options{Logger: logger, ReadOnly: readOnly})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}()
	return do(cmd, s)
}

// run imports files. A dry run of a store that does not exist yet uses one that
// is removed afterwards.
func (o *importOptions) run(cmd *cobra.Command, redactor *redact.Redactor) error {
	path, isFile := strings.CutPrefix(o.dsn, "sqlite:")
	if _, err := os.Stat(path); o.DryRun && isFile && errors.Is(err, os.ErrNotExist) {
		dir, err := os.MkdirTemp("", "andon-import-*")
		if err != nil {
			return fmt.Errorf("make a store for the dry run: %w", err)
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a folder for temporary files is emptied by the system, too
		o.dsn = "sqlite:" + filepath.Join(dir, "andon.db")
	}
	return o.withStore(cmd, false, func(cmd *cobra.Command, s *store.Store) error { return importFiles(cmd, s, redactor, o.Options) })
}

// maxBroken is how many files an error names.
const maxBroken = 10

// importFiles says on standard output what became of the files: a line for each
// that was named, and for each in a folder that needs a look. Its error names
// those that could not be read to their end.
func importFiles(cmd *cobra.Command, s *store.Store, redactor *redact.Redactor, o intake.Options) error {
	out := &printer{w: cmd.OutOrStdout()}
	var broken []string
	total, err := intake.Import(cmd.Context(), s, redactor, o, func(f intake.File) {
		if f.Err != nil {
			broken = append(broken, f.Name+" "+f.Err.Error())
		}
		if slices.Contains(o.Paths, f.Name) || f.Err != nil || f.Faults() > 0 || f.Note != "" {
			out.printf("%s: %s\n", f.Name, fileSummary(&f))
		}
	})
	if _, ok := errors.AsType[*intake.FactoryError](err); ok {
		return usageErrorf("--factory: %w", err)
	}
	if total.ID != 0 {
		printTotal(out, &total, o.DryRun)
	}
	if err == nil && !o.DryRun {
		err = s.Derive(cmd.Context()) // with all of history at hand
	}
	if err := errors.Join(err, out.err); err != nil {
		return err
	}
	return importProblem(&total, broken)
}

// importProblem is the error of an import: partial when something was read.
func importProblem(total *intake.Total, broken []string) error {
	if n := len(broken); n > maxBroken {
		broken = append(broken[:maxBroken], "and "+counted(int64(n-maxBroken), "more file"))
	}
	faults := total.Faults()
	switch {
	case len(broken) == 0 && faults == 0:
		return nil
	case len(broken) == 0:
		broken = []string{countedWere(int64(faults), "row") + " refused"}
	}
	err := errors.New(strings.Join(broken, "; "))
	if total.Kept() > 0 {
		return partialError{err}
	}
	return err
}

// fileSummary says what became of the rows of a file.
func fileSummary(f *intake.File) string {
	refused := 0
	for _, r := range f.Refused {
		refused += r.Count
	}
	text := fmt.Sprintf("%d taken, %d known, %d completed, %d refused", f.Taken, f.Known, f.Completed, refused)
	if a := f.Activities; a != (store.ImportChanges{}) {
		text += fmt.Sprintf("; of activity runs %d taken, %d known, %d completed", a.Taken, a.Known, a.Completed)
	}
	if t := f.TriggerRuns; t != (store.ImportChanges{}) {
		text += fmt.Sprintf("; of trigger runs %d taken, %d known, %d completed", t.Taken, t.Known, t.Completed)
	}
	if f.Malformed > 0 {
		text += fmt.Sprintf("; %d have a field that could not be read", f.Malformed)
	}
	if f.Moved > 0 {
		text += fmt.Sprintf("; %d name this factory in another resource group or subscription", f.Moved)
	}
	if f.Note != "" {
		text += "; " + f.Note
	}
	return text
}

// printTotal says what became of all files, and of which rows nothing.
func printTotal(out *printer, total *intake.Total, isDry bool) {
	name, undo := fmt.Sprintf("import %d", total.ID), fmt.Sprintf("; to undo it: andon import --undo %d", total.ID)
	switch {
	case isDry:
		name, undo = "dry run, nothing is stored", ""
	case total.Kept() == 0:
		undo = "" // nothing came of it
	}
	kinds := ""
	if len(total.Kinds) > 0 {
		kinds = " with " + strings.Join(total.Kinds, ", ")
	}
	files := "files"
	if total.Files == 1 {
		files = "file"
	}
	out.printf("%s: %d %s%s: %s%s\n", name, total.Files, files, kinds, fileSummary(&total.File), undo)
	for _, r := range total.Refused {
		where := strings.Join(r.First, ", ")
		if r.Count > len(r.First) {
			where += ", …"
		}
		out.printf("  refused %d: %s (%s). What to do: %s\n", r.Count, r.Reason, where, r.Next)
	}
}

// listImports lists the imports of a store.
func listImports(cmd *cobra.Command, s *store.Store) error {
	list, err := s.Imports(cmd.Context())
	if err != nil {
		return err
	}
	untimed, err := s.UntimedRuns(cmd.Context())
	if err != nil {
		return err
	}
	out := &printer{w: tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)}
	out.printf("IMPORT\tBEGAN\tFILES\tTAKEN\tKNOWN\tCOMPLETED\tREFUSED\tACTIVITIES\tTRIGGERS\tSTATE\tPATHS\n")
	for _, i := range list {
		state := "done"
		switch {
		case !i.Undone.IsZero():
			state = "undone " + minute(i.Undone.String())
		case i.Ended.IsZero():
			state = "broken off"
		}
		out.printf("%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", i.ID, minute(i.Began.String()), i.Files, i.Taken, i.Known, i.Completed, i.Refused, i.Activities.Taken, i.TriggerRuns.Taken, state, pathsText(i.Paths))
	}
	if untimed.Removed > 0 {
		out.printf("\nAt %[2]s %[1]s removed that had no time and that earlier versions had imported as runs: import the files again.\n", countedWere(untimed.Removed, "row"), minute(untimed.At.String()))
	}
	if w, ok := out.w.(*tabwriter.Writer); ok {
		out.note(w.Flush())
	}
	return out.err
}

// minute cuts a time to its minute.
func minute(text string) string {
	if len(text) < len("2006-01-02T15:04") {
		return text
	}
	return strings.Replace(text[:len("2006-01-02T15:04")], "T", " ", 1) + " UTC"
}

// pathsText names the first few paths of an import.
func pathsText(paths []string) string {
	const shown = 3
	if len(paths) > shown {
		return strings.Join(paths[:shown], ", ") + ", … (" + strconv.Itoa(len(paths)) + ")"
	}
	return strings.Join(paths, ", ")
}

func undoImport(cmd *cobra.Command, s *store.Store, id store.ImportID) error {
	done, err := s.UndoImport(cmd.Context(), id)
	if _, ok := errors.AsType[*store.NotFoundError](err); ok {
		return fmt.Errorf("there is no import %d in this store; andon import --list shows them", id)
	}
	if err != nil {
		return err
	}
	if err := s.Derive(cmd.Context()); err != nil { // without what the import said of parameters
		return err
	}
	out := &printer{w: cmd.OutOrStdout()}
	out.printf("import %d is undone: %s removed, %s kept with what other sources say\n", id, countedWere(done.Removed, "run"), countedWere(done.Kept, "run"))
	if done.Activities > 0 {
		out.printf("what it said of %s is removed\n", counted(done.Activities, "activity run"))
	}
	if done.TriggerRuns > 0 {
		out.printf("what it said of %s is removed\n", counted(done.TriggerRuns, "trigger run"))
	}
	return out.err
}

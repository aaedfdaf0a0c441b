package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"andon/internal/adf"
	"andon/internal/config"
	"andon/internal/intake"
	"andon/internal/redact"
	"andon/internal/store"
)

func newImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE… --factory ID",
		Short: "Take in saved answers of Azure: history older than 45 days",
		Long: "Takes pipeline runs from files into the store: answers of the REST API, output of\n" +
			"az and of PowerShell's ConvertTo-Json, arrays, single runs and JSON lines, in UTF-8\n" +
			"or UTF-16. Taking the same file in again changes nothing. A store that a server\n" +
			"has open is refused: stop the server first.",
		Example: "  az datafactory pipeline-run query-by-factory … > runs.json\n" +
			"  andon import runs.json --factory /subscriptions/…/factories/adf-sales-prod",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageErrorf("no file is named; %s", flagsOf(cmd))
			}
			return nil
		},
	}
	f := cmd.Flags()
	factory := f.String("factory", "", "whose runs they are: resource id, Studio or portal address, or subscription/resourceGroup/name")
	file := f.String("config", "", "file with settings, such as andon.yaml, for its patterns of secrets")
	dsn := f.String("store", config.DefaultStore, "where history is kept: sqlite:PATH (ANDON_STORE)")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if *factory == "" {
			return usageErrorf("--factory is missing: name the factory whose runs these are")
		}
		id, err := adf.ParseFactoryID(*factory)
		if err != nil {
			return usageErrorf("--factory: %w", err)
		}
		if env := os.Getenv("ANDON_STORE"); env != "" && !f.Changed("store") {
			*dsn = env
		}
		redactor, err := redactorOf(*file)
		if err != nil {
			return usageError{err}
		}
		return importFiles(cmd, *dsn, redactor, id, files)
	}
	return cmd
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

// importFiles says on standard output what became of each file. Its error
// names every file that could not be read to its end.
func importFiles(cmd *cobra.Command, dsn string, redactor *redact.Redactor, id adf.FactoryID, files []string) (err error) {
	logger, err := newLogger(cmd.ErrOrStderr(), "warn")
	if err != nil {
		return err
	}
	s, err := store.Open(cmd.Context(), dsn, store.Options{Logger: logger})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}()
	var broken []string
	var printErr error
	err = intake.Import(cmd.Context(), s, redactor, id, files, func(done intake.Imported) {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", done.File, importSummary(done))
		printErr = errors.Join(printErr, err)
		if done.Err != nil {
			broken = append(broken, fmt.Sprintf("%s %s", done.File, done.Err))
		}
	})
	if err == nil && len(broken) > 0 {
		err = errors.New(strings.Join(broken, "; "))
	}
	return errors.Join(err, printErr)
}

func importSummary(done intake.Imported) string {
	text := fmt.Sprintf("%d taken, %d known, %d odd", done.Taken, done.Known, done.Odd)
	if done.Lost > 0 {
		text += fmt.Sprintf(" (%d of them not kept: no run with a runId)", done.Lost)
	}
	if done.Foreign > 0 {
		text += fmt.Sprintf("; %d name another factory in their id and were taken as this one's", done.Foreign)
	}
	return text
}

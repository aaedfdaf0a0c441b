// Command andon is the board of every Azure Data Factory pipeline run.
//
// This package holds flags and exit codes, nothing else: 0 for done, 1 for a
// failure, 2 for a command that was typed wrong, 3 for a part that was done. What it prints on standard
// output is data; logs and errors go to standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

const (
	exitFailure = 1
	exitUsage   = 2
	exitPartly  = 3
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line. The first SIGINT or SIGTERM asks the command
// to end, a second one ends the process at once.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // restores the default, so a second signal kills

	restrictFiles()
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	name := "andon"
	if cmd != nil {
		name = cmd.CommandPath()
	}
	text, code := fmt.Sprintf("%s: %s\n", name, err), exitFailure
	if _, ok := errors.AsType[usageError](err); ok {
		text, code = text+"See: "+name+" --help\n", exitUsage
	}
	if _, ok := errors.AsType[partialError](err); ok {
		code = exitPartly
	}
	_, _ = io.WriteString(stderr, text) // nobody is left to hear of an error here
	return code
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "andon",
		Short: "The board of every Azure Data Factory pipeline run",
		Long: "Andon shows the status of every pipeline run in every Azure Data Factory that an\n" +
			"identity may read, with history that outlives ADF's own 45 days.\n\n" +
			"Try it without an account: andon demo",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageErrorf("unknown command %q; the commands are %s", args[0], strings.Join(commandNames(), ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newDemoCommand(), newServeCommand(), newDoctorCommand(), newSetupCommand(), newEmulateCommand(), newImportCommand(), newCollectCommand(),
		newRunsCommand(), newRunCommand(), newVersionCommand(),
	)
	return root
}

func commandNames() []string {
	return []string{"demo", "serve", "doctor", "setup", "emulate", "import", "collect", "runs", "run", "version"}
}

// usageError marks an error as a mistake in the command line, which exits
// with 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// partialError says that a part was done and another was not, which exits with 3.
type partialError struct{ error }

func (e partialError) Unwrap() error { return e.error }

// usageErrorf returns an error that ends the program with exit code 2.
func usageErrorf(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// noArgs refuses arguments by name.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("%q is not expected: %s takes flags only; %s", args[0], cmd.CommandPath(), flagsOf(cmd))
	}
	return nil
}

// newLogger logs to standard error: text for a person, JSON for a collector.
func newLogger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usageErrorf("--log-level: %q is not a level: debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: l}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		return slog.New(slog.NewTextHandler(w, options)), nil
	}
	return slog.New(slog.NewJSONHandler(w, options)), nil
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

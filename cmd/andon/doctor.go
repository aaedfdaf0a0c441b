package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"andon/internal/app"
	"andon/internal/config"
	"andon/internal/doctor"
)

// errUnwell ends a command whose report has said what failed.
var errUnwell = errors.New("something failed: the report says what mends it")

func newDoctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Try every link from the settings to Azure's answers, and say what mends the broken ones",
		Long: "Walks the chain: settings, the way to Entra ID and to Resource Manager, token,\n" +
			"subscriptions, factories, one request of each kind to each factory, this machine's\n" +
			"clock, and the store. For each broken link it prints the cause, what shows it, and\n" +
			"the command that mends it; what lies behind a broken link is not reached. It\n" +
			"changes nothing. It exits with 1 if anything failed.\n\n" +
			"The settings are those of andon serve: the same flags, environment and file.",
		Example: "  andon doctor\n  andon doctor --config andon.yaml --json",
		Args:    noArgs,
	}
	f := cmd.Flags()
	file := f.String("config", "", "file with settings, such as andon.yaml")
	f.StringArray("factory", nil, "try this factory, no discovery: resource id, Studio or portal address, or subscription/resourceGroup/name; repeatable (ANDON_FACTORIES)")
	f.String("store", config.DefaultStore, "where history is kept: sqlite:PATH (ANDON_STORE)")
	all := f.Bool("all", false, "try every factory that is seen, not the first three")
	asJSON := f.Bool("json", false, "print one JSON document with the same content")
	limit := f.Duration("timeout", doctor.DefaultStepTime, "how long one step may take")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *limit <= 0 {
			return usageErrorf("--timeout: %s is not allowed: more than 0", *limit)
		}
		given := givenFlags(cmd)
		for _, own := range []string{"config", "all", "json", "timeout"} {
			delete(given, own)
		}
		options := app.DoctorOptions{Options: doctor.Options{StepTime: *limit, Most: most(*all)}}
		report, err := examine(cmd, config.Input{File: *file, Flags: given, Env: os.Getenv}, options)
		if err != nil {
			return err
		}
		return printReport(cmd, report, *asJSON)
	}
	return cmd
}

func most(all bool) int {
	if all {
		return -1
	}
	return doctor.DefaultMost
}

// examine loads the settings and has them tried. Settings that can't be read
// are the first link of the chain, and what was typed wrongly is the typing
// person's.
func examine(cmd *cobra.Command, in config.Input, d app.DoctorOptions) (doctor.Report, error) {
	c, err := config.Load(in)
	if err != nil && strings.HasPrefix(err.Error(), "--") {
		return doctor.Report{}, usageError{err}
	}
	if err != nil {
		report := doctor.Report{
			CheckedAt: time.Now().UTC().Truncate(time.Second), Sources: []doctor.SourceReport{},
			Settings: []doctor.Step{{Step: doctor.StepSettings, Status: doctor.Failed, What: err.Error(), Advice: "correct it; andon setup prints what makes an identity and gives it its rights"}},
		}
		if !d.SkipStore {
			address := cmp.Or(lastOf(in.Flags["store"]), in.Env("ANDON_STORE"), config.DefaultStore)
			store := doctor.CheckStore(cmd.Context(), address, d.Options)
			report.Store = &store
		}
		report.Finish()
		return report, nil
	}
	v, _ := buildVersion()
	return app.Doctor(cmd.Context(), app.Options{Config: c, Version: v, Logger: slog.New(slog.DiscardHandler)}, d), nil
}

func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

func printReport(cmd *cobra.Command, report doctor.Report, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(report); err != nil {
			return err
		}
	} else if err := report.WriteText(cmd.OutOrStdout()); err != nil {
		return err
	}
	if report.Status == doctor.Failed {
		return errUnwell
	}
	return nil
}

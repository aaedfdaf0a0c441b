package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"andon/internal/emulator"
)

// emulatorStop is how long answers under way may take after the command was
// asked to end.
const emulatorStop = 5 * time.Second

func newEmulateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "emulate",
		Short: "Emulate Entra ID and Data Factory on loopback, for other tools",
		Long: "Answers on loopback as Microsoft Entra ID, Resource Manager and Data Factory do,\n" +
			"over a made-up company whose pipelines go on running, and prints what a client\n" +
			"must export to reach it: under Azure's own host names through the proxy, or as a\n" +
			"custom cloud. Ctrl-C ends it.\n\n" +
			"The control listener tells the truth (GET /truth/runs, /truth/requests), starts\n" +
			"runs (POST /truth/runs), moves the clock (POST /clock), breaks things\n" +
			"(POST /faults), and changes secrets, rights and the life of tokens (/identities,\n" +
			"/roles/assignments, /tokens).\n\n" +
			"Scenarios, each of them the same for the same --seed:\n" + scenarioList(),
		Example: "  andon emulate > azure.env &\n  . ./azure.env && andon serve",
		Args:    noArgs,
	}
	f := cmd.Flags()
	var o emulator.Options
	f.StringVar(&o.Listen, "listen", emulator.DefaultListen, "https address of Entra ID and Resource Manager; loopback only, port 0 picks a free one")
	f.StringVar(&o.ProxyListen, "proxy-listen", emulator.DefaultProxyListen, "address of the CONNECT proxy for Azure's host names")
	f.StringVar(&o.ControlListen, "control-listen", emulator.DefaultControlListen, "http address of truth, clock and faults")
	f.StringVar(&o.CAOut, "ca-out", "", "file for the CA certificate (default: in a temporary folder)")
	f.Int64Var(&o.Seed, "seed", 1, "which company: the same number gives the same one")
	f.IntVar(&o.Size, "size", emulator.DefaultSize, "runs of history")
	f.Float64Var(&o.Speed, "speed", emulator.DefaultSpeed, "how fast the company lives; 1 is real time")
	f.StringVar(&o.Scenario, "scenario", emulator.DefaultScenario, "which kind of company: "+scenarioNames())
	f.StringVar(&o.Limits, "limits", emulator.DefaultLimits, "request budgets: real, off, or a number of times the real ones")
	f.DurationVar(&o.TokenLife, "token-life", emulator.DefaultTokenLife, "how long access tokens are valid, in real time; seconds try a client's renewal")
	f.StringVar(&o.QueryRight, "query-right", emulator.DefaultQueryRight, "right that run queries are checked for: action, which Reader lacks, or read, which it holds; Microsoft's sources differ")
	f.BoolVar(&o.Strict, "strict", false, "refuse run queries without both bounds of their window, which the specification requires and Microsoft's quickstart leaves out")
	asJSON := f.Bool("json", false, "print one JSON object instead of shell lines")
	level := f.String("log-level", "warn", "debug, info, warn or error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if o.Logger, err = newLogger(cmd.ErrOrStderr(), *level); err != nil {
			return err
		}
		if o.Size < 1 || o.Speed == 0 {
			return usageErrorf("--size must be 1 or more, --speed more than 0")
		}
		emu, err := emulator.New(o)
		if err != nil {
			return usageError{err}
		}
		if err := emu.Start(cmd.Context()); err != nil {
			return err
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), emulatorStop)
			defer cancel()
			err = errors.Join(err, emu.Stop(ctx))
		}()
		if err := printInfo(cmd.OutOrStdout(), emu.Info(), *asJSON); err != nil {
			return err
		}
		<-cmd.Context().Done()
		return nil
	}
	return cmd
}

func scenarioNames() string {
	var names []string
	for _, s := range emulator.Scenarios() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// scenarioList is a paragraph for each scenario, its name before what it is.
func scenarioList() string {
	const indent, width = 11, 84
	var lines []string
	for _, s := range emulator.Scenarios() {
		line := "  " + s.Name
		for word := range strings.FieldsSeq(s.What) {
			if len(line)+1+len(word) > width {
				lines = append(lines, line)
				line = ""
			}
			line += strings.Repeat(" ", max(1, indent-len(line))) + word
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func printInfo(w io.Writer, info emulator.Info, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(w, info.Exports())
		return err
	}
	line, err := json.Marshal(info) //nolint:gosec // the secret is made up, and printing it is what the command is for
	if err != nil {
		return fmt.Errorf("encode how to reach the emulator: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
)

// runDetail is what the terminal shows of one run.
type runDetail struct {
	runRow
	FactoryID  string          `json:"factoryId"`
	Parameters json.RawMessage `json:"parameters"`
	StudioURL  string          `json:"studioUrl"`
	AlsoIn     []struct {
		Factory string `json:"factory"`
	} `json:"alsoIn"`
}

type activityList struct {
	Items []struct {
		ActivityName  string          `json:"activityName"`
		ActivityType  string          `json:"activityType"`
		Status        string          `json:"status"`
		ActivityStart *string         `json:"activityRunStart"`
		DurationInMs  *int64          `json:"durationInMs"`
		Error         json.RawMessage `json:"error"`
	} `json:"items"`
	State  string  `json:"state"`
	Reason *string `json:"reason"`
}

func newRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run RUNID",
		Short: "Show one pipeline run, whole, in the terminal",
		Long:  "Shows the facts of one run, its whole message, its parameters and its activities.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageErrorf("one runId is expected, not %d arguments", len(args))
			}
			return nil
		},
	}
	var find boardFlags
	find.add(cmd)
	factory := cmd.Flags().String("factory", "", "factory's short id, where the same runId stands in two")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := find.check(); err != nil {
			return err
		}
		b, err := find.open(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.close()) }()
		query := url.Values{}
		if *factory != "" {
			query.Set("factory", *factory)
		}
		path := "/api/v1/runs/" + url.PathEscape(args[0])
		raw, err := b.get(cmd.Context(), path, query)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		switch find.output {
		case "json":
			_, err = fmt.Fprintf(out, "%s\n", strings.TrimSpace(string(raw)))
			return err
		case "csv":
			w := newRunWriter("csv", out)
			return errors.Join(w.row(raw), w.end(nil, false))
		}
		activities, err := b.get(cmd.Context(), path+"/activities", query)
		if err != nil {
			return err
		}
		return printRun(out, raw, activities)
	}
	return cmd
}

func printRun(w io.Writer, raw, rawActivities []byte) error {
	var r runDetail
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("the answer is not a run: %w", err)
	}
	var acts activityList
	if err := json.Unmarshal(rawActivities, &acts); err != nil {
		return fmt.Errorf("the answer is not a list of activities: %w", err)
	}
	t := &tableRuns{colour: colourful(w)}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s in %s\n\n", t.status(r.runRow), printable(r.PipelineName), printable(r.FactoryName))
	facts := [][2]string{
		{"Run", r.RunID},
		{"Started", r.start()},
		{"Ended", text(r.RunEnd)},
		{"Duration", r.duration()},
		{"Invoked by", r.invoker()},
		{"Run group", text(r.RunGroupID)},
		{"Healed by", text(r.HealedBy)},
		{"Factory", r.FactoryID},
		{"Studio", r.StudioURL},
	}
	for _, other := range r.AlsoIn {
		facts = append(facts, [2]string{"Also in", other.Factory})
	}
	for _, f := range facts {
		if f[1] != "" {
			fmt.Fprintf(&b, "%-12s%s\n", f[0], printable(f[1]))
		}
	}
	if m := text(r.Message); m != "" {
		fmt.Fprintf(&b, "\nMessage\n%s\n", printable(m))
	}
	if p := string(r.Parameters); p != "" && p != "null" && p != "{}" {
		fmt.Fprintf(&b, "\nParameters\n%s\n", printable(p))
	}
	b.WriteString("\nActivities")
	if acts.Reason != nil {
		fmt.Fprintf(&b, " (%s)", printable(*acts.Reason))
	}
	b.WriteString("\n")
	for _, a := range acts.Items {
		row := runRow{Status: a.Status, RunStart: a.ActivityStart, DurationInMs: a.DurationInMs, Open: true}
		fmt.Fprintf(&b, "%s %-36s  %-20s  %-20s %10s  %s\n", t.status(row), cut(a.ActivityName, 36), cut(a.ActivityType, 20),
			row.start(), row.duration(), cut(errorMessage(a.Error), 120))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// errorMessage returns the text of an activity's error object. Success has
// such an object too, with empty strings.
func errorMessage(raw json.RawMessage) string {
	var e struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &e) != nil {
		return "" // an odd error object has no message to show
	}
	return e.Message
}

// printable drops the control characters that a terminal would obey; lines
// and tabs stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

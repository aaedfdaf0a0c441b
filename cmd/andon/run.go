package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// runDetail is what the terminal shows of one run.
type runDetail struct {
	runRow
	FactoryID      string   `json:"factoryId"`
	RecoveryReason *string  `json:"recoveryReason"`
	WorksSince     *runLink `json:"worksSince"`
	StudioURL      string   `json:"studioUrl"`
	AlsoIn         []struct {
		Factory string `json:"factory"`
	} `json:"alsoIn"`
}

type activityList struct {
	Items []struct {
		ActivityName  string  `json:"activityName"`
		ActivityType  string  `json:"activityType"`
		Status        string  `json:"status"`
		ActivityStart *string `json:"activityRunStart"`
		DurationInMs  *int64  `json:"durationInMs"`
		Cause         *cause  `json:"cause"`
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
			_, err = fmt.Fprintln(out, printableJSON(bytes.TrimSpace(raw)))
			return err
		case "csv":
			w := newRunWriter("csv", out)
			return errors.Join(w.row(raw), w.end(listEnd{}))
		}
		activities, err := b.get(cmd.Context(), path+"/activities", query)
		if err != nil {
			return err
		}
		return printRun(out, raw, activities)
	}
	return cmd
}

// parent returns the runId of the run that started it, "" for none.
func (r runRow) parent() string {
	if r.InvokedBy == nil {
		return ""
	}
	return text(r.InvokedBy.PipelineRunID)
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
	facts := [][2]string{{"Run", r.RunID}}
	facts = append(facts, r.Cause.facts()...)
	facts = append(facts, [][2]string{
		{"Started", r.start()},
		{"Ended", text(r.RunEnd)},
		{"Duration", r.duration()},
		{"Invoked by", r.invoker()},
		{"Parent", r.parent()},
		{"Run group", text(r.RunGroupID)},
		{"Recovery", r.recoverySentence()},
		{"Factory", r.FactoryID},
		{"Studio", r.StudioURL},
	}...)
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
		row := runRow{Status: a.Status, RunStart: a.ActivityStart, DurationInMs: a.DurationInMs}
		fmt.Fprintf(&b, "%s %-36s  %-20s  %-20s %10s  %s\n", t.status(row), cut(a.ActivityName, 36), cut(a.ActivityType, 20),
			row.start(), row.duration(), cut(a.Cause.sentence(), 120))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// recoverySentence says what became of a failed run, "" for any other.
func (r runDetail) recoverySentence() string {
	if r.Recovery == nil {
		return text(r.RecoveryReason)
	}
	switch r.Recovery.State {
	case "recovered":
		return fmt.Sprintf("recovered by run %s (%s)", r.recoveredBy(), text(r.Recovery.Rule))
	case "notRedone":
		if r.WorksSince != nil {
			return fmt.Sprintf("not redone; run %s of its series succeeded later", r.WorksSince.RunID)
		}
		return "not redone; later runs of its series succeeded"
	}
	if r.Recovery.Running != nil {
		return fmt.Sprintf("open; being rerun since %s by run %s", text(r.Recovery.Running.RunStart), r.Recovery.Running.RunID)
	}
	return "open"
}

// facts are the lines that say why a run failed; none for a run that did not.
func (c *cause) facts() [][2]string {
	if c == nil {
		return nil
	}
	code := text(c.Code)
	if kind := text(c.FailureType); code != "" && kind != "" {
		code += ", " + kind
	} else if code == "" {
		code = kind
	}
	return [][2]string{{"Why", c.sentence()}, {"Activity", text(c.Activity)}, {"Error code", code}, {"Child run", text(c.ChildRunID)}}
}

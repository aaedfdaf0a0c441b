package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// maxPage is the largest page the API gives.
const maxPage = 500

// runRow is what the terminal shows of the API's run row.
type runRow struct {
	RunID        string  `json:"runId"`
	Factory      string  `json:"factory"`
	FactoryName  string  `json:"factoryName"`
	PipelineName string  `json:"pipelineName"`
	Status       string  `json:"status"`
	EndUnknown   *string `json:"endUnknown"`
	RunStart     *string `json:"runStart"`
	RunEnd       *string `json:"runEnd"`
	DurationInMs *int64  `json:"durationInMs"`
	Message      *string `json:"message"`
	Cause        *cause  `json:"cause"`
	LastUpdated  *string `json:"lastUpdated"`
	RunGroupID   *string `json:"runGroupId"`
	IsLatest     bool    `json:"isLatest"`
	StartedBy    *string `json:"startedBy"`
	Recovery     *struct {
		State   string   `json:"state"`
		Rule    *string  `json:"rule"`
		By      *runLink `json:"by"`
		Running *runLink `json:"running"`
	} `json:"recovery"`
	Parameters json.RawMessage `json:"parameters"` // only where they were asked for
	InvokedBy  *struct {
		InvokedByType *string `json:"invokedByType"`
		PipelineRunID *string `json:"pipelineRunId"`
	} `json:"invokedBy"`
}

type runLink struct {
	RunID    string  `json:"runId"`
	RunStart *string `json:"runStart"`
	RunEnd   *string `json:"runEnd"`
}

// recovery returns the state of a failed run, "" for any other and for one
// whose recovery is being derived.
func (r runRow) recovery() string {
	if r.Recovery == nil {
		return ""
	}
	return r.Recovery.State
}

func (r runRow) recoveredBy() string {
	if r.Recovery == nil || r.Recovery.By == nil {
		return ""
	}
	return r.Recovery.By.RunID
}

// cause is why a run or an activity failed, as the server says it. Text is nil
// where the message says nothing, and Reason is set then.
type cause struct {
	Text        *string `json:"text"`
	Reason      *string `json:"reason"`
	Code        *string `json:"code"`
	FailureType *string `json:"failureType"`
	Activity    *string `json:"activity"`
	ChildRunID  *string `json:"childRunId"`
}

// sentence returns the text, or why there is none; "" for what did not fail.
func (c *cause) sentence() string {
	switch {
	case c == nil:
		return ""
	case c.Text != nil:
		return *c.Text
	default:
		return text(c.Reason)
	}
}

type runList struct {
	Items      []json.RawMessage `json:"items"`
	NextCursor *string           `json:"nextCursor"`
	AsOf       *string           `json:"asOf"`
	Basis      struct {
		Reason *string `json:"reason"`
		Limits []struct {
			Kind   string  `json:"kind"`
			Reason string  `json:"reason"`
			Since  *string `json:"since"`
		} `json:"limits"`
	} `json:"basis"`
}

// limits says in one line what limits the list; "" when nothing does.
func (l *runList) limits() string {
	parts := make([]string, 0, len(l.Basis.Limits))
	for _, limit := range l.Basis.Limits {
		part := limit.Reason
		switch {
		case limit.Since == nil:
		case limit.Kind == "beforeHistory":
			part += " (history begins at " + *limit.Since + ")"
		default:
			part += " (no data since " + *limit.Since + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

func newRunsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List pipeline runs in the terminal",
		Long: "Lists pipeline runs, newest first, from a running andon or from a store. The\n" +
			"filters are those of the API's /api/v1/runs: repeated, they mean \"or\". Where more\n" +
			"runs match than --limit allows, standard error says so.",
		Example: "  andon runs --status Failed --open\n  andon runs --from 24h --pipeline pl_load_orders -o csv\n" +
			"  andon runs --recovery notRedone --limit 0 -o csv   # what has to be run again, with its parameters",
		Args: noArgs,
	}
	var find boardFlags
	find.add(cmd)
	f := cmd.Flags()
	for _, flag := range []struct{ name, help string }{
		{"status", "status as ADF spells it; repeatable"},
		{"factory", "factory's short id; repeatable"},
		{"pipeline", "pipeline's name; repeatable"},
		{"trigger", "trigger's name; repeatable"},
		{"invoked-by", "invokedByType, or name of a trigger or a parent pipeline; repeatable"},
		{"annotation", "annotation of the pipeline; repeatable"},
		{"recovery", "failed runs by what became of them: open, notRedone or recovered; repeatable"},
	} {
		f.StringArray(flag.name, nil, flag.help)
	}
	f.String("from", "", "only runs started since: a time, or how long ago (24h)")
	f.String("to", "", "only runs started before: a time, or how long ago (1h)")
	f.Bool("open", false, "the same as --recovery open; --open=false for all other runs")
	f.Bool("latest", false, "only the latest run of each run group")
	f.String("min-duration", "", "only runs that took at least this long (90s, 5m, or milliseconds)")
	f.String("q", "", "words of the message, part of the pipeline's name, or start of a runId")
	f.String("sort", "", "-runStart, runStart, -durationInMs or durationInMs")
	limit := f.Int("limit", 50, "how many runs at the most; 0 means all")
	parameters := f.Bool("parameters", false, "with the parameters (json and csv output; csv with --recovery has them anyway)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if err := find.check(); err != nil {
			return err
		}
		if *limit < 0 {
			return usageErrorf("--limit: %d is not a number of runs: 1 or more, or 0 for all", *limit)
		}
		query, err := runsQuery(givenFlags(cmd), time.Now())
		if err != nil {
			return err
		}
		if *parameters || find.output == "csv" && query.Has("recovery") {
			query.Set("include", "parameters")
		}
		b, err := find.open(cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.close()) }()
		list, err := printRuns(cmd.Context(), b, query, *limit, newRunWriter(find.output, cmd.OutOrStdout()))
		// Beside the rows, so that what reads json or csv is not disturbed.
		if list.limits != "" {
			cmd.PrintErrln("The list may lack runs: " + list.limits + ".")
		}
		if list.more {
			verb := map[bool]string{true: "is", false: "are"}[list.rows == 1]
			cmd.PrintErrf("Only %s %s listed; there are more. To list all: --limit 0.\n", firstRuns(list.rows), verb)
		}
		return err
	}
	return cmd
}

// runsQuery turns the flags that were given into the API's parameters.
func runsQuery(given map[string][]string, now time.Time) (url.Values, error) {
	query := url.Values{}
	for flag, parameter := range map[string]string{
		"status": "status", "factory": "factory", "pipeline": "pipeline", "trigger": "trigger",
		"invoked-by": "invokedBy", "annotation": "annotation", "recovery": "recovery", "open": "open",
		"min-duration": "minDuration", "q": "q", "sort": "sort",
	} {
		if values := given[flag]; len(values) > 0 {
			query[parameter] = values
		}
	}
	if v := given["latest"]; len(v) > 0 && v[0] == "true" {
		query.Set("group", "latest")
	}
	for _, bound := range []string{"from", "to"} {
		values := given[bound]
		if len(values) == 0 {
			continue
		}
		t, err := parseMoment(values[0], now)
		if err != nil {
			return nil, usageErrorf("--%s: %s", bound, err)
		}
		query.Set(bound, t.UTC().Format(time.RFC3339Nano))
	}
	return query, nil
}

// parseMoment reads a time, a day (its begin, UTC) or how long ago.
func parseMoment(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a time (2026-11-24T02:00:00Z), a day (2026-11-24) nor how long ago (24h)", s)
}

// printedRuns is what a printed list does not say in its rows.
type printedRuns struct {
	rows   int
	limits string // why runs may be missing; "" when nothing limits the list
	more   bool   // further runs match
}

// printRuns pages through the answer until limit rows are written, 0 meaning
// all.
func printRuns(ctx context.Context, b *board, query url.Values, limit int, w runWriter) (printedRuns, error) {
	var out printedRuns
	for {
		size := maxPage
		if limit > 0 {
			size = min(maxPage, limit-out.rows)
		}
		query.Set("limit", strconv.Itoa(size))
		body, err := b.get(ctx, "/api/v1/runs", query)
		if err != nil {
			return out, err
		}
		var page runList
		if err := json.Unmarshal(body, &page); err != nil {
			return out, fmt.Errorf("the answer of %s is not a list of runs: %w", b.base, err)
		}
		for _, raw := range page.Items {
			if err := w.row(raw); err != nil {
				return out, err
			}
		}
		out.limits = page.limits()
		out.rows += len(page.Items)
		if page.NextCursor == nil || limit > 0 && out.rows >= limit {
			out.more = page.NextCursor != nil
			return out, w.end(listEnd{asOf: page.AsOf, limited: out.limits != "", more: out.more})
		}
		query.Set("cursor", *page.NextCursor)
	}
}

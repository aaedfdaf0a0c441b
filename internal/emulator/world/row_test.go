package world_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/emulator/world"
)

// stamp prints as the service does: UTC, up to seven digits of a second, trailing zeros trimmed.
type stamp time.Time

func (s stamp) MarshalJSON() ([]byte, error) {
	return time.Time(s).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.9999999Z"`), nil
}

// reference is a row as encoding/json writes it: the members of recorded answers in their order.
type reference struct {
	ID                  string          `json:"id"`
	RunID               string          `json:"runId"`
	DebugRunID          *string         `json:"debugRunId"`
	RunGroupID          string          `json:"runGroupId"`
	PipelineName        string          `json:"pipelineName"`
	Parameters          json.RawMessage `json:"parameters"`
	InvokedBy           invoker         `json:"invokedBy"`
	RunStart            stamp           `json:"runStart"`
	RunEnd              *stamp          `json:"runEnd"`
	DurationInMs        *int64          `json:"durationInMs"`
	Status              string          `json:"status"`
	Message             *string         `json:"message"`
	PipelineReturnValue json.RawMessage `json:"pipelineReturnValue"`
	LastUpdated         stamp           `json:"lastUpdated"`
	Annotations         []string        `json:"annotations"`
	RunDimension        json.RawMessage `json:"runDimension"`
	IsLatest            bool            `json:"isLatest"`
}

type invoker struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	InvokedByType string `json:"invokedByType"`
	PipelineName  string `json:"pipelineName,omitempty"`
	PipelineRunID string `json:"pipelineRunId,omitempty"`
}

func referenceRow(r *world.Run, s world.RunState) ([]byte, error) {
	row := reference{
		ID: r.ID(), RunID: r.RunID(), RunGroupID: r.RunGroupID(), PipelineName: r.PipelineName(), Parameters: r.Parameters(), InvokedBy: invoker(r.InvokedBy()),
		RunStart: stamp(r.RunStart()), RunEnd: (*stamp)(s.RunEnd), DurationInMs: s.DurationInMs, Status: s.Status, Message: s.Message,
		PipelineReturnValue: s.PipelineReturnValue, LastUpdated: stamp(s.LastUpdated), Annotations: r.Annotations(), RunDimension: r.RunDimension(), IsLatest: s.IsLatest,
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(row)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func checkRow(r *world.Run, when time.Time) error {
	s := r.At(when)
	want, err := referenceRow(r, s)
	if err != nil {
		return err
	}
	if got := r.AppendRow(nil, &s); !bytes.Equal(got, want) {
		return fmt.Errorf("the row is\n%s\nencoding/json writes\n%s", got, want)
	}
	return nil
}

func TestRowsAreWhatEncodingJSONWrites(t *testing.T) {
	t.Parallel()
	for _, scenario := range []string{"default", "bank"} {
		w := newScenario(t, scenario, 4, 20_000)
		for _, r := range allRuns(w) {
			if err := checkRow(r, worldStart()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRowsOfAnyTimeAndMessageAreWhatEncodingJSONWrites(t *testing.T) {
	t.Parallel()
	w := newScenario(t, "default", 5, 3000)
	runs := allRuns(w)
	f := w.Factories()[0]
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(runs).Draw(t, "run")
		after := rapid.Int64Range(0, int64(r.SettledAt().Sub(r.RunStart()))*5/4).Draw(t, "after")
		if err := checkRow(r, r.RunStart().Add(time.Duration(after))); err != nil {
			t.Fatal(err)
		}
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		pipeline := "p" + text.Draw(t, "pipeline")
		status := rapid.SampledFrom([]string{world.StatusFailed, world.StatusCancelled, world.StatusSucceeded}).Draw(t, "status")
		scripted, err := w.StartRun(f, pipeline, status, text.Draw(t, "message"), rapid.Int64Range(0, 10_000).Draw(t, "ms"))
		if err != nil {
			t.Fatal(err)
		}
		for _, when := range []time.Time{scripted.RunStart(), scripted.SettledAt()} {
			if err := checkRow(scripted, when); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkRow(b *testing.B) {
	runs := allRuns(newWorld(b, 1, 20_000))
	var row []byte
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r := runs[n%len(runs)]
		n++
		s := r.At(worldStart())
		row = r.AppendRow(row[:0], &s)
	}
}

package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/adf"
	"andon/internal/store"
)

// TimelineParams are the parameters of the timeline.
type TimelineParams struct {
	RangeParams
	Bucket   string   `query:"bucket" enum:"5m,15m,1h,1d,1w" doc:"Width of a bucket; without it the smallest that gives at most 120 buckets."`
	Factory  []string `query:"factory,explode" nullable:"false" doc:"Short ids of factories."`
	Pipeline []string `query:"pipeline,explode" nullable:"false" doc:"Names of pipelines, whole, without regard to case."`
}

// TimelineBucket is one stretch of a timeline.
type TimelineBucket struct {
	Start     Time             `json:"start" doc:"Where it begins."`
	End       Time             `json:"end" doc:"Where it ends; runs that start then belong to the next bucket."`
	Counts    map[string]int64 `json:"counts" nullable:"true" doc:"Runs by status; statuses that do not occur are left out. Null where covered is no."`
	Open      *int64           `json:"open" doc:"Open failed runs; null where covered is no."`
	NotRedone *int64           `json:"notRedone" doc:"Failed runs that are not redone; null where covered is no."`
	Recovered *int64           `json:"recovered" doc:"Failed runs that have recovered; null where covered is no."`
	Underived *int64           `json:"underived" doc:"Failed runs whose recovery is being derived: open, notRedone and recovered leave them out. Null where covered is no."`
	Covered   string           `json:"covered" enum:"yes,partly,no" doc:"How much of its history is here."`
}

// Timeline is the number of runs by status over time.
type Timeline struct {
	From   Time             `json:"from" doc:"Where it begins."`
	To     Time             `json:"to" doc:"Where it ends."`
	Bucket string           `json:"bucket" enum:"5m,15m,1h,1d,1w" doc:"Width of a bucket."`
	AsOf   NullTime         `json:"asOf" doc:"Oldest freshness of the factories asked for that were read and that Azure lists; null when none was."`
	Basis  Basis            `json:"basis" doc:"What all figures here rest on."`
	Items  []TimelineBucket `json:"items" nullable:"false" doc:"The buckets, oldest first, aligned to UTC, weeks to Monday; the first and last are cut to the range."`
}

// bucketWidths returns the words of the bucket parameter and what they mean.
func bucketWidths() map[string]time.Duration {
	return map[string]time.Duration{
		"5m": 5 * time.Minute, "15m": 15 * time.Minute, "1h": time.Hour, "1d": 24 * time.Hour, "1w": 7 * 24 * time.Hour,
	}
}

func (a *board) registerTimeline() {
	register(a, huma.Operation{
		OperationID: "timeline", Path: "/api/v1/timeline", Tags: []string{"overview"},
		Summary:     "Count runs by status over time",
		Description: "Without from and to the last 24 hours. At most 2,000 buckets.",
	}, a.timeline)
}

func (a *board) timeline(ctx context.Context, in *TimelineParams) (Timeline, error) {
	var r reader
	from, to := a.lastDay(&r, &in.RangeParams)
	width := bucketWidths()[r.oneOf("bucket", in.Bucket, "5m", "15m", "1h", "1d", "1w")]
	if err := r.err(); err != nil {
		return Timeline{}, err
	}
	basis, err := a.basis(ctx, from, to, in.Factory) // before the runs: see listRuns
	if err != nil {
		return Timeline{}, err
	}
	t, err := a.store.Timeline(ctx, store.TimelineQuery{From: from, To: to, Bucket: width, Factories: in.Factory, Pipelines: in.Pipeline})
	if err != nil {
		return Timeline{}, err
	}
	out := Timeline{From: Time(t.From), To: Time(t.To), Bucket: bucketWord(t.Bucket), AsOf: NullTime(t.AsOf), Basis: basis, Items: make([]TimelineBucket, len(t.Items))}
	var ran int64
	for i, b := range t.Items {
		out.Items[i] = TimelineBucket{Start: Time(b.Start), End: Time(b.End), Covered: string(b.Covered)}
		if b.Covered != store.CoveredNo {
			it := &out.Items[i]
			it.Counts, it.Open, it.NotRedone, it.Recovered, it.Underived = counts(b.Counts), &b.Open, &b.NotRedone, &b.Recovered, &b.Underived
		}
		ran += total(b.Counts)
	}
	if len(in.Pipeline) == 0 {
		out.Basis.ran(ran)
	}
	return out, nil
}

func bucketWord(width time.Duration) string {
	for word, w := range bucketWidths() {
		if w == width {
			return word
		}
	}
	return width.String()
}

// lastDay reads from and to where both are needed: without them the last 24
// hours, with one of them the 24 hours that it leaves open, or until now.
func (a *board) lastDay(r *reader, in *RangeParams) (from, to adf.Time) {
	from, to = r.span(in)
	if to.IsZero() {
		to = adf.TimeOf(a.now())
	}
	if from.IsZero() {
		from = to.Add(-24 * time.Hour)
	}
	if from >= to && len(r.problems) == 0 {
		r.refuse("from", in.From, "from is not before to.", "a time before to, which is now ("+to.String()+") when it is left out")
	}
	return from, to
}

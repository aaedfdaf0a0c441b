package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/adf"
	"andon/internal/store"
)

// Factory is a factory with what is known of its collection.
type Factory struct {
	Factory        string            `json:"factory" doc:"Short id of the factory, for the factory parameter."`
	Name           string            `json:"name" doc:"Name as Azure spells it."`
	FactoryID      string            `json:"factoryId" doc:"ARM resource id."`
	SubscriptionID string            `json:"subscriptionId" doc:"Id of its subscription."`
	ResourceGroup  string            `json:"resourceGroup" doc:"Name of its resource group."`
	Location       *string           `json:"location" doc:"Azure region as Azure spells it; null when unknown."`
	Source         *string           `json:"source" doc:"Name of the source that sees it; null for a factory known from a file only."`
	Tags           map[string]string `json:"tags" doc:"Azure tags."`
	StudioURL      string            `json:"studioUrl" doc:"Address of the factory in ADF Studio."`
	State          string            `json:"state" enum:"filling,fresh,stale,refused,gone,not collected" doc:"filling: history is read for the first time, and polls are in time. fresh: the last poll was completed. stale: polls break off or are late. refused: Azure refuses, and a person has to act. gone: Azure no longer lists the factory. not collected: collecting is off for it."`
	AsOf           NullTime          `json:"asOf" doc:"Everything last updated before it is here; null before the first window was completed."`
	LagSeconds     *float64          `json:"lagSeconds" doc:"Seconds since asOf; null without one."`
	Coverage       FactoryCoverage   `json:"coverage" doc:"Which part of its history is here."`
	NeverRead      bool              `json:"neverRead" doc:"Whether nothing of it was ever read, because something keeps Andon from reading it."`
	Counts         map[string]int64  `json:"counts" nullable:"true" doc:"Runs by status, all time; statuses that do not occur are left out. Null while nothing was read or imported."`
	Runs           *int64            `json:"runs" doc:"Runs, all time; null while nothing was read or imported."`
	FirstRunStart  NullTime          `json:"firstRunStart" doc:"Start of the oldest run that is here."`
	LastRunStart   NullTime          `json:"lastRunStart" doc:"Start of the newest run that is here."`
	LastError      Null[Trouble]     `json:"lastError" doc:"What stands in the way; null when nothing does."`
	Fill           Null[FactoryFill] `json:"fill" doc:"How its history is read for the first time; null before that was planned."`
	OddRows        int64             `json:"oddRows" doc:"Rows with a field that could not be read, and rows that could not be kept."`
}

// FactoryCoverage says which part of a factory's history is here. Its times
// are times of lastUpdated.
type FactoryCoverage struct {
	From              NullTime `json:"from" doc:"Where it begins."`
	To                NullTime `json:"to" doc:"Where it ends."`
	Complete          bool     `json:"complete" doc:"Whether everything from wantedFrom to the end is here."`
	Gaps              []Gap    `json:"gaps" nullable:"false" doc:"What is missing in between, oldest first."`
	ActivitiesPending int      `json:"activitiesPending" doc:"Finished runs whose activities are still to be read."`
	WantedFrom        NullTime `json:"wantedFrom" doc:"Where it is meant to begin; null when nobody said."`
	DoneShare         *float64 `json:"doneShare" doc:"Share of the wanted time that is here, 0 to 1; null without wantedFrom."`
}

// Gap is a stretch of history that is not here.
type Gap struct {
	From Time `json:"from" doc:"Where it begins."`
	To   Time `json:"to" doc:"Where it ends."`
	// Reason is a sentence without a period.
	Reason string `json:"reason" doc:"Why it is missing."`
}

// Trouble is why something could not be read, and what to do about it.
type Trouble struct {
	Kind    string   `json:"kind" doc:"Kind of trouble, one word."`
	What    string   `json:"what" doc:"What happened."`
	Where   string   `json:"where" doc:"In which call."`
	Advice  string   `json:"advice" doc:"What to do."`
	Command *string  `json:"command" doc:"Command that mends it."`
	At      Time     `json:"at" doc:"When it happened."`
	RetryAt NullTime `json:"retryAt" doc:"When it is tried again; null when a person has to act."`
}

// Source is a tenant and identity that factories are read with.
type Source struct {
	Source        string   `json:"source" doc:"Name of the source."`
	State         string   `json:"state" enum:"ok,error,not collected" doc:"How it stands."`
	What          *string  `json:"what" doc:"What is wrong."`
	Advice        *string  `json:"advice" doc:"What to do."`
	Command       *string  `json:"command" doc:"Command that mends it."`
	At            NullTime `json:"at" doc:"When that was seen."`
	Subscriptions *int     `json:"subscriptions" doc:"Subscriptions that it sees; null when unknown."`
	RetryAt       NullTime `json:"retryAt" doc:"When its factories are listed next; null while they are being listed, and when nobody collects."`

	Credential        *string  `json:"credential" doc:"What it proves itself with, in words; null when nobody collects."`
	CredentialExpires NullTime `json:"credentialExpires" doc:"When that ends; null when nobody knows."`
	ExpiryAdvice      *string  `json:"expiryAdvice" doc:"What to do about that, from 30 days before on; null before."`
	ExpiryCommand     *string  `json:"expiryCommand" doc:"Commands that do it; null before and where there are none."`

	Pace       *string `json:"pace" doc:"Why polls come later than wanted: the budget is too small for as many factories. Null while it is not, and when nobody collects."`
	PaceAdvice *string `json:"paceAdvice" doc:"What to do about that; null while there is nothing to do."`
}

// FactoryList are all factories, and the sources they come from.
type FactoryList struct {
	Items      []Factory `json:"items" nullable:"false" doc:"The factories, by name."`
	NextCursor *string   `json:"nextCursor" doc:"Always null: the list is whole."`
	Sources    []Source  `json:"sources" nullable:"false" doc:"The sources."`
	Basis      Basis     `json:"basis" doc:"What figures over all wanted history of all factories rest on."`
	// PollSeconds is nil when nobody collects.
	PollSeconds *float64 `json:"pollSeconds" doc:"How often each factory is asked for news, in seconds; null when nobody collects."`
}

// FactoryParams name one factory.
type FactoryParams struct {
	Factory string `path:"factory" doc:"Short id of the factory."`
}

func (a *board) registerFactories() {
	register(a, huma.Operation{
		OperationID: "list-factories", Path: "/api/v1/factories", Tags: []string{"factories"},
		Summary: "List factories with freshness, coverage, counts and trouble, and their sources",
	}, a.listFactories)
	register(a, huma.Operation{
		OperationID: "get-factory", Path: "/api/v1/factories/{factory}", Tags: []string{"factories"},
		Summary: "Get one factory",
	}, a.getFactory)
}

func (a *board) listFactories(ctx context.Context, _ *struct{}) (FactoryList, error) {
	stored, err := a.store.Factories(ctx)
	if err != nil {
		return FactoryList{}, err
	}
	sources, err := a.sources(ctx)
	if err != nil {
		return FactoryList{}, err
	}
	basis, err := a.basis(ctx, 0, 0, nil)
	if err != nil {
		return FactoryList{}, err
	}
	out := FactoryList{Items: make([]Factory, len(stored)), Sources: sources, Basis: basis}
	for i := range stored {
		out.Items[i] = a.factory(&stored[i])
	}
	if a.collecting != nil {
		every := a.poll.Seconds()
		out.PollSeconds = &every
	}
	return out, nil
}

func (a *board) getFactory(ctx context.Context, in *FactoryParams) (Factory, error) {
	stored, err := a.storedFactory(ctx, in)
	if err != nil {
		return Factory{}, err
	}
	return a.factory(&stored), nil
}

func (a *board) storedFactory(ctx context.Context, in *FactoryParams) (store.Factory, error) {
	stored, err := a.store.Factory(ctx, in.Factory)
	if _, missing := errors.AsType[*store.NotFoundError](err); missing {
		return store.Factory{}, newProblem(http.StatusNotFound, "Not found",
			fmt.Sprintf("There is no factory %q. /api/v1/factories lists those there are.", clip(in.Factory)))
	}
	return stored, err
}

func (a *board) factory(f *store.Factory) Factory {
	out := Factory{
		Factory: f.Short, Name: f.Name, FactoryID: string(f.ID),
		SubscriptionID: f.ID.Subscription(), ResourceGroup: f.ID.ResourceGroup(),
		Location: orNull(f.Location), Source: orNull(f.Source), Tags: tags(f.Tags), StudioURL: a.studioURL(f.Source, f.ID, ""),
		State: string(a.stateOf(f)), AsOf: NullTime(f.AsOf), LagSeconds: a.lag(f), Coverage: a.factoryCoverage(f),
		NeverRead: a.neverRead(f), FirstRunStart: NullTime(f.FirstRun), LastRunStart: NullTime(f.LastRun),
		OddRows: f.OddRows,
	}
	if f.Runs > 0 || !f.Coverage.From.IsZero() {
		out.Counts, out.Runs = counts(f.Counts), &f.Runs
	}
	out.Fill.Value = factoryFill(f.Fill)
	out.LastError = trouble(f.LastError)
	return out
}

func trouble(t *store.Trouble) (out Null[Trouble]) {
	if t != nil {
		out.Value = &Trouble{
			Kind: t.Kind, What: t.What, Where: t.Where, Advice: t.Advice, Command: orNull(t.Command),
			At: Time(t.At), RetryAt: NullTime(t.RetryAt),
		}
	}
	return out
}

// stateOf corrects what the collector said last by what it can't say: that
// nobody collects any more, and that its last word is too old to be true.
func (a *board) stateOf(f *store.Factory) store.State {
	switch f.State {
	case store.StateGone, store.StateNotCollected:
		return f.State
	case store.StateFilling, store.StateFresh, store.StateStale, store.StateRefused:
	}
	if a.collecting == nil {
		return store.StateNotCollected
	}
	// Polls go on beside a fill. Who was never polled is not late yet.
	isKept := f.State == store.StateFresh || f.State == store.StateFilling && !f.AsOf.IsZero()
	if isKept && a.late(f) {
		return store.StateStale
	}
	return f.State
}

// azureNow returns the time by the clock that a factory's times are told by:
// ours may be wrong.
func (a *board) azureNow(f *store.Factory) adf.Time {
	now := a.now()
	if a.collecting != nil {
		now = now.Add(a.collecting.Skew(f.Short))
	}
	return adf.TimeOf(now)
}

// age returns how old what the board is as of is.
func (a *board) age(f *store.Factory) time.Duration { return a.azureNow(f).Sub(f.AsOf) }

// late reports whether several polls in a row must have been missed.
func (a *board) late(f *store.Factory) bool { return a.age(f) > max(5*a.poll, time.Minute) }

func (a *board) lag(f *store.Factory) *float64 {
	if f.AsOf.IsZero() {
		return nil
	}
	// Azure's clock may be ahead of what its last answer showed by a little.
	lag := max(0, math.Round(a.age(f).Seconds()*10)/10)
	return &lag
}

func (a *board) factoryCoverage(f *store.Factory) FactoryCoverage {
	c := &f.Coverage
	out := FactoryCoverage{
		From: NullTime(c.From), To: NullTime(c.To), Complete: c.Complete, Gaps: []Gap{},
		ActivitiesPending: c.ActivitiesPending, WantedFrom: NullTime(c.WantedFrom), DoneShare: c.DoneShare,
	}
	for _, g := range c.Gaps {
		out.Gaps = append(out.Gaps, Gap{From: Time(g.From), To: Time(g.To), Reason: a.whyMissing(f, g)})
	}
	return out
}

// azureKeeps is how long Azure shows a run (Azure Data Factory limits).
const azureKeeps = 45 * 24 * time.Hour

// whyMissing says why a gap in a factory's coverage is not filled.
func (a *board) whyMissing(f *store.Factory, gap store.Window) string {
	switch state := a.stateOf(f); {
	case a.azureNow(f).Sub(gap.To) > azureKeeps:
		return "Azure keeps 45 days, and has forgotten it"
	case state == store.StateGone:
		return "Azure no longer lists this factory"
	case state == store.StateNotCollected:
		return "collecting is off for this factory"
	case f.Fill != nil && f.Fill.Reason != "":
		return f.Fill.Reason
	case f.LastError != nil:
		return f.LastError.What
	default:
		return "it is being read"
	}
}

// tags returns Azure's tags. A value that is no string is shown as its JSON.
func tags(raw json.RawMessage) map[string]string {
	out := map[string]string{}
	var values map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &values) != nil {
		return out
	}
	for name, value := range values {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		out[name] = text
	}
	return out
}

func (a *board) sources(ctx context.Context) ([]Source, error) {
	stored, err := a.store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Source, len(stored))
	for i, s := range stored {
		out[i] = Source{
			Source: s.Source, State: s.State, What: orNull(s.What), Advice: orNull(s.Advice), Command: orNull(s.Command),
			At: NullTime(s.At), Subscriptions: s.Subscriptions,
		}
		facts := SourceFacts{}
		if a.collecting != nil {
			facts = a.collecting.Facts(s.Source)
		}
		if !facts.Known {
			// What an earlier process found is no trouble of this one.
			out[i].State, out[i].What, out[i].Advice, out[i].Command = sourceNotCollected, nil, nil, nil
			continue
		}
		out[i].RetryAt, out[i].Credential = nullTime(facts.NextTry), orNull(facts.Credential)
		out[i].CredentialExpires, out[i].ExpiryAdvice, out[i].ExpiryCommand = nullTime(facts.Expires), orNull(facts.Advice), orNull(facts.Command)
		out[i].Pace, out[i].PaceAdvice = orNull(facts.Pace), orNull(facts.PaceAdvice)
	}
	return out, nil
}

// The states of a source.
const (
	sourceOK           = "ok"
	sourceError        = "error"
	sourceNotCollected = "not collected"
)

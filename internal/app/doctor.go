package app

import (
	"context"
	"time"

	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/config"
	"andon/internal/doctor"
)

// DoctorOptions say what Doctor looks at beside what the configuration names.
type DoctorOptions struct {
	doctor.Options

	// Scopes are where factories are looked for in place of what the
	// configuration names; none leaves it at that.
	Scopes    []azure.Scope
	SkipStore bool
}

// Doctor tries every source of the configuration, one after the other, and
// the store. It changes neither Azure nor the store.
func Doctor(ctx context.Context, o Options, d DoctorOptions) doctor.Report {
	if o.Now == nil {
		o.Now = time.Now
	}
	d.Now = o.Now
	report := doctor.Report{CheckedAt: o.Now().UTC().Truncate(time.Second), Settings: []doctor.Step{}, Sources: []doctor.SourceReport{}}
	scheduler := schedulerOf(o)
	for _, src := range o.Config.Sources {
		report.Sources = append(report.Sources, examineSource(ctx, o, d, src, scheduler))
	}
	if !d.SkipStore {
		store := doctor.CheckStore(ctx, o.Config.Store, d.Options)
		report.Store = &store
	}
	report.Finish()
	return report
}

// examineSource walks the chain of one source with a client of its own.
func examineSource(ctx context.Context, o Options, d DoctorOptions, src config.Source, scheduler *budget.Scheduler) doctor.SourceReport {
	d.Now = o.Now
	s := doctor.Source{Name: src.Name, Scopes: d.Scopes, SecretExpires: src.SecretExpires}
	if len(s.Scopes) == 0 {
		for _, id := range src.Factories {
			s.Scopes = append(s.Scopes, azure.Scope{Factory: id, Subscription: id.Subscription(), ResourceGroup: id.ResourceGroup()})
		}
	}
	if s.Client, s.Err = clientOf(o, src, scheduler); s.Client != nil {
		defer s.Client.Close()
	}
	return doctor.CheckSource(ctx, s, d.Options)
}

package collector

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

// idleState is how old the state of a runtime becomes that has no states to
// go through.
const idleState = 24 * time.Hour

// toldState is when a runtime's state was told last, and for which version of
// its definition.
type toldState struct {
	etag string
	at   time.Time
}

// readRuntimes reads the integration runtimes, and the state of each. A state
// that can't be had leaves what was known of it.
func (f *factory) readRuntimes(ctx context.Context, called bool) error {
	all, err := f.azure().IntegrationRuntimes(ctx, f.place.ID)
	if err != nil {
		return err
	}
	told := map[string]toldState{}
	var list []store.RuntimeReading
	var troubles []error
	lost := len(all.Odd)
	for i := range all.Items {
		clean, ok := redacted(f, &all.Items[i], all.Items[i].Raw, adf.DecodeIntegrationRuntime)
		if !ok {
			lost++
			continue
		}
		r := store.RuntimeReading{Runtime: clean}
		key := strings.ToLower(r.Runtime.Name)
		if last, ok := f.toldStates[key]; ok && !called && isStateless(&r.Runtime) && last.etag == r.Runtime.ETag && f.now().Sub(last.at) < idleState {
			told[key] = last
			list = append(list, r)
			continue
		}
		err := f.readState(ctx, &r)
		if err != nil {
			troubles = append(troubles, err)
		}
		if r.Status != nil {
			told[key] = toldState{r.Runtime.ETag, f.now()}
		}
		list = append(list, r)
	}
	if err := f.store.PutRuntimes(ctx, f.reading(all.Asked, lost), list); err != nil {
		return err
	}
	f.toldStates = told
	return errors.Join(troubles...)
}

// isStateless reports whether a runtime goes through no states: a managed one
// does so for SSIS alone, and then its definition says which one it is in (ADF
// REST, ManagedIntegrationRuntime). Others are always online.
func isStateless(r *adf.IntegrationRuntime) bool {
	return strings.EqualFold(r.Type, adf.RuntimeManaged) && r.State == ""
}

// readState asks for the state of a runtime, and for the load of a self-hosted
// one that has a node to bear it.
func (f *factory) readState(ctx context.Context, r *store.RuntimeReading) error {
	status, asked, err := f.azure().IntegrationRuntimeStatus(ctx, f.place.ID, r.Runtime.Name)
	if err != nil {
		return unlessGone(err)
	}
	clean, ok := redacted(f, &status, status.Raw, adf.DecodeIntegrationRuntimeStatus)
	if !ok {
		return nil // nothing is left of it that could be kept
	}
	r.Status, r.StatusAsOf = &clean, adf.TimeOf(asked)
	if !strings.EqualFold(r.Runtime.Type, adf.RuntimeSelfHosted) || !hasNodeOnline(&status) {
		return nil
	}
	load, asked, err := f.azure().IntegrationRuntimeMonitoring(ctx, f.place.ID, r.Runtime.Name)
	if err != nil {
		return unlessGone(err)
	}
	if clean, ok := redacted(f, &load, load.Raw, adf.DecodeIntegrationRuntimeMonitoring); ok {
		r.Monitoring, r.MonitoringAt = &clean, adf.TimeOf(asked)
	}
	return nil
}

func hasNodeOnline(s *adf.IntegrationRuntimeStatus) bool {
	return slices.ContainsFunc(s.Nodes, func(n adf.IntegrationRuntimeNode) bool { return !strings.EqualFold(n.Status, adf.RuntimeOffline) })
}

// unlessGone passes on an error but for that of a runtime that has gone since
// it was listed.
func unlessGone(err error) error {
	if kindOf(err) == azure.KindNotFound {
		return nil
	}
	return err
}

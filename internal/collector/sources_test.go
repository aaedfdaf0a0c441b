package collector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// discovers collects what b's identity sees, and looks for new factories all
// the time.
func (b *bundle) discovers(t *testing.T) {
	t.Helper()
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "test", Client: b.client}}, Store: b.store, Poll: 200 * time.Millisecond, Discovery: 300 * time.Millisecond,
	})
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b.filled(t)
}

// known returns the factories of that name, whatever their case.
func (b *bundle) known(t *testing.T, name string) (found []store.Factory) {
	t.Helper()
	all, err := b.store.Factories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if strings.EqualFold(f.Name, name) {
			found = append(found, f)
		}
	}
	return found
}

func (b *bundle) becomes(t *testing.T, name string, want store.State) store.Factory {
	t.Helper()
	var f store.Factory
	eventually(t, name+" to be "+string(want), func() string {
		f = b.known(t, name)[0]
		if f.State != want || (f.LastError == nil) != (want == store.StateFresh) {
			return fmt.Sprintf("%s %+v", f.State, f.LastError)
		}
		return ""
	})
	return f
}

// TestAFactoryIsTakenAwayAndGivenBack: its history stays, the board says why it
// is read no more, and it is fresh again by itself, with what it did meanwhile.
func TestAFactoryIsTakenAwayAndGivenBack(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 51, Size: 300})
	id := adf.FactoryID(b.emulated.Factories[0])
	reader := b.identity(t, "on the first factory alone")
	b.client = b.clientOf(t, "test", reader.ClientID, reader.ClientSecret, budget.New(budget.Budget{Off: true}, nil))
	b.emulated.Factories = b.emulated.Factories[:1]
	b.discovers(t)
	role := map[string]any{"clientId": reader.ClientID, "role": "ADF Run Monitor", "scope": string(id)}
	for _, c := range []struct {
		state       store.State
		away, again func()
	}{
		{store.StateRefused, func() { b.control(t, http.MethodDelete, "/roles/assignments", role, nil) }, func() { b.control(t, http.MethodPost, "/roles/assignments", role, nil) }},
		{
			store.StateGone, func() {
				b.control(t, http.MethodPost, "/factories", map[string]any{"factory": id.Name(), "isGone": true}, nil)
			},
			func() { b.control(t, http.MethodPost, "/factories", map[string]any{"factory": id.Name()}, nil) },
		},
	} {
		runs := len(allRuns(t, b.store, id.Name()))
		c.away()
		f := b.becomes(t, id.Name(), c.state)
		if f.LastError.What == "" || f.LastError.Advice == "" && f.LastError.Command == "" {
			t.Errorf("%s says %+v", c.state, f.LastError)
		}
		if n := len(allRuns(t, b.store, id.Name())); n < runs {
			t.Errorf("%s: %d of %d runs are left", c.state, n, runs)
		}
		b.control(t, http.MethodPost, "/truth/runs", map[string]any{
			"factory": id.Name(), "pipelineName": "pl_meanwhile", "status": "Succeeded", "durationInMs": 100,
		}, nil)
		c.again()
		b.becomes(t, id.Name(), store.StateFresh)
		b.equalsTruth(t)
	}
}

// TestAMovedFactoryIsANewOne: its history stays where it was, which is gone,
// and the place that it moved to is read as any other.
func TestAMovedFactoryIsANewOne(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 52, Size: 300})
	id := adf.FactoryID(b.emulated.Factories[1])
	b.discovers(t)
	before := b.known(t, id.Name())[0]
	b.control(t, http.MethodPost, "/factories", map[string]any{"factory": id.Name(), "resourceGroup": "rg-elsewhere"}, nil)
	var old, moved store.Factory
	eventually(t, "the factory in two places", func() string {
		both := b.known(t, id.Name())
		if len(both) != 2 {
			return fmt.Sprintf("%d places", len(both))
		}
		for _, f := range both {
			if f.Key == before.Key {
				old = f
			} else {
				moved = f
			}
		}
		if old.State != store.StateGone || moved.State != store.StateFresh || !moved.Coverage.Complete {
			return fmt.Sprintf("old %s, moved %s %+v", old.State, moved.State, moved.LastError)
		}
		return ""
	})
	if old.Short != before.Short || moved.Short == old.Short || moved.ID.ResourceGroup() != "rg-elsewhere" || old.Runs < before.Runs || moved.Runs < before.Runs {
		t.Errorf("old %+v\nmoved %+v", old, moved)
	}
}

// TestAFactoryIsShownAsAzureSpellsIt: another case of its id is the same
// factory, whose new spelling, location and tags are taken up.
func TestAFactoryIsShownAsAzureSpellsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 53, Size: 200})
	id := adf.FactoryID(b.emulated.Factories[1])
	b.discovers(t)
	before := b.known(t, id.Name())[0]
	loud := strings.ToUpper(id.Name())
	b.control(t, http.MethodPost, "/factories", map[string]any{
		"factory": id.Name(), "name": loud, "resourceGroup": strings.ToUpper(id.ResourceGroup()), "location": "swedencentral", "tags": map[string]string{"owner": "x"},
	}, nil)
	spelled := func() string {
		all := b.known(t, id.Name())
		if len(all) != 1 {
			t.Fatalf("%d factories are known by one id", len(all))
		}
		f := all[0]
		if f.Name != loud || f.ID.Name() != loud || f.ID.ResourceGroup() != strings.ToUpper(id.ResourceGroup()) || f.Location != "swedencentral" || string(f.Tags) != `{"owner":"x"}` {
			return fmt.Sprintf("%s %s %s %s", f.Name, f.ID, f.Location, f.Tags)
		}
		if f.Short != before.Short || f.Key != before.Key || f.State != store.StateFresh {
			t.Fatalf("it was %+v and is %+v", before.Place, f)
		}
		return ""
	}
	eventually(t, "the new spelling", spelled)
	// A file that is taken in may spell it in any way.
	if _, err := b.store.PutFactory(t.Context(), adf.Factory{ID: adf.FactoryID(id.Key())}, ""); err != nil {
		t.Fatal(err)
	}
	if said := spelled(); said != "" {
		t.Errorf("after an import: %s", said)
	}
}

// TestOneTenantsOutageIsNotTheOthers: while every call of one tenant hangs, is
// refused or breaks, the other's polls go on as before.
func TestOneTenantsOutageIsNotTheOthers(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"hang", "503"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			good := &bundle{emulated: emulate(t, emulator.Options{Seed: 54, Size: 300})}
			down := &bundle{emulated: emulate(t, emulator.Options{Seed: 55, Size: 600, Scenario: "bank", TokenLife: time.Second})}
			s := newStore(t)
			good.store, down.store = s, s
			scheduler := budget.New(budget.Budget{Share: 1}, nil)
			var sources []collector.Source
			for name, b := range map[string]*bundle{"good": good, "down": down} {
				b.emulated.Factories = b.emulated.Factories[:1]
				sources = append(sources, collector.Source{
					Name: name, Client: b.clientOf(t, name, b.emulated.ClientID, b.emulated.ClientSecret, scheduler),
					Factories: []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0])},
				})
			}
			collect(t, s, sources...)
			eventually(t, "the first fill", func() string {
				for _, b := range []*bundle{good, down} {
					if f := b.known(t, b.only().Name()); len(f) == 0 || f[0].State != store.StateFresh {
						return b.only().Name()
					}
				}
				return ""
			})
			down.fault(t, map[string]any{"call": "*", "fault": fault})
			down.control(t, http.MethodDelete, "/truth/requests", nil, nil)
			eventually(t, "the outage", func() string {
				if fault != "hang" && down.requests(t).Total == 0 {
					return "unnoticed"
				}
				return ""
			})
			stuck := down.asOfOnly(t)
			for range 10 { // completed polls
				good.polled(t, good.only().Name(), good.asOfOnly(t)+1)
				if f := good.known(t, good.only().Name())[0]; f.State != store.StateFresh || f.LastError != nil {
					t.Fatalf("the good one is %s, %+v", f.State, f.LastError)
				}
			}
			// One poll may have been under way when the outage began.
			if moved := down.asOfOnly(t).Sub(stuck); moved > 2*time.Second {
				t.Errorf("the freshness of the one that is down moved by %s", moved)
			}
			down.control(t, http.MethodDelete, "/faults", nil, nil)
			if fault != "hang" { // what hangs does so for a minute
				down.becomes(t, down.only().Name(), store.StateFresh)
				down.equalsTruth(t)
			}
			good.equalsTruth(t)
		})
	}
}

func (b *bundle) only() adf.FactoryID { return adf.FactoryID(b.emulated.Factories[0]) }

func (b *bundle) asOfOnly(t *testing.T) adf.Time {
	t.Helper()
	return b.known(t, b.only().Name())[0].AsOf
}

// TestAnotherSourceTakesOverWhenTheFirstCannotSignIn, since its tenant's Entra
// ID is down.
func TestAnotherSourceTakesOverWhenTheFirstCannotSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 56, Size: 300, TokenLife: 2 * time.Second})
	b.emulated.Factories = b.emulated.Factories[:1]
	only := []adf.FactoryID{b.only()}
	scheduler := budget.New(budget.Budget{Off: true}, nil)
	monitor := b.identity(t, "holds adf run monitor everywhere")
	collect(
		t, b.store,
		collector.Source{Name: "first", Client: b.clientOf(t, "first", b.emulated.ClientID, b.emulated.ClientSecret, scheduler), Factories: only},
		collector.Source{Name: "second", Client: b.clientOf(t, "second", monitor.ClientID, monitor.ClientSecret, scheduler), Factories: only},
	)
	b.filled(t)
	loses, takesOver := b.emulated.ClientID, "second"
	if b.known(t, b.only().Name())[0].Source == "second" {
		loses, takesOver = monitor.ClientID, "first"
	}
	b.fault(t, map[string]any{"call": "token", "fault": "503", "identity": loses})
	eventually(t, "the other source", func() string {
		f := b.known(t, b.only().Name())[0]
		if f.Source != takesOver || f.State != store.StateFresh || f.LastError != nil {
			return fmt.Sprintf("%s %s %+v", f.Source, f.State, f.LastError)
		}
		return ""
	})
	b.polled(t, b.only().Name(), b.worldNow(t))
	b.equalsTruth(t)
}

// TestWhoCannotSignInClosesNothingForOthers: however often Entra ID turns one
// source away, a factory that both see is not to blame, and the other source
// is answered at once.
func TestWhoCannotSignInClosesNothingForOthers(t *testing.T) {
	t.Parallel()
	for _, rule := range []map[string]any{{"fault": "503"}, {"fault": "429", "retryAfter": "120"}} {
		t.Run(fmt.Sprint(rule["fault"]), func(t *testing.T) {
			t.Parallel()
			b := setup(t, emulator.Options{Seed: 57, Size: 50})
			scheduler := budget.New(budget.Budget{Off: true}, nil)
			monitor := b.identity(t, "holds adf run monitor everywhere")
			first := b.clientOf(t, "first", b.emulated.ClientID, b.emulated.ClientSecret, scheduler)
			second := b.clientOf(t, "second", monitor.ClientID, monitor.ClientSecret, scheduler)
			rule["call"], rule["identity"] = "token", b.emulated.ClientID
			b.fault(t, rule)
			now := b.worldNow(t)
			filter := adf.RunFilter{LastUpdatedAfter: now.Add(-time.Hour), LastUpdatedBefore: now}
			for range 6 {
				_, err := first.QueryPipelineRuns(t.Context(), b.only(), filter)
				if e, ok := errors.AsType[*azure.Error](err); !ok || e.Call != azure.TokenCall {
					t.Fatalf("not the token: %v", err)
				}
			}
			if _, err := second.QueryPipelineRuns(t.Context(), b.only(), filter); err != nil {
				t.Errorf("the other source is turned away as well: %v", err)
			}
		})
	}
}

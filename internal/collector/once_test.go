package collector_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// TestReadRangeLeavesNoStoredFactoryUnmentioned: a factory that the store holds
// and that Azure does not list is read all the same and says why it can't be: its
// role was taken away, or it is gone. A range that begins before what Azure keeps
// says where the reading began.
func TestReadRangeLeavesNoStoredFactoryUnmentioned(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 61, Size: 300})
	reader := b.identity(t, "on the first factory alone")
	client := b.clientOf(t, "test", reader.ClientID, reader.ClientSecret, budget.New(budget.Budget{Off: true}, nil))
	role := func(i int) map[string]any {
		return map[string]any{"clientId": reader.ClientID, "role": "ADF Run Monitor", "scope": b.emulated.Factories[i]}
	}
	name := func(i int) string { return adf.FactoryID(b.emulated.Factories[i]).Name() }
	for _, i := range []int{1, 2} {
		b.control(t, http.MethodPost, "/roles/assignments", role(i), nil)
	}
	asked := store.Window{From: adf.TimeOf(time.Now().AddDate(0, -6, 0)), To: adf.TimeOf(time.Now())}
	read := func() (map[string]collector.Reread, []string) {
		t.Helper()
		told := map[string]collector.Reread{}
		o := collector.Options{Sources: []collector.Source{{Name: "test", Client: client}}, Store: b.store}
		gone, err := collector.ReadRange(t.Context(), o, asked, func(p store.Place, r collector.Reread) { told[p.Name] = r })
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range gone {
			names = append(names, p.Name)
		}
		return told, names
	}

	told, gone := read()
	if len(told) != 3 || len(gone) > 0 {
		t.Fatalf("told of %v, and %v are gone", told, gone)
	}
	for factory, r := range told {
		if kept := adf.TimeOf(time.Now()).Add(-collector.DefaultHistory); r.State != collector.RereadDone || r.Window.From <= asked.From || r.Window.From > kept {
			t.Errorf("%s is %s, read from %s on, what: %s", factory, r.State, r.Window.From, r.What)
		}
	}
	b.control(t, http.MethodDelete, "/roles/assignments", role(1), nil)
	b.control(t, http.MethodPost, "/factories", map[string]any{"factory": name(2), "isGone": true}, nil)
	for range 2 { // an answer that a factory is gone changes nothing for the next time
		told, gone = read()
		if r := told[name(1)]; len(told) != 2 || told[name(0)].State != collector.RereadDone || r.State != collector.RereadFailed || !strings.Contains(r.What, "may not") {
			t.Errorf("told of %v, and of the one without a role %+v", told, r)
		}
		if !slices.Equal(gone, []string{name(2)}) {
			t.Errorf("gone are %v", gone)
		}
	}

	place := b.known(t, name(2))[0]
	if err := b.store.SetFactoryState(t.Context(), place.Key, store.FactoryState{State: store.StateGone}); err != nil {
		t.Fatal(err)
	}
	if _, gone = read(); !slices.Equal(gone, []string{name(2)}) {
		t.Errorf("a factory known to be gone is not: %v", gone)
	}
}

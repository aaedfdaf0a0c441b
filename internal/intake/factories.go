package intake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"andon/internal/adf"
	"andon/internal/store"
)

// FactoryError says that the factory of an import can't be told.
type FactoryError struct{ Problem string }

func (e *FactoryError) Error() string { return e.Problem }

// factories finds the factory of each row.
type factories struct {
	forced *store.Place // of Options.Factory; its Key is 0 until it is stored
	byKey  map[string]store.Place
	byName map[string]store.Place // by short id
	memory map[string]rowFactory  // by what rows say
}

// rowFactory is the factory of a row. Key of its place is 0 for one that is not
// stored yet.
type rowFactory struct {
	place   store.Place
	isMoved bool // the row names one of the same name elsewhere
}

func newFactories(ctx context.Context, s *store.Store, named string) (*factories, error) {
	places, err := s.Places(ctx)
	if err != nil {
		return nil, fmt.Errorf("the factories stored so far: %w", err)
	}
	f := &factories{byKey: map[string]store.Place{}, byName: map[string]store.Place{}, memory: map[string]rowFactory{}}
	for _, p := range places {
		f.byKey[p.ID.Key()] = p
		f.byName[p.Short] = p
	}
	if named == "" {
		return f, nil
	}
	if p, ok := f.byName[strings.ToLower(named)]; ok {
		f.forced = &p
		return f, nil
	}
	id, err := adf.ParseFactoryID(named)
	if err != nil {
		return nil, &FactoryError{f.unknown(named)}
	}
	place, ok := f.byKey[id.Key()]
	if !ok {
		place = store.Place{ID: id, Name: id.Name()}
	}
	f.forced = &place
	return f, nil
}

// mostNames is how many names of factories a message lists.
const mostNames = 20

// unknown says what a factory may be called.
func (f *factories) unknown(named string) string {
	text := fmt.Sprintf("%q does not name a factory: give its ARM resource id, the address of its page in ADF Studio or the Azure portal, subscription/resourceGroup/name, or the short name of a stored one", named)
	var names []string
	for name := range f.byName {
		names = append(names, name)
	}
	if len(names) == 0 {
		return text
	}
	slices.Sort(names)
	shown := strings.Join(names[:min(len(names), mostNames)], ", ")
	if len(names) > mostNames {
		shown += " …"
	}
	return text + " (" + shown + ")"
}

// of returns the factory that a row belongs to, given what it says itself.
func (f *factories) of(resource string) (rowFactory, reason) {
	if known, ok := f.memory[resource]; ok {
		return known, reason{}
	}
	found, why := f.find(resource)
	if why.what == "" && found.place.Key != 0 && len(f.memory) < 100_000 {
		f.memory[resource] = found
	}
	return found, why
}

func (f *factories) find(resource string) (rowFactory, reason) {
	theirs, known := f.named(resource)
	switch {
	case f.forced != nil && (theirs.ID == "" || theirs.ID.Key() == f.forced.ID.Key()):
		return rowFactory{place: *f.forced}, reason{}
	case f.forced != nil && strings.EqualFold(theirs.Name, f.forced.Name):
		return rowFactory{place: *f.forced, isMoved: true}, reason{}
	case f.forced != nil:
		return rowFactory{}, otherFactory(theirs.Name, f.forced.Name)
	case theirs.ID == "":
		return rowFactory{}, noFactory
	case !known:
		theirs.ID = plainCase(theirs.ID)
	}
	return rowFactory{place: theirs}, reason{}
}

// named returns the factory that a row names, and whether it is stored.
func (f *factories) named(resource string) (store.Place, bool) {
	if p, ok := f.byName[strings.ToLower(resource)]; ok && resource != "" {
		return p, true
	}
	if !strings.Contains(resource, "/") {
		return store.Place{}, false
	}
	id, err := adf.ParseFactoryID(resource)
	if err != nil {
		return store.Place{}, false
	}
	if p, ok := f.byKey[id.Key()]; ok {
		return p, true
	}
	return store.Place{ID: id, Name: id.Name()}, false
}

// plainCase lowers an id that logs and the API write in capitals: it tells
// nothing of how the factory is spelled.
func plainCase(id adf.FactoryID) adf.FactoryID {
	if strings.ToUpper(id.Name()) != id.Name() || strings.ToUpper(id.ResourceGroup()) != id.ResourceGroup() {
		return id
	}
	lower, err := adf.ParseFactoryID(strings.ToLower(id.Subscription() + "/" + id.ResourceGroup() + "/" + id.Name()))
	if err != nil {
		return id
	}
	return lower
}

// learn remembers a factory that was stored.
func (f *factories) learn(p store.Place) {
	f.byKey[p.ID.Key()], f.byName[p.Short] = p, p
	if f.forced != nil && f.forced.ID.Key() == p.ID.Key() {
		f.forced = &p
	}
}

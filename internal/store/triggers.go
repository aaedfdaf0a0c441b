package store

import (
	"context"
	"fmt"

	"andon/internal/adf"
)

// Trigger is a trigger as Azure listed it last.
type Trigger struct {
	adf.Trigger

	Place   Place
	Since   adf.Time // when it was seen first
	Changed adf.Time // when it was seen first as it is: with another definition or state before
	Gone    adf.Time // when Azure did not list it any more first; zero while it does
}

// PutTriggers stores the triggers of a reading.
func (s *Store) PutTriggers(ctx context.Context, r Reading, list []adf.Trigger) error {
	if err := s.checkReading(r); err != nil {
		return err
	}
	arriving := make([]arrivingResource, len(list))
	for i := range list {
		arriving[i] = s.arriveResource(&list[i].Resource)
	}
	var changed bool
	err := s.submit(ctx, func(w *writer) (err error) {
		changed, err = w.putResources(r, SurroundingTriggers, arriving,
			func(int, int64, resourceChange) error { return nil }, func(int64) error { return nil })
		return err
	}, func() { s.publishReading(r, SurroundingTriggers, changed) })
	if err != nil {
		return fmt.Errorf("store %d triggers: %w", len(list), err)
	}
	return nil
}

// arriveResource prepares a resource of which the present version is kept.
func (s *Store) arriveResource(r *adf.Resource) arrivingResource {
	return arrivingResource{name: r.Name, etag: r.ETag, digest: digestOf(r.Properties), packed: s.codec.pack(rawResource, r.Raw)}
}

// Triggers returns the triggers of factories, given by their short ids, of all
// factories for none, those that are gone included.
func (s *Store) Triggers(ctx context.Context, factories []string) ([]Trigger, error) {
	stored, err := s.resources(ctx, SurroundingTriggers, factories)
	if err != nil {
		return nil, err
	}
	out := make([]Trigger, 0, len(stored))
	for _, r := range stored {
		t := Trigger{Since: r.since, Changed: r.changed, Gone: r.gone}
		t.Place, _ = s.dicts.place(r.place)
		if t.Trigger, err = adf.DecodeTrigger(r.raw); err != nil {
			return nil, fmt.Errorf("read the stored trigger %s of factory %s: %w", r.name, t.Place.Short, err)
		}
		out = append(out, t)
	}
	return out, nil
}

package emulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"andon/internal/emulator/world"
)

// What the world knows, without pages, rights, budgets and faults: for tests
// that compare what they read with what was true.

// askedPlaces are the factories that a request for the truth is about: the one
// it names, or all.
func (c *control) askedPlaces(r *http.Request) ([]*world.Factory, error) {
	places := c.azure.world.Factories()
	name := r.URL.Query().Get("factory")
	if name == "" {
		return places, nil
	}
	place, err := findPlace(places, name)
	if err != nil {
		return nil, err
	}
	return []*world.Factory{place}, nil
}

// streamPlaces answers with what fill writes of the factories asked for.
func (c *control) streamPlaces(w http.ResponseWriter, r *http.Request, fill func(*itemWriter, []*world.Factory, time.Time) error) {
	now := c.azure.tick()
	places, err := c.askedPlaces(r)
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.stream(w, r, func(items *itemWriter) error { return fill(items, places, now) })
}

// truth writes every run that ever started, also those the service has
// forgotten since, as they are now.
func (c *control) truth(w http.ResponseWriter, r *http.Request) {
	c.streamPlaces(w, r, func(items *itemWriter, places []*world.Factory, now time.Time) error {
		for _, f := range places {
			for _, run := range c.azure.world.Runs(f) {
				if !run.StartedBy(now) {
					continue
				}
				state := run.At(now)
				if err := items.write(func(b []byte) ([]byte, error) { return run.AppendListed(b, &state), nil }); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// truthOfActivities writes the activity runs of one run, which is named by its
// id, or of every run of one factory.
func (c *control) truthOfActivities(w http.ResponseWriter, r *http.Request) {
	now := c.azure.tick()
	id := r.URL.Query().Get("runId")
	if id == "" && r.URL.Query().Get("factory") == "" {
		c.refuse(w, http.StatusBadRequest, errors.New("one of runId and factory is needed; allowed: ?runId={run}, ?factory={factory}, or both"))
		return
	}
	places, err := c.askedPlaces(r)
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	var runs []*world.Run
	for _, f := range places {
		if id == "" {
			runs = append(runs, c.azure.world.Runs(f)...)
		} else if run := c.azure.world.Run(f, id); run != nil {
			runs = append(runs, run)
		}
	}
	if id != "" && len(runs) == 0 {
		c.refuse(w, http.StatusNotFound, fmt.Errorf("no run %q has started; GET /truth/runs lists them", id))
		return
	}
	c.stream(w, r, func(items *itemWriter) error {
		for _, run := range runs {
			if states := run.Activities(now); len(states) > 0 {
				if err := items.write(func(b []byte) ([]byte, error) { return run.AppendActivities(b, states) }); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// truthOfTriggers writes every trigger run, also forgotten ones.
func (c *control) truthOfTriggers(w http.ResponseWriter, r *http.Request) {
	c.streamPlaces(w, r, func(items *itemWriter, places []*world.Factory, now time.Time) error {
		for _, f := range places {
			for _, t := range c.azure.world.TriggerRuns(f, time.Time{}, now) {
				if err := items.writeJSON(triggerRunRowOf(t.At(now))); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// factoryTruth is what the world knows of a factory beside its runs.
type factoryTruth struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	SubscriptionID string          `json:"subscriptionId"`
	TenantID       string          `json:"tenantId"`
	Runs           int             `json:"runs"`
	Pipelines      []resourceRow   `json:"pipelines"`
	Triggers       []resourceRow   `json:"triggers"`
	LinkedServices []resourceRow   `json:"linkedServices"`
	Datasets       []resourceRow   `json:"datasets"`
	Runtimes       []runtimeTruths `json:"integrationRuntimes"`
}

type runtimeTruths struct {
	resourceRow
	// State is that of the status, which the resource itself does not have.
	State  string          `json:"state"`
	Status json.RawMessage `json:"status"`
}

func (c *control) truthOfFactories(w http.ResponseWriter, r *http.Request) {
	c.streamPlaces(w, r, func(items *itemWriter, places []*world.Factory, now time.Time) error {
		for _, f := range places {
			if err := items.writeJSON(c.factoryTruth(f, now)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *control) factoryTruth(f *world.Factory, now time.Time) factoryTruth {
	out := factoryTruth{
		ID: c.azure.listedID(f), Name: f.Name, SubscriptionID: f.SubscriptionID, TenantID: c.azure.tenantOfPath(route{subscription: f.SubscriptionID}),
		Runs: len(c.azure.world.Runs(f)), Pipelines: rowsOf(f.PipelineResources()), Triggers: rowsOf(f.TriggerResources()),
		LinkedServices: rowsOf(f.LinkedServiceResources()), Datasets: rowsOf(f.DatasetResources()), Runtimes: []runtimeTruths{},
	}
	for _, x := range f.RuntimeResources(now) {
		out.Runtimes = append(out.Runtimes, runtimeTruths{resourceRowOf(x), f.RuntimeState(x.Name, now), f.RuntimeStatus(x.Name, now)})
	}
	return out
}

func rowsOf(all []world.Resource) []resourceRow {
	rows := []resourceRow{}
	for _, r := range all {
		rows = append(rows, resourceRowOf(r))
	}
	return rows
}

// itemWriter writes {"items":[…]} an item at a time: a large world is hundreds
// of megabytes of JSON.
type itemWriter struct {
	out     *bufio.Writer
	row     []byte
	hasItem bool
}

// write adds the items that add appends, which has the commas between them.
func (w *itemWriter) write(add func([]byte) ([]byte, error)) error {
	w.row = w.row[:0]
	if w.hasItem {
		w.row = append(w.row, ',')
	}
	w.hasItem = true
	row, err := add(w.row)
	if err != nil {
		return err
	}
	w.row = append(row, '\n')
	_, err = w.out.Write(w.row)
	return err
}

func (w *itemWriter) writeJSON(v any) error {
	return w.write(func(b []byte) ([]byte, error) { return append(b, jsonReply(http.StatusOK, v).body...), nil })
}

// stream answers with the items that fill writes.
func (c *control) stream(w http.ResponseWriter, r *http.Request, fill func(*itemWriter) error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	items := &itemWriter{out: bufio.NewWriterSize(w, 1<<16)}
	err := func() error {
		if _, err := io.WriteString(items.out, `{"items":[`); err != nil {
			return err
		}
		if err := fill(items); err != nil {
			return err
		}
		if _, err := io.WriteString(items.out, "]}\n"); err != nil {
			return err
		}
		return items.out.Flush()
	}()
	if err != nil {
		c.azure.logger.DebugContext(r.Context(), "client left before the whole truth", slog.Any("error", err))
	}
}

package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"andon/internal/emulator/world"
)

// control is the handler of truth, clock, faults and identities. It answers loopback names
// only, so that a web page in the same machine's browser can't reach it by a
// name that resolves to loopback.
type control struct {
	azure *azure
}

func (c *control) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /truth/runs", c.truth)
	mux.HandleFunc("POST /truth/runs", c.startRun)
	mux.HandleFunc("POST /truth/rows", c.changeRow)
	mux.HandleFunc("POST /factories", c.changeFactory)
	mux.HandleFunc("GET /truth/activityRuns", c.truthOfActivities)
	mux.HandleFunc("GET /truth/triggerRuns", c.truthOfTriggers)
	mux.HandleFunc("GET /truth/factories", c.truthOfFactories)
	mux.HandleFunc("GET /truth/requests", func(w http.ResponseWriter, _ *http.Request) { c.write(w, http.StatusOK, c.azure.ledger.read()) })
	mux.HandleFunc("DELETE /truth/requests", func(w http.ResponseWriter, _ *http.Request) {
		c.azure.ledger.reset()
		c.write(w, http.StatusOK, c.azure.ledger.read())
	})
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) { c.writeClock(w) })
	mux.HandleFunc("POST /clock", c.setClock)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { c.writeFaults(w) })
	mux.HandleFunc("POST /faults", c.addFault)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		c.azure.faults.clear()
		c.writeFaults(w)
	})
	c.identityControls(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c.refuse(w, http.StatusNotFound, fmt.Errorf("%s %s is not a control; allowed: GET or POST /truth/runs, GET /truth/activityRuns, /truth/triggerRuns and /truth/factories, POST /truth/rows, POST /factories, GET or DELETE /truth/requests, GET or POST /clock, GET, POST or DELETE /faults, GET /identities, POST or DELETE /identities/secrets, POST /roles/definitions, POST or DELETE /roles/assignments, POST /federation/token, GET or POST /tokens, GET /msi/token", r.Method, r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopbackHost(r.Host) {
			c.refuse(w, http.StatusForbidden, fmt.Errorf("host %q is not answered; allowed: 127.0.0.1, [::1], localhost", r.Host))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			c.refuse(w, http.StatusForbidden, errors.New("requests of web pages are not answered"))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func isLoopbackHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// findPlace finds a factory by its name or its ARM id.
func findPlace(places []*world.Factory, name string) (*world.Factory, error) {
	var names []string
	for _, f := range places {
		if strings.EqualFold(f.Name, name) || strings.EqualFold(f.ID(), name) {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return nil, fmt.Errorf("unknown factory %q; allowed: %s, or their ARM ids", name, strings.Join(names, ", "))
}

// startRun lets one more run happen: it starts now and ends as told.
func (c *control) startRun(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Factory      string                     `json:"factory"`
		PipelineName string                     `json:"pipelineName"`
		Status       string                     `json:"status"`
		Message      string                     `json:"message"`
		DurationInMs int64                      `json:"durationInMs"`
		Row          map[string]json.RawMessage `json:"row"`
	}
	if err := readJSON(w, r, &in); err != nil {
		c.refuse(w, http.StatusBadRequest, fmt.Errorf("%w; allowed members: factory, pipelineName, status, message, durationInMs, row", err))
		return
	}
	place, err := findPlace(c.azure.world.Factories(), in.Factory)
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.azure.tick()
	run, err := c.azure.world.StartOddRun(place, in.PipelineName, in.Status, in.Message, in.DurationInMs, in.Row)
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.write(w, http.StatusOK, makeRunRow(run, run.At(c.azure.world.Now())))
}

// changeRow has the row of a run show other members than its own.
func (c *control) changeRow(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Factory string                     `json:"factory"`
		RunID   string                     `json:"runId"`
		Row     map[string]json.RawMessage `json:"row"`
	}
	if err := readJSON(w, r, &in); err != nil {
		c.refuse(w, http.StatusBadRequest, fmt.Errorf("%w; allowed members: factory, runId, row", err))
		return
	}
	place, err := findPlace(c.azure.world.Factories(), in.Factory)
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	now := c.azure.tick()
	run := c.azure.world.Run(place, in.RunID)
	if run == nil {
		c.refuse(w, http.StatusNotFound, fmt.Errorf("no run %q of factory %s has started; GET /truth/runs lists them", in.RunID, place.Name))
		return
	}
	if err := run.Tell(in.Row); err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.write(w, http.StatusOK, makeRunRow(run, run.At(now)))
}

func (c *control) setClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Now     *time.Time `json:"now"`
		Advance *string    `json:"advance"`
	}
	if err := readJSON(w, r, &in); err != nil {
		c.refuse(w, http.StatusBadRequest, fmt.Errorf(`%w; allowed: {"now":"2026-11-24T12:00:00Z"} or {"advance":"36h"}`, err))
		return
	}
	c.azure.tick()
	var err error
	switch {
	case (in.Now == nil) == (in.Advance == nil):
		err = errors.New(`one of now and advance is needed; allowed: {"now":"2026-11-24T12:00:00Z"} or {"advance":"36h"}`)
	case in.Now != nil:
		err = c.azure.world.SetNow(*in.Now)
	default:
		err = c.advance(*in.Advance)
	}
	if err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.writeClock(w)
}

func (c *control) advance(text string) error {
	by, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("advance %q is not a duration; allowed: such as 90s, 30m or 36h", text)
	}
	return c.azure.world.Advance(by)
}

func (c *control) writeClock(w http.ResponseWriter) {
	c.write(w, http.StatusOK, map[string]timestamp{"now": timestamp(c.azure.tick())})
}

func (c *control) addFault(w http.ResponseWriter, r *http.Request) {
	var rule faultRule
	if err := readJSON(w, r, &rule); err != nil {
		c.refuse(w, http.StatusBadRequest, fmt.Errorf("%w; allowed members: %s", err, faultMembers))
		return
	}
	if err := c.azure.faults.add(rule, c.azure.world.Factories()); err != nil {
		c.refuse(w, http.StatusBadRequest, err)
		return
	}
	c.writeFaults(w)
}

func (c *control) writeFaults(w http.ResponseWriter) {
	c.write(w, http.StatusOK, map[string][]faultState{"items": c.azure.faults.list()})
}

// maxControlBytes bounds a body: a told row may hold a megabyte of parameters.
const maxControlBytes = 16 << 20

// readJSON reads one JSON object and refuses members it does not know.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlBytes))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("the body is not understood: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body goes on after its object")
	}
	return nil
}

func (c *control) write(w http.ResponseWriter, status int, v any) {
	out := jsonReply(status, v)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(out.status)
	if _, err := w.Write(append(out.body, '\n')); err != nil {
		c.azure.logger.Debug("client left before the answer", slog.Any("error", err))
	}
}

func (c *control) refuse(w http.ResponseWriter, status int, err error) {
	c.write(w, status, map[string]string{"error": err.Error()})
}

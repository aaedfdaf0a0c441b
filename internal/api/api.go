package api

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/gzhttp"
	"golang.org/x/time/rate"

	"andon/internal/adf"
	"andon/internal/store"
)

// Options are what the board is made of.
type Options struct {
	Store *store.Store // what is shown

	// Web holds the built browser UI: index.html, embed.html, assets/ with
	// hashed names. Where it has no index.html, the UI's paths say how to
	// build it.
	Web fs.FS

	// Collecting is nil when nobody collects: then nothing is said to be fresh.
	Collecting *Collecting

	// NotKept says, as a sentence, why a run's activities were not kept, given
	// the names of its factory and pipeline. Nil says it without the reason.
	NotKept func(factory, pipeline string) string

	// StudioURL returns the address of a run's page in ADF Studio, and of the
	// factory's own for an empty runID. source is the one that reads the
	// factory: its cloud has a Studio of its own; "" for an imported factory.
	StudioURL func(source string, factory adf.FactoryID, runID string) string

	// Purposes are what requests to Azure are sent for, in the order to show
	// them in.
	Purposes []Purpose

	// AllowHosts are host names to answer beside the loopback ones, without
	// ports, for a reverse proxy on the same machine.
	AllowHosts []string
	// EmbedOrigins may frame /embed/, such as https://portal.example.com.
	// Nobody may frame the board itself.
	EmbedOrigins []string

	// OlderAfter is how long a series may not have failed before its problem is
	// folded away; 0 folds none away for its age.
	OlderAfter time.Duration

	// MaxStreams is the most live streams at once; 0 means the constant of that
	// name.
	MaxStreams int

	Poll    time.Duration    // how often factories are asked for news; several missed polls make one stale
	Version string           // of the program, for the Server header
	Logger  *slog.Logger     // nil logs nothing
	Now     func() time.Time // nil is time.Now
}

// Purpose is what requests to Azure are sent for.
type Purpose struct {
	Name  string // as it is counted
	Label string // in words for a page
}

// board is the state that the handlers share. It doesn't change after New.
type board struct {
	store      *store.Store
	collecting *Collecting // nil when nobody collects
	notKept    func(factory, pipeline string) string
	studioURL  func(source string, factory adf.FactoryID, runID string) string
	purposes   []Purpose
	poll       time.Duration
	olderAfter time.Duration
	logger     *slog.Logger
	now        func() time.Time
	// wallClock is the machine's own: connections keep their deadlines by it,
	// whatever now says.
	wallClock func() time.Time
	document  huma.API
	boot      string // tells event ids of this process from those of others

	streams        chan struct{}  // holds a value for each live stream that is open
	streamsRefused rate.Sometimes // limits the log lines about further ones
}

// New builds the handler of everything that Andon answers. The error says
// which option can't be used.
func New(o Options) (http.Handler, error) {
	if o.Store == nil || o.StudioURL == nil {
		return nil, errors.New("the board needs a store and the addresses of ADF Studio")
	}
	if o.NotKept == nil {
		o.NotKept = func(string, string) string { return reasonNotKept }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	policy, err := newPolicy(o.EmbedOrigins)
	if err != nil {
		return nil, err
	}
	pages, err := newPages(o.Web)
	if err != nil {
		return nil, err
	}
	compressed, err := gzhttp.NewWrapper()
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	a := &board{
		store: o.Store, collecting: o.Collecting, notKept: o.NotKept, studioURL: o.StudioURL, purposes: o.Purposes, poll: o.Poll, olderAfter: o.OlderAfter,
		logger: o.Logger, now: o.Now, wallClock: time.Now, document: newDocument(mux), boot: rand.Text()[:8],
		streams: make(chan struct{}, cmp.Or(o.MaxStreams, MaxStreams)), streamsRefused: rate.Sometimes{Interval: time.Minute},
	}
	a.registerOverview()
	a.registerTimeline()
	a.registerRuns()
	a.registerActivities()
	a.registerFactories()
	a.registerCollection()
	a.registerActions()
	a.registerSurroundings()
	a.registerEvents()
	a.registerHealth()
	document, err := a.openAPI()
	if err != nil {
		return nil, err
	}
	mux.HandleFunc("GET /api/v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // whoever asked is gone when this fails
	})
	metrics, err := a.metricsHandler(o.Version)
	if err != nil {
		return nil, err
	}
	mux.Handle("GET "+metricsPath, metrics)
	mux.HandleFunc(apiRoot, noSuchPath)
	mux.Handle("/", pages)

	// The stream writes small events that must leave at once, so it is not
	// compressed.
	zipped := compressed(mux)
	route := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == eventsPath {
			mux.ServeHTTP(w, r)
			return
		}
		zipped(w, r)
	})
	guarded := policy.guard(newHosts(o.AllowHosts).only(csrfGuard(mux, route)))
	return a.observe(guarded, "Andon/"+o.Version), nil
}

// apiRoot is the pattern of everything that is no path of the API.
const apiRoot = "/api/"

func noSuchPath(w http.ResponseWriter, r *http.Request) {
	newProblem(http.StatusNotFound, "No such path",
		clip(r.URL.Path)+" is not part of the API. Its document is at /api/v1/openapi.json.").write(w)
}

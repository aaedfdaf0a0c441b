package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/config"
	"andon/internal/redact"
	"andon/internal/store"
	"andon/internal/store/history"
	"andon/web"
)

// stopTimeout bounds how long open requests may delay the end.
const stopTimeout = 5 * time.Second

// Options are what New needs.
type Options struct {
	Config  config.Config
	Version string // what the API and Azure's logs see
	Logger  *slog.Logger
	Now     func() time.Time // nil means time.Now
}

// App is one running Andon: store, collector and board.
type App struct {
	listener  net.Listener
	server    *http.Server
	store     *store.Store
	collector *collector.Collector // nil with NoCollect
	checks    *checks              // nil with NoCollect
	logger    *slog.Logger
	served    chan error
	derived   chan struct{} // closed when recoveries are derived no more; only with started
	started   bool
	base      context.Context    //nolint:containedctx // of everything that runs until Stop, as http.Server's BaseContext
	endBase   context.CancelFunc // ends the requests that never end by themselves, and the checks
	stop      sync.Once
	stopErr   error
}

// New opens the store, takes the address and builds every part, without
// asking Azure anything. On an error nothing stays open. Errors are sentences
// that say what stands in the way and what to do.
func New(ctx context.Context, o Options) (_ *App, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &App{logger: o.Logger, served: make(chan error, 1), derived: make(chan struct{})}
	var undo []func() error
	defer func() {
		for i := len(undo) - 1; err != nil && i >= 0; i-- {
			err = errors.Join(err, undo[i]())
		}
	}()

	scheduler := schedulerOf(o)
	sources, err := clients(o, scheduler)
	if err != nil {
		return nil, err
	}
	if a.listener, err = listen(ctx, o.Config.Listen, o.Logger); err != nil {
		return nil, err
	}
	undo = append(undo, a.listener.Close)
	if a.store, err = store.Open(ctx, o.Config.Store, store.Options{Logger: o.Logger, Now: o.Now, Series: seriesRules(o.Config.Series)}); err != nil {
		return nil, err
	}
	undo = append(undo, a.store.Close)

	base, endBase := context.WithCancel(context.WithoutCancel(ctx))
	a.base, a.endBase = base, endBase
	undo = append(undo, func() error { endBase(); return nil })
	options, err := boardOptions(a.store, o)
	if err != nil {
		return nil, err
	}
	options.MaxStreams = streamLimit()
	options.AllowHosts = o.Config.AllowHosts
	options.EmbedOrigins = o.Config.EmbedOrigins
	options.Poll = o.Config.Poll
	options.OlderAfter = o.Config.OlderAfter
	policies := activityPolicies(o.Config.Activities)
	options.NotKept = func(factory, pipeline string) string { return policies.For(factory, pipeline).Reason() }
	if !o.Config.NoCollect {
		redactor, err := redact.New(redact.Patterns(o.Config.Redact))
		if err != nil {
			return nil, fmt.Errorf("redact.%w", err)
		}
		a.collector = collector.New(collector.Options{
			Sources: sources, Store: a.store, Scheduler: scheduler, Poll: o.Config.Poll, Logger: o.Logger, Now: o.Now,
			HistoryRecords: o.Config.HistoryRecords, Activities: policies, Redact: redactor,
		})
		a.checks = newChecks(base, o, a.collector, scheduler)
		options.Collecting = a.collecting(sources)
	}
	handler, err := api.New(options)
	if err != nil {
		return nil, err
	}
	a.server = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		// No WriteTimeout: the live stream never ends by itself. The api room
		// sets a deadline before each write instead.
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	return a, nil
}

// collecting is what the board may ask of the collector.
func (a *App) collecting(sources []collector.Source) *api.Collecting {
	return &api.Collecting{
		ReadActivities:   a.collector.ReadActivities,
		ReadSurroundings: a.collector.ReadSurroundings,
		Order: func(factory string, w store.Window) (api.Reread, error) {
			r, err := a.collector.Order(factory, w)
			return reread(&r), err
		},
		Rereads: func(factory string) []api.Reread { return rereads(a.collector.Rereads(factory)) },
		Check:   a.checks.check,
		Facts: a.checks.facts(func(name string) *azure.Client {
			for _, s := range sources {
				if s.Name == name {
					return s.Client
				}
			}
			return nil
		}),
		Used: a.collector.Used,
		Skew: a.collector.Skew,
	}
}

// listen takes the address, and says what to do when another program has it.
func listen(ctx context.Context, address string, logger *slog.Logger) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("can't listen on %s: %w; end the program that uses it, or choose another address with --listen (port 0 takes a free one)", address, cause(err))
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("can't listen on %s: the listener is a %T, not one of TCP", address, l), l.Close())
	}
	return limitListener(tcp, connectionLimit(), logger), nil
}

// cause strips the address that net repeats in front of the system's word.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}

// Start serves the board, then begins to collect. It returns when pages can
// be opened.
func (a *App) Start(ctx context.Context) error {
	go func() {
		err := a.server.Serve(a.listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		a.served <- err
	}()
	go func() {
		defer close(a.derived)
		a.store.KeepDerived(a.base)
	}()
	a.started = true
	if a.collector == nil {
		return nil
	}
	if err := a.collector.Start(ctx); err != nil {
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	return nil
}

// Wait returns when ctx is done or serving broke, and stops everything
// before. Its error is nil after an orderly end.
func (a *App) Wait(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-a.served:
		if err != nil {
			err = fmt.Errorf("serving on %s broke off: %w", a.URL(), err)
		}
	}
	return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
}

// Stop ends collecting, then serving, then closes the store. It may be called
// more than once and without Start.
func (a *App) Stop(ctx context.Context) error {
	a.stop.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, stopTimeout)
		defer cancel()
		if a.collector != nil {
			a.checks.stop() // first: the collector counts what they used
			a.collector.Stop()
		}
		a.endBase()
		if a.started {
			<-a.derived
		}
		err := a.server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = a.server.Close()
		}
		// Shutdown closes only listeners that Serve has taken over.
		if closeErr := a.listener.Close(); closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
			err = errors.Join(err, closeErr)
		}
		a.stopErr = errors.Join(err, a.store.Close())
	})
	return a.stopErr
}

// Addr returns the address that is served, with the port that was taken.
func (a *App) Addr() net.Addr { return a.listener.Addr() }

// URL returns the board's address for a browser on this machine.
func (a *App) URL() string { return "http://" + a.Addr().String() + "/" }

// Board opens the store at dsn for reading and returns the board's handler
// over it, for commands that read a file without a server. close has to be
// called at the end.
func Board(ctx context.Context, dsn string, o Options) (_ http.Handler, closeStore func() error, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s, err := store.Open(ctx, dsn, store.Options{ReadOnly: true, Logger: o.Logger, Now: o.Now})
	if err != nil {
		return nil, nil, err
	}
	options, err := boardOptions(s, o)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	handler, err := api.New(options)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return handler, s.Close, nil
}

// boardOptions are what every board has, whether or not it collects.
func boardOptions(s *store.Store, o Options) (api.Options, error) {
	dist, err := web.Dist()
	if err != nil {
		return api.Options{}, fmt.Errorf("the embedded UI: %w", err)
	}
	studio, err := studioURL(o.Config.Sources)
	if err != nil {
		return api.Options{}, err
	}
	return api.Options{
		Store: s, Web: dist, Version: o.Version, Logger: o.Logger, Now: o.Now,
		StudioURL: studio, Purposes: purposes(),
	}, nil
}

// purposes are the budget's, in the board's words.
func purposes() []api.Purpose {
	var all []api.Purpose
	for _, p := range budget.Purposes() {
		all = append(all, api.Purpose{Name: string(p), Label: p.Label()})
	}
	return all
}

func seriesRules(list []config.SeriesRule) history.SeriesRules {
	patterns := func(names []string) []adf.NamePattern {
		out := make([]adf.NamePattern, len(names))
		for i, name := range names {
			out[i] = adf.NewNamePattern(name)
		}
		return out
	}
	rules := make(history.SeriesRules, len(list))
	for i, r := range list {
		rules[i] = history.SeriesRule{
			Factory: adf.NewNamePattern(r.Factory), Pipeline: adf.NewNamePattern(r.Pipeline),
			Recurring: patterns(r.Recurring), Moving: patterns(r.Moving), Ignored: patterns(r.Ignore),
		}
	}
	return rules
}

func activityPolicies(list []config.ActivityPolicy) collector.ActivityPolicies {
	policies := make([]collector.ActivityPolicy, len(list))
	for i, p := range list {
		policies[i] = collector.ActivityPolicy{Factory: p.Factory, Pipeline: p.Pipeline, Keep: collector.Keep(p.Keep), SlowerThan: p.SlowerThan}
	}
	return collector.NewActivityPolicies(policies)
}

// clients makes one Azure client for each source.
func clients(o Options, scheduler *budget.Scheduler) ([]collector.Source, error) {
	var sources []collector.Source
	for _, src := range o.Config.Sources {
		client, err := clientOf(o, src, scheduler)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", src.Name, err)
		}
		sources = append(sources, collector.Source{Name: src.Name, Client: client, Factories: src.Factories})
	}
	return sources, nil
}

func schedulerOf(o Options) *budget.Scheduler {
	return budget.New(budget.Budget{Share: o.Config.Budget.Share, Off: o.Config.Budget.Off}, o.Now)
}

func clientOf(o Options, src config.Source, scheduler *budget.Scheduler) (*azure.Client, error) {
	cloud, err := cloudOf(src.Cloud)
	if err != nil {
		return nil, err
	}
	secret := azure.Secret(src.ClientSecret.Reveal())
	if src.ClientSecretFile != "" {
		secret = "" // the client reads it, now and when it changes
	}
	return azure.New(azure.Config{
		Name: src.Name, TenantID: src.TenantID, ClientID: src.ClientID,
		Secret: secret, SecretFile: src.ClientSecretFile,
		CertificateFile: src.CertificateFile, CertificatePassword: azure.Secret(src.CertificatePassword.Reveal()),
		FederatedTokenFile: src.FederatedTokenFile, ManagedIdentity: src.ManagedIdentity, AzureCLI: src.AzureCLI,
		Cloud: cloud, Scheduler: scheduler, Logger: o.Logger, Now: o.Now, Version: o.Version,
	})
}

func cloudOf(c config.Cloud) (azure.Cloud, error) {
	if c.Name == "" {
		return azure.Cloud{
			Authority: c.Authority, ResourceManager: c.ResourceManager, Audience: c.Audience,
			Studio: c.Studio, CAFile: c.CAFile,
		}, nil
	}
	cloud, err := azure.CloudByName(c.Name)
	cloud.CAFile = c.CAFile
	return cloud, err
}

package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"andon/internal/emulator/world"
)

const (
	maxBodyBytes  = 1 << 20
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
	// truthTimeout is longer than writeTimeout because one answer of the
	// control listener can hold every run of a large world.
	truthTimeout = 10 * time.Minute
)

// Emulator is one emulated Azure: an https listener for Entra ID and Resource
// Manager, a CONNECT proxy that leads Azure's host names to it, and a control
// listener. Make it with New.
type Emulator struct {
	options Options
	logger  *slog.Logger
	world   *world.World
	azure   *azure
	control *control
	proxy   *proxy

	mu        sync.Mutex
	info      Info
	servers   []*http.Server
	endWaits  context.CancelFunc // ends what faults keep waiting
	serving   sync.WaitGroup
	tempDir   string
	secrets   []string // files beside Options.CAOut that Stop removes
	isRunning bool
}

// New returns an emulator that is not listening yet. Its errors name the
// option that is wrong and what is allowed.
func New(o Options) (*Emulator, error) {
	limits, err := o.complete()
	if err != nil {
		return nil, err
	}
	var people *staff
	var keysErr error
	var keys sync.WaitGroup
	keys.Go(func() { people, keysErr = newStaff(&o) })
	w, err := world.New(world.Config{Scenario: o.Scenario, Seed: o.Seed, Size: o.Size, Speed: o.Speed, Start: o.Now()})
	keys.Wait()
	if err := errors.Join(err, keysErr); err != nil {
		return nil, err
	}
	if err := people.settle(&o, w); err != nil {
		return nil, err
	}
	calls := router{operations: operations()}
	ledger := newLedger(w.Factories(), calls.callNames())
	faults := newFaults(o.Seed, o.Now, calls.callNames())
	a := &azure{
		world:      w,
		now:        o.Now,
		logger:     o.Logger,
		strict:     o.Strict,
		staff:      people,
		queryRight: o.QueryRight,
		budgets:    newBudgets(limits, o.Now),
		ledger:     ledger,
		faults:     faults,
		router:     calls,
		pages:      newPageKey(),
		indexes:    newIndexes(w),
	}
	return &Emulator{
		options: o,
		logger:  o.Logger,
		world:   w,
		azure:   a,
		control: &control{azure: a},
	}, nil
}

// Start opens every listener and writes the CA file; when it returns nil all
// of them accept. The context bounds the start only: the emulator lives until
// Stop. When Start fails nothing stays open.
func (e *Emulator) Start(ctx context.Context) (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.isRunning {
		return errors.New("the emulator is already started")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.stop(context.WithoutCancel(ctx)))
		}
	}()

	ca, err := newAuthority(time.Now()) //nolint:forbidigo // clients judge it by their own clocks, whatever time the world has
	if err != nil {
		return err
	}
	files, err := e.writeFiles(ca.pem)
	if err != nil {
		return err
	}
	azureLn, err := listen(ctx, "--listen", e.options.Listen)
	if err != nil {
		return err
	}
	requests, endWaits := context.WithCancel(context.WithoutCancel(ctx))
	e.endWaits = endWaits
	e.serve(ctx, e.azureServer(requests, ca.leaf), azureLn, true)
	proxyLn, err := listen(ctx, "--proxy-listen", e.options.ProxyListen)
	if err != nil {
		return err
	}
	e.proxy = newProxy(azureLn.Addr().String(), e.logger)
	e.serve(ctx, e.plainServer(e.proxy, writeTimeout), proxyLn, false)
	controlLn, err := listen(ctx, "--control-listen", e.options.ControlListen)
	if err != nil {
		return err
	}
	e.serve(ctx, e.plainServer(e.control.handler(), truthTimeout), controlLn, false)

	e.info = e.describe(azureLn.Addr().String(), proxyLn.Addr().String(), controlLn.Addr().String(), files)
	e.isRunning = true
	return nil
}

// Stop closes the listeners, lets answers under way end until ctx is done, and
// removes what Start wrote outside of Options.CAOut. It may be called again,
// and before Start.
func (e *Emulator) Stop(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stop(ctx)
}

func (e *Emulator) stop(ctx context.Context) error {
	var errs []error
	if e.endWaits != nil {
		e.endWaits()
	}
	if e.proxy != nil {
		e.proxy.close()
		e.proxy = nil
	}
	for _, s := range e.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, s.Close())
		}
	}
	e.serving.Wait()
	e.servers = nil
	errs = append(errs, e.removeFiles())
	e.isRunning = false
	return errors.Join(errs...)
}

// Info describes how to reach the started emulator. It is empty before Start.
func (e *Emulator) Info() Info {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.info
}

func (e *Emulator) azureServer(requests context.Context, leaf tls.Certificate) *http.Server {
	return &http.Server{
		BaseContext: func(net.Listener) context.Context { return requests },
		Handler:     e.azure,
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{leaf},
			NextProtos:   []string{"h2", "http/1.1"},
			MinVersion:   tls.VersionTLS12,
		},
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(e.logger.Handler(), slog.LevelDebug),
	}
}

func (e *Emulator) plainServer(h http.Handler, write time.Duration) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      write,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(e.logger.Handler(), slog.LevelDebug),
	}
}

func (e *Emulator) serve(ctx context.Context, s *http.Server, ln net.Listener, isTLS bool) {
	e.servers = append(e.servers, s)
	ctx = context.WithoutCancel(ctx) // which bounds the start only
	e.serving.Go(func() {
		var err error
		if isTLS {
			err = s.ServeTLS(ln, "", "")
		} else {
			err = s.Serve(ln)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			e.logger.ErrorContext(ctx, "listener ended",
				slog.String("address", ln.Addr().String()), slog.Any("error", err))
		}
	})
}

func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s; %s names another address, port 0 any free one: %w", address, flag, err)
	}
	return ln, nil
}

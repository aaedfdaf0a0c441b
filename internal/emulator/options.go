package emulator

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"andon/internal/emulator/entra"
	"andon/internal/emulator/world"
)

// Defaults of Options, as `andon emulate --help` prints them.
const (
	DefaultListen        = "127.0.0.1:8443"
	DefaultProxyListen   = "127.0.0.1:8090"
	DefaultControlListen = "127.0.0.1:8444"
	DefaultScenario      = world.DefaultScenario
	DefaultSize          = 20_000
	DefaultSpeed         = 1.0
	DefaultLimits        = "real"
	DefaultTokenLife     = entra.DefaultLife
	DefaultQueryRight    = queryRightAction
)

// Options says which emulator New makes. The zero value of each field but Seed
// means its default.
type Options struct {
	// Listen is the https address of Entra ID and Resource Manager. All three
	// addresses must be loopback ones; port 0 picks a free port.
	Listen string
	// ProxyListen is the address of the CONNECT proxy.
	ProxyListen string
	// ControlListen is the http address of truth, clock and faults.
	ControlListen string
	// CAOut is the file the CA certificate is written to, in PEM. When it is
	// empty the file lies in a temporary folder that Stop removes.
	CAOut string
	// Seed chooses the company, its identities and what happens to it.
	Seed int64
	// Size is the number of runs in the history before the start; a scenario in
	// which nothing runs has none all the same.
	Size int
	// Speed is how many seconds the world lives in one real second.
	Speed float64
	// Scenario names the company: one of Scenarios.
	Scenario string
	// Limits is "real" for Azure's documented budgets, "off" for none, or a
	// number of times them, such as "0.1".
	Limits string
	// TokenLife is how long access tokens are valid, in real time: from
	// entra.MinLife to entra.MaxLife.
	TokenLife time.Duration
	// QueryRight says which right the run queries are checked for: "action" for
	// …/querypipelineruns/action, which readers lack, or "read" for
	// …/querypipelineruns/read, which they hold. Microsoft's sources
	// contradict each other (azure.md §5).
	QueryRight string
	// Strict refuses run queries without lastUpdatedAfter and
	// lastUpdatedBefore, which the specification marks as required but
	// Microsoft's own quickstart leaves out.
	Strict bool
	// Logger gets what goes wrong; nil discards it.
	Logger *slog.Logger
	// Now is real time; nil means time.Now.
	Now func() time.Time
}

// Scenario is a company that Options.Scenario may name.
type Scenario struct {
	Name string
	// What says what the company is like, in a sentence without its full stop.
	What string
}

// Scenarios lists every company there is, the default first.
func Scenarios() []Scenario {
	var all []Scenario
	for _, s := range world.Scenarios() {
		all = append(all, Scenario(s))
	}
	return all
}

// complete fills in the defaults, checks every field, and returns the factor
// that o.Limits means.
func (o *Options) complete() (limits, error) {
	o.Listen = orDefault(o.Listen, DefaultListen)
	o.ProxyListen = orDefault(o.ProxyListen, DefaultProxyListen)
	o.ControlListen = orDefault(o.ControlListen, DefaultControlListen)
	o.Scenario = orDefault(o.Scenario, DefaultScenario)
	o.Limits = orDefault(o.Limits, DefaultLimits)
	o.QueryRight = orDefault(o.QueryRight, DefaultQueryRight)
	if o.Size == 0 {
		o.Size = DefaultSize
	}
	if o.Speed == 0 {
		o.Speed = DefaultSpeed
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.QueryRight != queryRightAction && o.QueryRight != queryRightRead {
		return limits{}, fmt.Errorf("unknown query-right %q; allowed: %s, %s", o.QueryRight, queryRightAction, queryRightRead)
	}
	if o.TokenLife != 0 && (o.TokenLife < entra.MinLife || o.TokenLife > entra.MaxLife) {
		return limits{}, fmt.Errorf("token-life %s is not possible; allowed: %s to %s", o.TokenLife, entra.MinLife, entra.MaxLife)
	}
	for _, l := range []struct{ name, address string }{
		{"listen", o.Listen},
		{"proxy-listen", o.ProxyListen},
		{"control-listen", o.ControlListen},
	} {
		if err := checkLoopback(l.name, l.address); err != nil {
			return limits{}, err
		}
	}
	return parseLimits(o.Limits)
}

func orDefault(s, byDefault string) string {
	if s == "" {
		return byDefault
	}
	return s
}

// checkLoopback refuses every address that another machine could reach: the
// emulator prints its secrets and lets anyone move its clock.
func checkLoopback(name, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s address %q is not host:port; allowed: a loopback address such as 127.0.0.1:0", name, address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%s address %q has no port from 0 to 65535; 0 picks a free one", name, address)
	} else if n == 0 && host == "" {
		return notLoopback(name, address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return notLoopback(name, address)
	}
	return nil
}

func notLoopback(name, address string) error {
	return fmt.Errorf("%s address %q is not on loopback; allowed hosts: 127.0.0.1, ::1, localhost", name, address)
}

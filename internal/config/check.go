package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"andon/internal/adf"
)

func (c *Config) setListen(s string) error {
	if err := CheckListen(s); err != nil {
		return err
	}
	c.Listen = s
	return nil
}

// CheckListen refuses what is not host:port, and every address but loopback:
// who may see the board is not yet decided here, so the network must not
// reach it.
func CheckListen(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as %s", s, DefaultListen)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q is not a port from 0 to 65535 (0 takes a free one)", port)
	} else if n == 0 && port != "0" {
		return fmt.Errorf("%q is not a port", port)
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() || host == "localhost" {
		return nil
	}
	return fmt.Errorf("serving on %q needs a login, which this version does not have: listen on 127.0.0.1, and let a reverse proxy on this machine do the login and pass the board on (name its host with --allow-host; examples/portal shows one)", s)
}

func (c *Config) setStore(s string) error {
	path, ok := strings.CutPrefix(s, "sqlite:")
	switch {
	case ok && path != "":
		c.Store = s
		return nil
	case strings.HasPrefix(s, "postgres://"), strings.HasPrefix(s, "postgresql://"):
		return errors.New("PostgreSQL is not in this version: use sqlite:PATH")
	default:
		return fmt.Errorf("%q is not a store: use sqlite:PATH, such as %s", s, DefaultStore)
	}
}

func (c *Config) setPoll(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a duration: write it as 30s or 2m", s)
	}
	if d < MinPoll || d > time.Hour {
		return fmt.Errorf("%s is not allowed: from %s to 1h", s, MinPoll)
	}
	c.Poll = d
	return nil
}

// setOlderAfter reads a number of days, such as 14d, or a duration.
func (c *Config) setOlderAfter(s string) error {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil {
			d = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil {
		return fmt.Errorf("%q is not a duration: write it as 14d or 36h", s)
	}
	if d < time.Hour || d > maxOlderAfter {
		return fmt.Errorf("%s is not allowed: from 1h to 3650d", s)
	}
	c.OlderAfter = d
	return nil
}

// maxOlderAfter is ten years.
const maxOlderAfter = 3650 * 24 * time.Hour

func (c *Config) setBudget(s string) error {
	if s == "off" {
		c.Budget = Budget{Off: true}
		return nil
	}
	share, err := strconv.ParseFloat(s, 64)
	if err != nil || !(share > 0 && share <= 1) {
		return fmt.Errorf("%q is not a share of Azure's limits: a number above 0 and up to 1, or off", s)
	}
	c.Budget = Budget{Share: share}
	return nil
}

func (c *Config) setHistoryRecords(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number of run records: a whole number such as 1000000, or 0 for as many as there are", s)
	}
	c.HistoryRecords = n
	return nil
}

func checkHost(s string) (string, error) {
	if s == "" || strings.ContainsAny(s, "/:@?#*, ") {
		return "", fmt.Errorf("%q is not a host name: write it without scheme, port and path, such as board.example.com", s)
	}
	return strings.ToLower(s), nil
}

func checkOrigin(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(s, "*;, '\"") {
		return "", fmt.Errorf("%q is not an origin: write scheme and host (and port), such as https://portal.example.com", s)
	}
	return strings.ToLower(u.Scheme + "://" + u.Host), nil
}

func checkFactory(s string) (string, error) {
	id, err := adf.ParseFactoryID(s)
	return string(id), err
}

func checkCloudName(s string) error {
	if !slices.Contains(CloudNames(), s) {
		return fmt.Errorf("%q is not a cloud known by name: %s, or a custom one by its addresses", s, strings.Join(CloudNames(), ", "))
	}
	return nil
}

// check refuses a custom cloud that lacks an address or gives one without
// https, which Entra's libraries and ARM both insist on.
func (c Cloud) check(where string) error {
	for _, f := range []struct{ name, value string }{
		{"authority", c.Authority}, {"resourceManager", c.ResourceManager}, {"audience", c.Audience},
	} {
		if f.value == "" {
			return fmt.Errorf("%s: a custom cloud needs its %s as well: authority, resourceManager and audience belong together", where, f.name)
		}
	}
	for _, f := range []struct{ name, value string }{
		{"authority", c.Authority}, {"resourceManager", c.ResourceManager}, {"studio", c.Studio},
	} {
		if f.value == "" {
			continue
		}
		if u, err := url.Parse(f.value); err != nil || u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("%s: %s %q is not an https:// address", where, f.name, f.value)
		}
	}
	return nil
}

package emulator_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

func TestInfoIsOneLineWithTheAgreedKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	line, err := json.Marshal(b.info)
	if err != nil {
		t.Fatal(err)
	}
	guid := `"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`
	secret := `"[A-Za-z0-9.~]{3}8Q~[A-Za-z0-9.~]{34}"`
	local := `127\.0\.0\.1:[1-9][0-9]*"`
	identity := `\{"clientId":` + guid + `,"clientSecret":` + secret + `,"what":"[^"]+"\}`
	want := regexp.MustCompile(`^\{"tenantId":` + guid + `,"clientId":` + guid + `,"clientSecret":` + secret +
		`,"authority":"https://` + local + `,"resourceManager":"https://` + local + `,"proxy":"http://` + local + `,"control":"http://` + local +
		`,"caFile":"/[^"]+","factories":\["/subscriptions/[^"]+"(,"/subscriptions/[^"]+")+\],"identities":\[` + identity + `,` + identity + `\]\}$`)
	if !want.Match(line) {
		t.Errorf("got %s", line)
	}
}

func TestTheSeedChoosesTheCompanyAndItsIdentities(t *testing.T) {
	t.Parallel()
	one, same, other := setup(t, emulator.Options{Seed: 3}).info, setup(t, emulator.Options{Seed: 3}).info, setup(t, emulator.Options{Seed: 4}).info
	if one.TenantID != same.TenantID || one.ClientSecret != same.ClientSecret || one.Factories[0] != same.Factories[0] {
		t.Errorf("the same seed gives %+v and %+v", one, same)
	}
	if one.ClientSecret == other.ClientSecret || one.TenantID == other.TenantID {
		t.Error("another seed gives the same identities")
	}
}

func TestBadOptionsSayWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]emulator.Options{
		`unknown scenario "bank"; allowed: default`:                               {Scenario: "bank"},
		`limits "many" are not known; allowed: real, off, or a number of times`:   {Limits: "many"},
		`limits "-1" are not known; allowed`:                                      {Limits: "-1"},
		`limits "NaN" are not known; allowed`:                                     {Limits: "NaN"},
		`listen address "0.0.0.0:1" is not on loopback; allowed hosts: 127.0.0.1`: {Listen: "0.0.0.0:1"},
		`listen address ":0" is not on loopback`:                                  {Listen: ":0"},
		`listen address "8443" is not host:port; allowed: a loopback address`:     {Listen: "8443"},
		`listen address "127.0.0.1:99999" has no port from 0 to 65535`:            {Listen: "127.0.0.1:99999"},
		`proxy-listen address "example.com:1" is not on loopback`:                 {ProxyListen: "example.com:1"},
		`control-listen address "10.0.0.1:1" is not on loopback`:                  {ControlListen: "10.0.0.1:1"},
		`size -5`:  {Size: -5},
		`speed -1`: {Speed: -1},
	} {
		if _, err := emulator.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestStopIsIdempotentAndLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	if err := b.emu.Start(t.Context()); err == nil {
		t.Error("a second Start is accepted")
	}
	b.arm("GET", b.info.Factories[0], "") // leaves an idle HTTP/2 connection open
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := b.emu.Stop(ctx); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(b.info.CAFile); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", b.info.CAFile, err)
	}
	if _, err := os.Stat(filepath.Dir(b.info.CAFile)); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
	if _, err := b.try("GET", b.info.Control+"/clock", ""); err == nil {
		t.Error("the control listener still answers")
	}
	never, err := emulator.New(emulator.Options{Size: 300})
	if err != nil {
		t.Fatal(err)
	}
	if err := never.Stop(t.Context()); err != nil {
		t.Errorf("Stop before Start: %v", err)
	}
}

func TestAPortInUseStopsTheStart(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	taken := strings.TrimPrefix(b.info.Control, "http://")
	emu, err := emulator.New(emulator.Options{Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", ControlListen: taken, CAOut: ca, Size: 300})
	if err != nil {
		t.Fatal(err)
	}
	if err := emu.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "listen on "+taken+"; --control-listen names another address") {
		t.Errorf("got %v", err)
	}
	if _, err := emulator.New(emulator.Options{CAOut: "/nowhere/ca.pem", Size: 300}); err != nil {
		t.Errorf("New touches the file system: %v", err)
	}
	emu, err = emulator.New(emulator.Options{Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", ControlListen: "127.0.0.1:0", CAOut: "/nowhere/ca.pem", Size: 300})
	if err != nil {
		t.Fatal(err)
	}
	if err := emu.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "write the CA file; --ca-out names another place") {
		t.Errorf("got %v", err)
	}
}

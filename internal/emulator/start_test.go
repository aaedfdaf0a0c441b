package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	endpoint := `127\.0\.0\.1:[1-9][0-9]*/msi/token"`
	local := `127\.0\.0\.1:[1-9][0-9]*"`
	identity := `\{"tenantId":` + guid + `,"clientId":` + guid + `,"clientSecret":` + secret + `,"what":"[^"]+"\}`
	want := regexp.MustCompile(`^\{"tenantId":` + guid + `,"clientId":` + guid + `,"clientSecret":` + secret +
		`,"authority":"https://` + local + `,"resourceManager":"https://` + local + `,"proxy":"http://` + local + `,"control":"http://` + local +
		`,"caFile":"/[^"]+","factories":\["/subscriptions/[^"]+"(,"/subscriptions/[^"]+")+\],"identities":\[` + identity + `(,` + identity + `)+\]` +
		`,"managedIdentity":\{"endpoint":"http://` + endpoint + `,"header":"[0-9A-F]{32}","clientId":` + guid + `\}` +
		`,"certificateFile":"/[^"]+","federatedTokenFile":"/[^"]+"\}$`)
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
	if one.ManagedIdentity.Header != same.ManagedIdentity.Header || one.ManagedIdentity.ClientID != same.ManagedIdentity.ClientID {
		t.Errorf("the same seed gives %+v and %+v", one.ManagedIdentity, same.ManagedIdentity)
	}
	if one.ClientSecret == other.ClientSecret || one.TenantID == other.TenantID {
		t.Error("another seed gives the same identities")
	}
}

// TestIdentitiesOfASeedStayAsTheyWere pins what scripts have written down.
func TestIdentitiesOfASeedStayAsTheyWere(t *testing.T) {
	t.Parallel()
	info := setup(t, emulator.Options{Seed: 1}).info
	got := [][2]string{{info.ClientID, info.ClientSecret}}
	for _, i := range info.Identities[:2] {
		got = append(got, [2]string{i.ClientID, i.ClientSecret})
	}
	want := [][2]string{
		{"4f4746c1-4fe4-4aa4-bbed-67ccf63d57f8", "HBX8Q~iLswoeZtY7uUigHnv7NpeL~jOShwPDwEXY"},
		{"bcf6a9ee-b366-4761-903a-d54e8f570dfd", "Khk8Q~8L3p.hg2haAuxo9ua0GNkJCXnCYn0OUx6b"},
		{"69433b8c-78ff-419a-9a9e-6bdbe340faa3", "ySW8Q~9Z0Muu0XkKEpeUHlqu2vwio849zlAvnvQY"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !strings.Contains(info.Identities[0].What, "not query") || !strings.Contains(info.Identities[1].What, "expired") {
		t.Errorf("the first two are %q and %q", info.Identities[0].What, info.Identities[1].What)
	}
}

// TestCredentialsLieBesideTheCAFile: what a container shares by a folder.
func TestCredentialsLieBesideTheCAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// An earlier run that was killed may have left a file that all can read.
	before := filepath.Join(dir, "ca-federated-token")
	if err := errors.Join(os.WriteFile(before, nil, 0o600), os.Chmod(before, 0o666)); err != nil {
		t.Fatal(err)
	}
	b := setup(t, emulator.Options{CAOut: filepath.Join(dir, "ca.pem")})
	if b.info.CertificateFile != filepath.Join(dir, "ca-client-certificate.pem") || b.info.FederatedTokenFile != filepath.Join(dir, "ca-federated-token") {
		t.Errorf("they lie at %s and %s", b.info.CertificateFile, b.info.FederatedTokenFile)
	}
	for _, file := range []string{b.info.CertificateFile, b.info.FederatedTokenFile} {
		if s, err := os.Stat(file); err != nil || s.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, s, err)
		}
	}
	if err := b.emu.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "ca.pem" {
		t.Errorf("Stop leaves %v, %v", left, err)
	}
}

func TestBadOptionsSayWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]emulator.Options{
		`unknown scenario "war"; allowed: default, bank, quiet, hostile`:          {Scenario: "war"},
		`limits "many" are not known; allowed: real, off, or a number of times`:   {Limits: "many"},
		`limits "-1" are not known; allowed`:                                      {Limits: "-1"},
		`limits "NaN" are not known; allowed`:                                     {Limits: "NaN"},
		`listen address "0.0.0.0:1" is not on loopback; allowed hosts: 127.0.0.1`: {Listen: "0.0.0.0:1"},
		`listen address ":0" is not on loopback`:                                  {Listen: ":0"},
		`listen address "8443" is not host:port; allowed: a loopback address`:     {Listen: "8443"},
		`listen address "127.0.0.1:99999" has no port from 0 to 65535`:            {Listen: "127.0.0.1:99999"},
		`proxy-listen address "example.com:1" is not on loopback`:                 {ProxyListen: "example.com:1"},
		`control-listen address "10.0.0.1:1" is not on loopback`:                  {ControlListen: "10.0.0.1:1"},
		`unknown query-right "both"; allowed: action, read`:                       {QueryRight: "both"},
		`token-life 25h0m0s is not possible; allowed: 1s to 24h0m0s`:              {TokenLife: 25 * time.Hour},
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
	for _, file := range []string{b.info.CertificateFile, b.info.FederatedTokenFile} {
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", file, err)
		}
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

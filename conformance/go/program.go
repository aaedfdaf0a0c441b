package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datafactory/armdatafactory/v9"
)

// emulated is the line of andon emulate --json, as far as it is needed here.
type emulated struct {
	TenantID        string   `json:"tenantId"`
	ClientID        string   `json:"clientId"`
	ClientSecret    string   `json:"clientSecret"`
	Authority       string   `json:"authority"`
	ResourceManager string   `json:"resourceManager"`
	Control         string   `json:"control"`
	Factories       []string `json:"factories"`
	Identities      []struct {
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
		What         string `json:"what"`
	} `json:"identities"`
}

// program holds what the calls share, and what earlier ones found for later ones.
type program struct {
	ctx     context.Context
	way     string
	version string
	failed  bool

	emulator                     emulated
	options                      policy.ClientOptions
	subscription, group, factory string
	adf                          *armdatafactory.ClientFactory
	after, before                time.Time

	runs     []*armdatafactory.PipelineRun // those between after and before
	failedIn *armdatafactory.PipelineRun   // one of them that failed
	first    string                        // the name of its first activity
}

func newProgram(ctx context.Context, file, way string) (*program, error) {
	p := &program{ctx: ctx, way: way, version: "armdatafactory " + moduleVersion("armdatafactory")}
	text, err := os.ReadFile(file) //nolint:gosec // whoever runs this names the file
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &p.emulator); err != nil {
		return nil, fmt.Errorf("%s is not the line of andon emulate --json: %w", file, err)
	}
	segments := strings.Split(strings.Trim(p.emulator.Factories[0], "/"), "/")
	p.subscription, p.group, p.factory = segments[1], segments[3], segments[7]
	if way == "endpoints" {
		p.options.Cloud = cloud.Configuration{
			ActiveDirectoryAuthorityHost: p.emulator.Authority,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: p.emulator.ResourceManager, Audience: "https://management.azure.com"},
			},
		}
	}
	cred, err := p.credential(p.emulator.ClientID, p.emulator.ClientSecret)
	if err != nil {
		return nil, err
	}
	p.adf, err = armdatafactory.NewClientFactory(p.subscription, cred, p.arm())
	if err != nil {
		return nil, err
	}
	now, err := p.now()
	if err != nil {
		return nil, err
	}
	p.after, p.before = now.Add(-25*time.Hour), now.Add(-time.Hour)
	return p, nil
}

func moduleVersion(name string) string {
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if strings.Contains(m.Path, "/"+name) {
			return m.Version
		}
	}
	return "of an unknown version"
}

func (p *program) arm() *arm.ClientOptions { return &arm.ClientOptions{ClientOptions: p.options} }

// credential leaves out instance discovery for a custom authority alone, as Microsoft's documents tell to.
func (p *program) credential(id, secret string) (*azidentity.ClientSecretCredential, error) {
	return azidentity.NewClientSecretCredential(p.emulator.TenantID, id, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: p.options, DisableInstanceDiscovery: p.way == "endpoints",
	})
}

// identity is the further app registration whose description holds text.
func (p *program) identity(text string) *azidentity.ClientSecretCredential {
	for _, i := range p.emulator.Identities {
		if strings.Contains(i.What, text) {
			cred, err := p.credential(i.ClientID, i.ClientSecret)
			noError(err)
			return cred
		}
	}
	need(false, "no identity %q in the emulator's line", text)
	return nil
}

// control asks the emulator's own listener.
func (p *program) control(method, path, body string, into any) error {
	req, err := http.NewRequestWithContext(p.ctx, method, p.emulator.Control+path, bytes.NewBufferString(body)) //nolint:gosec // the emulator's own line says where
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req) //nolint:gosec // the emulator's own line says where
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // nothing is written to it
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// now is the emulated world's time.
func (p *program) now() (time.Time, error) {
	var clock struct{ Now time.Time }
	err := p.control(http.MethodGet, "/clock", "", &clock)
	return clock.Now, err
}

// advance moves the emulated world's time.
func (p *program) advance(by string) {
	var clock struct{ Now time.Time }
	noError(p.control(http.MethodPost, "/clock", `{"advance":"`+by+`"}`, &clock))
}

// value is what v points to; nil ends the call as failed.
func value[T any](v *T, what string) T {
	need(v != nil, "%s is missing", what)
	return *v
}

// text is what s points to, or nothing.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

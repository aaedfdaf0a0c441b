package azure

import (
	"fmt"
	"net/url"
	"strings"

	"andon/internal/adf"
)

// Cloud says where Entra ID and Azure Resource Manager are. A field left
// empty takes the public cloud's value, so the zero Cloud is the public one
// and a private way into it names only what differs.
type Cloud struct {
	Name            string // public, usgov or china; "" for a custom cloud
	Authority       string // https URL of Entra ID, without a tenant
	ResourceManager string // https URL of ARM
	Audience        string // audience of ARM's tokens, as Entra ID knows it
	Studio          string // https URL of ADF Studio, for links
	CAFile          string // PEM file of authorities trusted beside the system's; "" for none
}

// Public returns Azure's public cloud.
func Public() Cloud {
	return Cloud{
		Name:            "public",
		Authority:       "https://login.microsoftonline.com",
		ResourceManager: "https://management.azure.com",
		Audience:        "https://management.azure.com",
		Studio:          "https://adf.azure.com",
	}
}

// USGovernment returns Azure Government.
func USGovernment() Cloud {
	return Cloud{
		Name:            "usgov",
		Authority:       "https://login.microsoftonline.us",
		ResourceManager: "https://management.usgovcloudapi.net",
		Audience:        "https://management.core.usgovcloudapi.net",
		Studio:          "https://adf.azure.us",
	}
}

// China returns Azure operated by 21Vianet.
func China() Cloud {
	return Cloud{
		Name:            "china",
		Authority:       "https://login.chinacloudapi.cn",
		ResourceManager: "https://management.chinacloudapi.cn",
		Audience:        "https://management.core.chinacloudapi.cn",
		Studio:          "https://adf.azure.cn",
	}
}

// CloudByName returns the cloud called public, usgov or china. The error
// names these three.
func CloudByName(name string) (Cloud, error) {
	for _, c := range []Cloud{Public(), USGovernment(), China()} {
		if strings.EqualFold(c.Name, strings.TrimSpace(name)) {
			return c, nil
		}
	}
	return Cloud{}, fmt.Errorf("unknown cloud %q; known are public, usgov and china, any other is described by its authority, resourceManager and audience", name)
}

// Validate reports the first field that can't be used, by its name in
// andon.yaml.
func (c Cloud) Validate() error {
	c = c.complete()
	for _, f := range []struct{ name, value string }{
		{"authority", c.Authority}, {"resourceManager", c.ResourceManager}, {"studio", c.Studio},
	} {
		u, err := url.Parse(f.value)
		switch {
		case err != nil:
			// The parser's error repeats the text, which may hold a password.
			return fmt.Errorf("%s of the cloud is not a URL; give one such as https://management.azure.com", f.name)
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return fmt.Errorf("%s of the cloud has more than a host and a path; give one such as https://management.azure.com", f.name)
		case u.Scheme != "https":
			return fmt.Errorf("%s of the cloud is %q; it has to begin with https://, since tokens are sent there", f.name, f.value)
		case u.Host == "":
			return fmt.Errorf("%s of the cloud is %q, which has no host; give one such as https://management.azure.com", f.name, f.value)
		}
	}
	if u, err := url.Parse(c.Audience); err != nil || u.Scheme == "" {
		return fmt.Errorf("audience of the cloud is %q; give the URI that Entra ID knows ARM by, such as https://management.azure.com", c.Audience)
	}
	return nil
}

// StudioURL returns the address of a run's page in this cloud's ADF Studio, or
// of the factory's own page when runID is "". The factory's id keeps its case,
// which Studio needs.
func (c Cloud) StudioURL(factory adf.FactoryID, runID string) string {
	c = c.complete()
	if runID == "" {
		return c.Studio + "/en/home?factory=" + url.QueryEscape(string(factory))
	}
	return c.Studio + "/en/monitoring/pipelineruns/" + url.PathEscape(runID) + "?factory=" + url.QueryEscape(string(factory))
}

// complete fills empty fields and takes the closing slash off the hosts.
func (c Cloud) complete() Cloud {
	public := Public()
	fill := func(value, otherwise string) string {
		if value == "" {
			value = otherwise
		}
		return strings.TrimRight(value, "/")
	}
	c.Authority = fill(c.Authority, public.Authority)
	c.ResourceManager = fill(c.ResourceManager, public.ResourceManager)
	c.Audience = fill(c.Audience, public.Audience)
	c.Studio = fill(c.Studio, public.Studio)
	return c
}

// customAuthority reports whether Entra ID is asked under a host that is not
// Microsoft's. The libraries ask Microsoft about such a host before they use
// it, and that question has to be left out.
func (c Cloud) customAuthority() bool {
	for _, known := range []Cloud{Public(), USGovernment(), China()} {
		if strings.EqualFold(c.Authority, known.Authority) {
			return false
		}
	}
	return !strings.EqualFold(c.Authority, "https://login.partner.microsoftonline.cn")
}

package config

import (
	"fmt"
	"os"
	"strings"
	"time"

	"andon/internal/adf"
)

// Input is what Load reads from.
type Input struct {
	File  string              // path of andon.yaml; "" for none
	Flags map[string][]string // values of the flags that were given, by flag name
	Env   func(string) string // os.Getenv, or a test's
}

// scalar is one setting that can come from a flag, the environment or the
// file. Its parser's error says what is allowed; Load says where the value
// came from.
type scalar struct {
	flag, env, key string
	parse          func(string) error
}

// Load returns the settings of in. The first value found counts: flag,
// environment, file, default. Its error is a sentence for the person who
// typed the value, and means a usage error.
func Load(in Input) (Config, error) {
	c := Config{
		Listen: DefaultListen, Store: DefaultStore, Poll: DefaultPoll,
		Budget: Budget{Share: DefaultBudget}, OlderAfter: DefaultOlderAfter,
	}
	file, err := readFile(in.File)
	if err != nil {
		return Config{}, err
	}
	scalars := []scalar{
		{"listen", "ANDON_LISTEN", "listen", c.setListen},
		{"store", "ANDON_STORE", "store", c.setStore},
		{"poll", "ANDON_POLL", "poll", c.setPoll},
		{"budget", "ANDON_BUDGET", "budget", c.setBudget},
		{"history-records", "ANDON_HISTORY_RECORDS", "historyRecords", c.setHistoryRecords},
		{"older-after", "ANDON_OLDER_AFTER", "olderAfter", c.setOlderAfter},
	}
	for _, s := range scalars {
		if err := s.load(in, file); err != nil {
			return Config{}, err
		}
	}
	c.NoCollect = len(in.Flags["no-collect"]) > 0 && in.Flags["no-collect"][0] == "true"

	if c.AllowHosts, err = list(in, "allow-host", "ANDON_ALLOW_HOSTS", fileList{}, checkHost); err != nil {
		return Config{}, err
	}
	if c.EmbedOrigins, err = list(in, "embed-origin", "ANDON_EMBED_ORIGINS", file.embedOrigins, checkOrigin); err != nil {
		return Config{}, err
	}
	c.Activities, c.Redact, c.Series = file.activities, file.redact, file.series
	if err := c.loadSources(in, file); err != nil {
		return Config{}, err
	}
	return c, nil
}

func (s scalar) load(in Input, file parsedFile) error {
	if v := in.Flags[s.flag]; len(v) > 0 {
		return located(s.parse(v[len(v)-1]), "--"+s.flag)
	}
	if v := in.Env(s.env); v != "" {
		return located(s.parse(v), "environment variable "+s.env)
	}
	if v, ok := file.scalars[s.key]; ok {
		return located(s.parse(v.text), v.where)
	}
	return nil
}

func located(err error, where string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", where, err)
}

// list reads a repeatable setting: every flag value, else the environment's
// (split at commas and blanks), else the file's. Each value is checked, and
// returned as check spells it.
func list(in Input, flag, env string, file fileList, check func(string) (string, error)) ([]string, error) {
	values, where := in.Flags[flag], func(int) string { return "--" + flag }
	if len(values) == 0 {
		values = split(in.Env(env))
		where = func(int) string { return "environment variable " + env }
	}
	if len(values) == 0 {
		values = file.texts()
		where = func(i int) string { return file[i].where }
	}
	var out []string
	for i, v := range values {
		spelled, err := check(strings.TrimSpace(v))
		if err != nil {
			return nil, located(err, where(i))
		}
		out = append(out, spelled)
	}
	return out, nil
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}

// loadSources takes the file's sources, or the one that AZURE_* describes.
// --factory and ANDON_FACTORIES narrow the only source there is.
func (c *Config) loadSources(in Input, file parsedFile) error {
	factories, err := list(in, "factory", "ANDON_FACTORIES", fileList{}, checkFactory)
	if err != nil {
		return err
	}
	c.Sources = file.sources
	if len(c.Sources) == 0 {
		src, ok, err := sourceFromEnv(in.Env)
		if err != nil {
			return err
		}
		if ok {
			c.Sources = []Source{src}
		}
	}
	if len(factories) > 0 && len(c.Sources) > 1 {
		return fmt.Errorf("--factory (ANDON_FACTORIES) can't tell which of the %d sources in %s is meant: list the factories under each source there", len(c.Sources), in.File)
	}
	if len(factories) > 0 && len(c.Sources) == 1 {
		c.Sources[0].Factories = nil
		for _, f := range factories {
			c.Sources[0].Factories = append(c.Sources[0].Factories, adf.FactoryID(f))
		}
	}
	if len(c.Sources) == 0 && !c.NoCollect {
		return errNoIdentity(in.Env)
	}
	return nil
}

func cloudFromEnv(env func(string) string) (Cloud, error) {
	custom := Cloud{
		Authority: env("AZURE_AUTHORITY_HOST"), ResourceManager: env("ANDON_RESOURCE_MANAGER"),
		Audience: env("ANDON_AUDIENCE"), Studio: env("ANDON_STUDIO"), CAFile: env("ANDON_CA_FILE"),
	}
	name := env("ANDON_CLOUD")
	if name == "" && custom.ResourceManager == "" {
		name = cloudOfAuthority(custom.Authority)
	}
	if name != "" {
		if err := checkCloudName(name); err != nil {
			return Cloud{}, located(err, "environment variable ANDON_CLOUD")
		}
		return Cloud{Name: name, CAFile: custom.CAFile}, nil
	}
	return custom, custom.check("the environment (AZURE_AUTHORITY_HOST, ANDON_RESOURCE_MANAGER, ANDON_AUDIENCE, ANDON_STUDIO)")
}

// cloudOfAuthority names the cloud whose Entra host AZURE_AUTHORITY_HOST
// gives, so that Azure's own variable is enough for the sovereign clouds.
func cloudOfAuthority(authority string) string {
	host := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(authority), "https://"), "/")
	switch host {
	case "", "login.microsoftonline.com":
		return "public"
	case "login.microsoftonline.us":
		return "usgov"
	case "login.chinacloudapi.cn", "login.partner.microsoftonline.cn":
		return "china"
	default:
		return ""
	}
}

// readSecretFile returns the first line of a secret's file.
func readSecretFile(path string) (Secret, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the configuration names the file
	if err != nil {
		return Secret{}, fmt.Errorf("the secret can't be read: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return Secret{}, fmt.Errorf("the secret's file %s is empty", path)
	}
	return NewSecret(line), nil
}

// parseDay reads a day or an instant, for secretExpires.
func parseDay(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date: write it as 2027-03-31", s)
}

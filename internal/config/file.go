package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"andon/internal/adf"
)

// parsedFile is andon.yaml with the place of each value, so that an error
// can name it.
type parsedFile struct {
	scalars      map[string]fileValue
	embedOrigins fileList
	sources      []Source
	activities   []ActivityPolicy
	series       []SeriesRule
	redact       Redact
}

type fileValue struct{ text, where string }

type fileList []fileValue

func (l fileList) texts() []string {
	var out []string
	for _, v := range l {
		out = append(out, v.text)
	}
	return out
}

// maxFileBytes bounds what is read as configuration.
const maxFileBytes = 1 << 20

func readFile(path string) (parsedFile, error) {
	if path == "" {
		return parsedFile{}, nil
	}
	f, err := os.Open(path) //nolint:gosec // the person who starts the program names the file
	if err != nil {
		return parsedFile{}, fmt.Errorf("--config: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return parsedFile{}, fmt.Errorf("--config: %w", err)
	}
	if len(b) > maxFileBytes {
		return parsedFile{}, fmt.Errorf("--config: %s is larger than 1 MiB, so it is no configuration", path)
	}
	return parseFile(path, b)
}

// parseFile reads the text of andon.yaml. name stands in its errors.
func parseFile(name string, b []byte) (parsedFile, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return parsedFile{}, fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	p := &fileParser{name: name, out: parsedFile{scalars: map[string]fileValue{}}}
	if len(doc.Content) == 1 {
		p.root(doc.Content[0])
	}
	return p.out, errors.Join(p.errs...)
}

type fileParser struct {
	name string
	out  parsedFile
	errs []error
}

func (p *fileParser) where(n *yaml.Node, key string) string {
	return fmt.Sprintf("%s line %d: %s", p.name, n.Line, key)
}

func (p *fileParser) fail(n *yaml.Node, key, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %s", p.where(n, key), fmt.Sprintf(format, args...)))
}

// each calls use for every key of a mapping and refuses the keys that are
// not allowed there, and those given twice.
func (p *fileParser) each(n *yaml.Node, path string, allowed []string, use func(key string, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, path, "has to be a group of keys: %s", strings.Join(allowed, ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		full := strings.TrimPrefix(path+"."+k.Value, ".")
		switch {
		case !slices.Contains(allowed, k.Value):
			p.fail(k, full, "is not a setting; allowed here: %s", strings.Join(allowed, ", "))
		case seen[k.Value]:
			p.fail(k, full, "stands twice")
		default:
			seen[k.Value] = true
			use(k.Value, v)
		}
	}
}

func (p *fileParser) text(n *yaml.Node, key string) fileValue {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		p.fail(n, key, "has to be a single value")
		return fileValue{}
	}
	return fileValue{text: n.Value, where: p.where(n, key)}
}

func (p *fileParser) texts(n *yaml.Node, key string) fileList {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, key, "has to be a list")
		return nil
	}
	var out fileList
	for i, item := range n.Content {
		if v := p.text(item, fmt.Sprintf("%s[%d]", key, i)); v.where != "" {
			out = append(out, v)
		}
	}
	return out
}

func (p *fileParser) root(n *yaml.Node) {
	if n.Tag == "!!null" {
		return // an empty file is no settings
	}
	p.each(n, "", []string{"listen", "store", "poll", "budget", "historyRecords", "embed", "sources", "activities", "redact", "series", "olderAfter"}, func(key string, v *yaml.Node) {
		switch key {
		case "embed":
			p.each(v, "embed", []string{"origins"}, func(_ string, o *yaml.Node) {
				p.out.embedOrigins = p.texts(o, "embed.origins")
			})
		case "sources":
			p.sources(v)
		case "activities":
			p.activities(v)
		case "redact":
			p.redact(v)
		case "series":
			p.series(v)
		default:
			if t := p.text(v, key); t.where != "" {
				p.out.scalars[key] = t
			}
		}
	})
}

func (p *fileParser) sources(n *yaml.Node) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.fail(n, "sources", "has to be a list with at least one source")
		return
	}
	names := map[string]bool{}
	for i, item := range n.Content {
		path := fmt.Sprintf("sources[%d]", i)
		src, ok := p.source(item, path)
		if !ok {
			continue
		}
		if names[strings.ToLower(src.Name)] {
			p.fail(item, path+".name", "%q names two sources", src.Name)
		}
		names[strings.ToLower(src.Name)] = true
		p.out.sources = append(p.out.sources, src)
	}
}

func (p *fileParser) source(n *yaml.Node, path string) (Source, bool) {
	before := len(p.errs)
	src := Source{Cloud: Cloud{Name: "public"}}
	var credentials []string
	p.each(n, path, sourceKeys(), func(key string, v *yaml.Node) {
		full := path + "." + key
		switch key {
		case "cloud":
			src.Cloud = p.cloud(v, full)
			return
		case "factories":
			for _, f := range p.texts(v, full) {
				id, err := adf.ParseFactoryID(f.text)
				if err != nil {
					p.errs = append(p.errs, located(err, f.where))
					continue
				}
				src.Factories = append(src.Factories, id)
			}
			return
		}
		t := p.text(v, full)
		if t.where == "" {
			return
		}
		switch key {
		case "name":
			src.Name = t.text
		case "tenantId":
			src.TenantID = t.text
		case "clientId":
			src.ClientID = t.text
		case "clientSecret":
			credentials = append(credentials, key)
			src.ClientSecret = NewSecret(t.text)
		case "clientSecretFile":
			credentials = append(credentials, key)
			secret, err := readSecretFile(t.text)
			if err != nil {
				p.fail(v, full, "%s", err)
			}
			src.ClientSecret, src.ClientSecretFile = secret, t.text
		case "certificateFile":
			credentials = append(credentials, key)
			src.CertificateFile = t.text
		case "federatedTokenFile":
			credentials = append(credentials, key)
			src.FederatedTokenFile = t.text
		case "managedIdentity", "azureCli":
			isGiven, err := strconv.ParseBool(t.text)
			if err != nil {
				p.fail(v, full, "%q is neither true nor false", t.text)
			}
			if isGiven {
				credentials = append(credentials, key)
			}
			if key == "azureCli" {
				src.AzureCLI = isGiven
			} else {
				src.ManagedIdentity = isGiven
			}
		case "secretExpires":
			day, err := parseDay(t.text)
			if err != nil {
				p.fail(v, full, "%s", err)
			}
			src.SecretExpires = day
		}
	})
	if len(p.errs) > before {
		return Source{}, false
	}
	for _, wrong := range src.wrongWith(credentials) {
		p.fail(n, strings.TrimSuffix(path+"."+wrong.key, "."), "%s", wrong.text)
	}
	if src.Name == "" {
		src.Name = src.defaultName()
	}
	return src, len(p.errs) == before
}

// cloud reads a cloud's name, or the addresses of a custom one.
func (p *fileParser) cloud(n *yaml.Node, path string) Cloud {
	if n.Kind == yaml.ScalarNode {
		if err := checkCloudName(n.Value); err != nil {
			p.fail(n, path, "%s", err)
		}
		return Cloud{Name: n.Value}
	}
	var c Cloud
	p.each(n, path, []string{"authority", "resourceManager", "audience", "studio", "caFile"}, func(key string, v *yaml.Node) {
		t := p.text(v, path+"."+key).text
		switch key {
		case "authority":
			c.Authority = t
		case "resourceManager":
			c.ResourceManager = t
		case "audience":
			c.Audience = t
		case "studio":
			c.Studio = t
		case "caFile":
			c.CAFile = t
		}
	})
	if err := c.check(p.where(n, path)); err != nil {
		p.errs = append(p.errs, err)
	}
	return c
}

package adf

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// FactoryID is the ARM resource id of a factory, spelled as Azure spells it:
// /subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.DataFactory/factories/{name}.
// ARM compares ids without regard to case: compare Key, show the id.
type FactoryID string

const factoryIDForm = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataFactory/factories/{name}"

// ParseFactoryID reads a factory's place from an ARM resource id, from the
// address of a page of ADF Studio or of the Azure portal, or from
// subscription/resourceGroup/name. The error shows the accepted forms.
func ParseFactoryID(s string) (FactoryID, error) {
	text := strings.TrimSpace(s)
	if u, err := url.Parse(text); err == nil && u.Scheme != "" && u.Host != "" {
		if f := u.Query().Get("factory"); f != "" {
			text = f // Studio: …?factory=%2Fsubscriptions%2F…
		} else {
			text = u.Path + u.Fragment // portal: …/#@tenant/resource/subscriptions/…
		}
	}
	if i := strings.Index(strings.ToLower(text), "/subscriptions/"); i >= 0 {
		text = text[i:]
	}
	parts := strings.Split(strings.Trim(text, "/"), "/")
	switch {
	case len(parts) == 3:
		return newFactoryID(parts[0], parts[1], parts[2], s)
	case len(parts) >= 8 && strings.EqualFold(parts[0], "subscriptions") &&
		strings.EqualFold(parts[2], "resourceGroups") && strings.EqualFold(parts[4], "providers") &&
		strings.EqualFold(parts[5], "Microsoft.DataFactory") && strings.EqualFold(parts[6], "factories"):
		return newFactoryID(parts[1], parts[3], parts[7], s)
	}
	return "", fmt.Errorf("%q does not name a factory: give its ARM resource id (%s), the address of its page in ADF Studio or the Azure portal, or subscription/resourceGroup/name", s, factoryIDForm)
}

func newFactoryID(subscription, group, name, input string) (FactoryID, error) {
	for _, p := range []string{subscription, group, name} {
		if !isName(p) {
			return "", fmt.Errorf("%q does not name a factory: %q can't stand in %s", input, p, factoryIDForm)
		}
	}
	return FactoryID("/subscriptions/" + subscription + "/resourceGroups/" + group +
		"/providers/Microsoft.DataFactory/factories/" + name), nil
}

// isName reports whether s can be one segment of an ARM id: the letters that
// ARM allows for resource groups, the widest of the three kinds of names. An
// id becomes part of URLs and of commands that people paste.
func isName(s string) bool {
	if strings.Trim(s, ".") == "" { // "", and the "." and ".." of paths
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.()", r) {
			return false
		}
	}
	return true
}

// Key returns the id in lower case, for comparing.
func (id FactoryID) Key() string { return strings.ToLower(string(id)) }

// part returns the i-th segment of the id, "" where there is none.
func (id FactoryID) part(i int) string {
	parts := strings.Split(strings.Trim(string(id), "/"), "/")
	if i >= len(parts) {
		return ""
	}
	return parts[i]
}

// Subscription returns the subscription's id.
func (id FactoryID) Subscription() string { return id.part(1) }

// ResourceGroup returns the resource group's name.
func (id FactoryID) ResourceGroup() string { return id.part(3) }

// Name returns the factory's name as the id spells it. ADF's own answers keep
// the factory's case in its name and may lower it in its id.
func (id FactoryID) Name() string { return id.part(7) }

// Factory is an ADF instance (ADF REST, Factories - Get).
type Factory struct {
	ID         FactoryID
	Name       string          // keeps its case where the id is lower-cased
	Location   string          // as Azure spells it: "East US" and "eastus" both occur; "" when absent
	Tags       json.RawMessage // object of strings; nil when absent
	Properties json.RawMessage // provisioningState, createTime, version, repoConfiguration …; nil when absent
	Raw        json.RawMessage // the whole resource, byte for byte
}

// Subscription is one Azure subscription that an identity can see (ARM REST,
// Subscriptions - List).
type Subscription struct {
	SubscriptionID string
	DisplayName    string
	State          string // Enabled, Warned, PastDue, Disabled …; open set
	TenantID       string
}

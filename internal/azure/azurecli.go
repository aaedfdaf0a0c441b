package azure

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// cliCredential takes the tokens of whoever is logged in to the Azure CLI: for
// a person who tries Andon, not for a server, since such a login ends.
func cliCredential(cfg Config, _ azpolicy.ClientOptions) (azcore.TokenCredential, error) {
	credential, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: cfg.TenantID})
	if err != nil {
		return nil, badTenant(cfg)
	}
	return explained{credential, func(_ context.Context, err error) *Error { return cliRefused(cfg, err) }}, nil
}

// cliRefused explains why az gave no token. What az wrote is looked at and not
// kept: it may hold anything.
func cliRefused(cfg Config, err error) *Error {
	e := &Error{
		Kind: KindUnauthorized, Call: TokenCall, Where: "token of the Azure CLI, source " + cfg.Name,
		What: "the Azure CLI gave no token", Advice: "the command says why", Command: "az account get-access-token --output none",
	}
	login := azLogin(cfg)
	if cfg.TenantID != "" {
		e.Where = "token of the Azure CLI in tenant " + cfg.TenantID + ", source " + cfg.Name
		e.Command += " --tenant " + ShellQuote(cfg.TenantID)
	}
	text := err.Error()
	code := regexp.MustCompile(`AADSTS(\d{4,9})`).FindStringSubmatch(text)
	switch {
	case errors.Is(err, exec.ErrNotFound), strings.Contains(text, "not found on path"):
		e.Kind, e.What = KindConfig, "the Azure CLI is not installed"
		e.Advice, e.Command = "install az so that it is on PATH (https://aka.ms/azure-cli), or give the source another credential", ""
	case errors.Is(err, context.DeadlineExceeded), strings.Contains(text, "timed out"):
		e.Kind, e.What = KindTimeout, "the Azure CLI did not answer in time"
	case code != nil:
		n, convErr := strconv.Atoi(code[1])
		if convErr != nil {
			return e // nine digits are a number
		}
		why := entraRefusal(n)
		e.Code = "AADSTS" + code[1]
		e.What = "the Azure CLI gave no token: " + why.what + " (" + e.Code + ")"
		e.Advice, e.Command = "log in again", login
	case strings.Contains(text, "az login"), strings.Contains(text, "az account set"):
		e.What, e.Advice, e.Command = "nobody is logged in to the Azure CLI", "log in as the user that runs Andon", login
	}
	return e
}

// azLogin is the command that logs in to the source's tenant.
func azLogin(cfg Config) string {
	if cfg.TenantID == "" {
		return "az login"
	}
	return "az login --tenant " + ShellQuote(cfg.TenantID)
}

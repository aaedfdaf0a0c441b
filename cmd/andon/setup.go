package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"andon/internal/app"
	"andon/internal/azure"
	"andon/internal/config"
	"andon/internal/doctor"
	"andon/internal/setup"
)

func newSetupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "setup --scope WHERE",
		Short: "Print what gives Andon its identity and its rights in Azure",
		Long: "Prints a script for the Azure CLI, a Bicep file, a Terraform file or the role alone,\n" +
			"that gives Andon an identity and the least role it needs, at what --scope names. It\n" +
			"asks Azure nothing and changes nothing: read what it prints, then run it.\n\n" +
			"--check prints nothing of this. It takes the identity of the environment or of\n" +
			"--config, tries its rights at each --scope, and says which is missing where; it\n" +
			"exits with 1 if any is.",
		Example: "  andon setup --scope /subscriptions/…/factories/adf-sales-prod > setup.sh\n" +
			"  andon setup --scope 00000000-0000-0000-0000-000000000000 --format terraform\n" +
			"  andon setup --scope /subscriptions/…/factories/adf-sales-prod --check",
		Args: noArgs,
	}
	f := cmd.Flags()
	r := setup.Request{}
	f.StringVar(&r.Identity, "identity", setup.App, "what Andon is to be: "+strings.Join(setup.Identities(), ", "))
	f.StringVar(&r.Credential, "credential", "", "how an app proves who it is: "+strings.Join(setup.Credentials(), ", ")+" (default \""+setup.Secret+"\")")
	f.StringVar(&r.Issuer, "issuer", "", "https URL of who issues the tokens of a federated identity")
	f.StringVar(&r.Subject, "subject", "", "whom the tokens of a federated identity are about, such as system:serviceaccount:andon:andon")
	scopes := f.StringArray("scope", nil, "where the rights are given: factory (as for serve --factory), resource group, subscription or management group, by its id; repeatable")
	f.StringVar(&r.Format, "format", setup.FormatAz, "what to print: "+strings.Join(setup.Formats(), ", "))
	f.BoolVar(&r.Operator, "operator", false, "also give the rights to rerun and to cancel runs")
	check := f.Bool("check", false, "try the rights of the identity in place of printing")
	file := f.String("config", "", "with --check: file with settings, such as andon.yaml")
	asJSON := f.Bool("json", false, "with --check: print one JSON document, as andon doctor does")
	all := f.Bool("all", false, "with --check: try every factory, not the first three of each source")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		for _, text := range *scopes {
			scope, err := azure.ParseScope(text)
			if err != nil {
				return usageErrorf("--scope: %w", err)
			}
			r.Scopes = append(r.Scopes, scope)
		}
		if err := r.Check(); err != nil {
			return usageError{err}
		}
		if !*check {
			for _, own := range []string{"config", "json", "all"} {
				if f.Changed(own) {
					return usageErrorf("--%s belongs to --check", own)
				}
			}
			return setup.Write(cmd.OutOrStdout(), r)
		}
		return checkRights(cmd, r, *file, *all, *asJSON)
	}
	return cmd
}

// checkRights tries the rights of whoever the environment or the file names.
func checkRights(cmd *cobra.Command, r setup.Request, file string, all, asJSON bool) error {
	for _, own := range []string{"identity", "credential", "issuer", "subject", "format"} {
		if cmd.Flags().Changed(own) {
			return usageErrorf("--%s has no meaning with --check, which takes the identity of the environment or of --config", own)
		}
	}
	report, err := examine(cmd, config.Input{File: file, Flags: map[string][]string{}, Env: os.Getenv}, app.DoctorOptions{
		Options: doctor.Options{Most: most(all), Operator: r.Operator}, Scopes: r.Scopes, SkipStore: true,
	})
	if err != nil {
		return err
	}
	if err := printReport(cmd, report, asJSON); err != nil {
		return err
	}
	if asJSON {
		return nil
	}
	said := "No right to read is missing at any factory that was tried."
	if r.Operator {
		said += " The rights to rerun and to cancel show only in use."
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), said)
	return err
}

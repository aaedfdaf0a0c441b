package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"andon/internal/app"
	"andon/internal/config"
)

func newServeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Collect runs from Azure and show the board",
		Long: "Collects the pipeline runs of every factory that the identity may read, keeps\n" +
			"their history, and serves the board.\n\n" +
			"The identity is that of AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET,\n" +
			"or of the sources in the file that --config names. In place of the secret stand\n" +
			"AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE; a managed identity or\n" +
			"the login of az is taken with AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential or\n" +
			"AzureCLICredential.",
		Example: "  AZURE_TENANT_ID=… AZURE_CLIENT_ID=… AZURE_CLIENT_SECRET=… andon serve",
		Args:    noArgs,
	}
	f := cmd.Flags()
	file := f.String("config", "", "file with settings, such as andon.yaml")
	f.String("listen", config.DefaultListen, "address of the board; loopback only (ANDON_LISTEN)")
	f.String("store", config.DefaultStore, "where history is kept: sqlite:PATH (ANDON_STORE)")
	f.String("poll", config.DefaultPoll.String(), "how often each factory is asked for news (ANDON_POLL)")
	f.String("budget", fmt.Sprint(config.DefaultBudget), "share of Azure's documented limits that may be used, or off (ANDON_BUDGET)")
	f.String("older-after", "14d", "how long a series may not have failed before its problem is folded into the line of older ones (ANDON_OLDER_AFTER)")
	f.String("history-records", "0", "how many run records may be read for the history of each factory, which Azure charges by; 0 for all (ANDON_HISTORY_RECORDS)")
	f.Bool("no-collect", false, "show what is stored without asking Azure")
	f.StringArray("factory", nil, "read this factory only, no discovery: resource id, Studio or portal address, or subscription/resourceGroup/name; repeatable (ANDON_FACTORIES)")
	f.StringArray("allow-host", nil, "further host name to answer, for a reverse proxy on this machine that does the login; repeatable (ANDON_ALLOW_HOSTS)")
	f.StringArray("embed-origin", nil, "origin whose pages may frame /embed/…, such as https://portal.example.com; repeatable (ANDON_EMBED_ORIGINS)")
	level := f.String("log-level", "info", "debug, info, warn or error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		logger, err := newLogger(cmd.ErrOrStderr(), *level)
		if err != nil {
			return err
		}
		given := givenFlags(cmd)
		delete(given, "config")
		c, err := config.Load(config.Input{File: *file, Flags: given, Env: os.Getenv})
		if err != nil {
			return usageError{err}
		}
		v, _ := buildVersion()
		a, err := app.New(cmd.Context(), app.Options{Config: c, Version: v, Logger: logger})
		if err != nil {
			return err
		}
		return serveUntilDone(cmd, a, c)
	}
	return cmd
}

// serveUntilDone starts a, says where it is, and stops it when the command is
// asked to end or serving breaks.
func serveUntilDone(cmd *cobra.Command, a *app.App, c config.Config) error {
	if err := a.Start(cmd.Context()); err != nil {
		return err
	}
	cmd.Printf("andon is serving on %s\n", a.URL())
	for _, h := range c.AllowHosts {
		cmd.Printf("requests for %s are answered as well: whoever passes the proxy that sends them sees everything\n", h)
	}
	return a.Wait(cmd.Context())
}

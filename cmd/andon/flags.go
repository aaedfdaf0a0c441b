package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagsOf lists the flags of cmd for an error's end.
func flagsOf(cmd *cobra.Command) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			names = append(names, "--"+f.Name)
		}
	})
	if len(names) == 0 {
		return "it takes no flags"
	}
	return "its flags are " + strings.Join(names, ", ")
}

// flagError puts pflag's errors into the words of a person who typed a value.
func flagError(cmd *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		kind := map[string]string{
			"int": "a whole number", "int64": "a whole number", "float64": "a number", "bool": "true or false",
			"duration": "a duration such as 30s or 2m",
		}[invalid.GetFlag().Value.Type()]
		if kind != "" {
			return usageErrorf("--%s: %q is not %s", invalid.GetFlag().Name, invalid.GetValue(), kind)
		}
	}
	return usageErrorf("%w; %s", err, flagsOf(cmd))
}

// givenFlags returns the values of the flags that stood on the command line,
// so that a default never hides the environment or the file.
func givenFlags(cmd *cobra.Command) map[string][]string {
	given := map[string][]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if many, ok := f.Value.(pflag.SliceValue); ok {
			given[f.Name] = many.GetSlice()
			return
		}
		given[f.Name] = []string{f.Value.String()}
	})
	return given
}

// Command vicinal stores vectors, indexes and queries them, and measures how
// well that goes. Run it with --help to see its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // the first Ctrl-C asks to end, a second one ends at once
	signal.Ignore(syscall.SIGPIPE) // a write to a closed pipe fails instead, so that temporary files are removed
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const description = `Stores vectors with metadata in a directory, builds an index over them, and finds the nearest ones to a query.

A store is a directory; it holds collections; a collection holds items: an id, a vector, and metadata. To try it:

  vicinal import my.store images train-images-idx3-ubyte.gz --prepare
  vicinal query my.store images --id 7

Vectors are read from .npy, .fvecs, .bvecs, .ivecs, MNIST IDX and Matrix Market files and from JSON lines, each also compressed with gzip, and from .npz files of sparse matrices as SciPy writes them.`

// commands is what kong parses the command line into.
type commands struct {
	Version versionFlag `help:"Print the version."`

	Import  importCommand  `cmd:"" help:"Store the vectors of a file in a collection."`
	Prepare prepareCommand `cmd:"" help:"Build the index of a collection, so that queries are fast."`
	Query   queryCommand   `cmd:"" help:"Find the items nearest to a vector or to a stored item."`
	Info    infoCommand    `cmd:"" help:"Show what a store or a collection holds."`
	Verify  verifyCommand  `cmd:"" help:"Read everything in a store and check that it is intact."`
	Drop    dropCommand    `cmd:"" help:"Remove a collection with all it holds."`
	Bench   benchCommand   `cmd:"" help:"Measure recall and speed on files of vectors and queries."`
}

// run is main for a given command line. It returns the exit code: 0, or 1 after an error.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	out := newConsole(stdout, stderr)
	exit := -1 // set when kong has answered by itself, as it does --help
	parser, err := kong.New(&commands{},
		kong.Name("vicinal"),
		kong.Description(description),
		kong.Writers(stdout, stderr), // as they are: help is as wide as the terminal
		kong.Exit(func(code int) { exit = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(out),
	)
	if err != nil {
		return fail(ctx, stderr, err)
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err == nil {
		err = parsed.Run()
	}
	if err == nil {
		err = out.out.failed
	}
	if err != nil {
		return fail(ctx, stderr, err)
	}
	return 0
}

// besidesPipe leaves out of errors that were joined what a closed pipe caused: who closed it has seen enough.
func besidesPipe(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case ok:
		var others []error
		for _, part := range joined.Unwrap() {
			others = append(others, besidesPipe(part))
		}
		return errors.Join(others...)
	case errors.Is(err, syscall.EPIPE):
		return nil
	}
	return err
}

func fail(ctx context.Context, stderr io.Writer, err error) int {
	var usage *kong.ParseError
	switch err = besidesPipe(err); {
	case err == nil:
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "vicinal: %v\nRun \"vicinal --help\", or --help after a command, to see how it is used.\n", err)
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "vicinal: interrupted: %v\n", err)
	default:
		fmt.Fprintf(stderr, "vicinal: %v\n", err)
	}
	return 1
}

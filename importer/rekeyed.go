package importer

import (
	"context"
	"fmt"
)

// rekeyed looks for rows that were imported under another key, and would count as new. That may
// be meant, but sends them again, so it needs a person's word.
func (r *run) rekeyed(ctx context.Context) error {
	if r.ledger.Fresh {
		return nil
	}
	if known, err := r.ledger.Sent(r.mapping.KeyText); err != nil || known {
		return err
	}
	for _, in := range r.inputs {
		contents, err := r.firstContents(in)
		if err != nil {
			return err
		}
		key, found, err := r.ledger.OtherKey(contents, r.mapping.KeyText)
		if err != nil {
			return err
		}
		if found {
			return r.allowRekeyed(ctx, in, key)
		}
	}
	return nil
}

// allowRekeyed asks for a person's word.
func (r *run) allowRekeyed(ctx context.Context, in *input, key string) error {
	was := fmt.Sprintf("with the key %q", key)
	if key == "" {
		was = "without a key"
	}
	said := fmt.Sprintf("rows of %s were imported %s; with the key %q they count as new, and would be sent again", in.path, was, r.mapping.KeyText)
	if r.job.Agreed == nil {
		return usage("%s: nothing was sent; put the key back, or say --yes if it is meant", said)
	}
	r.job.Log.Warn(said)
	if !r.job.Agreed(ctx, "is that meant? [y/N] ") {
		return usage("nothing was sent; put the key back, and run the same command again")
	}
	return nil
}

// firstContents are the contents of those of an input's first rows that are wanted, under every
// set of columns that the ledger knows of.
func (r *run) firstContents(in *input) (contents [][16]byte, err error) {
	first, err := in.anew()
	if err != nil {
		return nil, err
	}
	defer first.reader.Close()
	for batch, err := range first.batches(1) {
		if err != nil {
			return nil, err
		}
		for _, it := range batch {
			if it.err != nil {
				continue
			}
			if wanted, problem := in.program.Wants(it.cells); problem != nil || !wanted {
				continue // it may be another mapping's
			}
			for i := range in.columns {
				contents = append(contents, in.columns[i].digest(&r.scratch, it.cells))
			}
		}
		break
	}
	return contents, nil
}

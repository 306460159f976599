package intake

import (
	"fmt"
	"path/filepath"
	"strings"
)

// giveFolders gives every input a folder for its reports: the one that was named, or one inside
// it for each of several inputs.
func (all *Inputs) giveFolders(to Reports) {
	taken := map[string]bool{}
	for _, input := range all.All {
		name := stem(input.Path)
		dir := name + to.Suffix
		switch {
		case to.Out != "" && len(all.All) == 1:
			dir = to.Out
		case to.Out != "":
			dir = filepath.Join(to.Out, name)
		}
		input.Out = dir
		for n := 2; taken[input.Out]; n++ {
			input.Out = fmt.Sprintf("%s-%d", dir, n)
		}
		taken[input.Out] = true
	}
}

// stem is an input's name without its ending, as the name of a folder. A file may be called
// ...csv or, on Windows, con.csv. Such a name would lead to another folder or to none, so the
// folder is called input then.
func stem(path string) string {
	name := filepath.Base(path)
	name = strings.TrimRight(strings.TrimSuffix(name, filepath.Ext(name)), ". ") // Windows drops those
	if !filepath.IsLocal(name) {
		return "input"
	}
	return name
}

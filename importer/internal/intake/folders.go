package intake

import (
	"fmt"
	"path/filepath"
	"strings"
)

// folders are those of the reports of some inputs: the folder that was named, or one inside it for
// each of several inputs.
func (to *Reports) folders(inputs []string) []string {
	list, taken := make([]string, len(inputs)), map[string]bool{}
	for i, path := range inputs {
		name := stem(path)
		dir := name + to.Suffix
		switch {
		case to.Out != "" && len(inputs) == 1:
			dir = to.Out
		case to.Out != "":
			dir = filepath.Join(to.Out, name)
		}
		list[i] = dir
		for n := 2; taken[list[i]]; n++ {
			list[i] = fmt.Sprintf("%s-%d", dir, n)
		}
		taken[list[i]] = true
	}
	return list
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

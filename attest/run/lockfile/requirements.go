package lockfile

import (
	"slices"
	"strings"
)

// readRequirements reads requirements as pip-compile and uv write them: NAME==VERSION with
// --hash=ALGORITHM:HEX (pip.pypa.io/en/stable/reference/requirements-file-format). What has no
// exact version is counted; other files that it names are not read.
func readRequirements(c *collector, raw []byte) error {
	r := requirements{c: c, hashes: map[string][]string{}}
	err := c.lines(raw, r.line)
	if err == nil && len(r.open) > 0 {
		err = r.logical()
	}
	return err
}

type requirements struct {
	c *collector
	// open is what a backslash has carried over from earlier lines, of which the first is at.
	open []byte
	at   int
	// hashes are those of a name and version.
	hashes map[string][]string
}

func (r *requirements) line(line string, number int) error {
	if len(r.open) == 0 {
		r.at = number
	}
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		line = "" // a comment does not go on in the next line
	}
	if cut := strings.Index(line, " #"); cut >= 0 {
		line = line[:cut]
	}
	head, more := strings.CutSuffix(line, `\`)
	if r.open = append(append(r.open, head...), ' '); more {
		if len(r.open) > maxLine {
			return r.c.wrong(place(r.at), "a requirement of one line's length", "a longer one")
		}
		return nil
	}
	return r.logical()
}

// logical reads one requirement or option.
func (r *requirements) logical() error {
	text := strings.TrimSpace(string(r.open))
	r.open = r.open[:0]
	where := place(r.at)
	if text == "" {
		return nil
	}
	if err := r.c.entry(where); err != nil {
		return err
	}
	if strings.HasPrefix(text, "-") {
		r.option(text)
		return nil
	}
	var spec []string
	var hashes []string
	words := strings.Fields(text)
	for i := 0; i < len(words); i++ {
		switch hash, is := strings.CutPrefix(words[i], "--hash="); {
		case is:
			hashes = append(hashes, hash)
		case words[i] == "--hash" && i+1 < len(words):
			i++
			hashes = append(hashes, words[i])
		case strings.HasPrefix(words[i], "--"):
		default:
			spec = append(spec, words[i])
		}
	}
	return r.requirement(where, strings.Join(spec, " "), hashes)
}

func (r *requirements) option(text string) {
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == '=' || c == '\t' })
	switch option := words[0]; {
	case strings.HasPrefix(option, "-r"), option == "--requirement", strings.HasPrefix(option, "-c"), option == "--constraint":
		r.c.leave("Other files of requirements that it names")
	case strings.HasPrefix(option, "-e"), option == "--editable":
		r.c.leave("Packages in directories of the project")
	}
}

// requirement reads NAME[EXTRAS]==VERSION; MARKER or NAME @ URL; MARKER.
func (r *requirements) requirement(where, spec string, hashes []string) error {
	spec, _, _ = strings.Cut(spec, ";")
	name, url, direct := strings.Cut(spec, "@")
	if direct {
		return r.direct(where, plainName(name), strings.TrimSpace(url), hashes)
	}
	cut := strings.IndexAny(spec, "=<>!~([ ")
	if cut < 0 {
		cut = len(spec)
	}
	name = plainName(spec[:cut])
	if name == "" || strings.ContainsAny(name, "/:\\") || strings.HasPrefix(name, ".") {
		if strings.ContainsAny(spec, "/\\") {
			r.c.leave("Packages in directories or files of the project")
			return nil
		}
		return r.c.wrong(where, "a requirement such as NAME==VERSION", quoted(spec))
	}
	version := exact(spec)
	key := name + "==" + version
	sorted := slices.Sorted(slices.Values(hashes))
	if before, twice := r.hashes[key]; twice && version != "" && !slices.Equal(before, sorted) {
		return r.c.wrong(where, "the hashes of "+key+" that the file has elsewhere", "others")
	}
	r.hashes[key] = sorted
	files, err := r.c.hashed(where, slices.Compact(sorted))
	if err != nil {
		return err
	}
	return r.c.pypi(where, name, version, "", files)
}

func (r *requirements) direct(where, name, url string, hashes []string) error {
	if repository, is := strings.CutPrefix(url, "git+"); is {
		repository = before(repository, "#")
		at := strings.LastIndexByte(repository, '@')
		if at < 0 || commit(repository[at+1:]) == nil {
			r.c.unpinned++
			return nil
		}
		return r.c.git(where, "pypi", name, "", repository[:at], repository[at+1:])
	}
	if _, fragment, is := strings.Cut(url, "#"); is {
		for pair := range strings.SplitSeq(fragment, "&") {
			if algorithm, value, is := strings.Cut(pair, "="); is && size(algorithm) > 0 {
				hashes = append(hashes, algorithm+":"+value)
			}
		}
	}
	files, err := r.c.hashed(where, hashes)
	if err != nil {
		return err
	}
	var digests map[string]string
	if len(files) > 0 {
		digests = files[0].digests
	}
	for _, f := range files {
		for algorithm, value := range f.digests {
			if before := digests[algorithm]; before != "" && before != value {
				return r.c.wrong(where, "one hash of the file at its URL", "several")
			}
		}
	}
	return r.c.archive(where, "pypi", name, "", url, digests)
}

// plainName is the name of a requirement without its extras.
func plainName(name string) string {
	return strings.TrimSpace(before(name, "["))
}

// exact is the version that a requirement is held to, or nothing.
func exact(spec string) string {
	_, version, is := strings.Cut(spec, "==")
	version = strings.Trim(version, " =)")
	if !is || version == "" || strings.ContainsAny(version, "*,<>!~= ") || strings.ContainsAny(before(spec, "=="), "<>!~,") {
		return ""
	}
	return version
}

package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// maxNodes bounds the tables, lists and members of a TOML file, each of which takes memory.
const maxNodes = 4_000_000

// A table is one of TOML. It is read as a map and not into a struct, for the decoder would
// take a member whose name differs in case for one that is meant.
type table map[string]any

// inTOML reads a file. Names that are there twice are refused by the decoder.
func (c *collector) inTOML(raw []byte) (table, error) {
	if n := bytes.Count(raw, []byte("=")) + bytes.Count(raw, []byte("[")) + bytes.Count(raw, []byte("{")) + bytes.Count(raw, []byte(",")); n > maxNodes {
		return nil, c.wrong("", fmt.Sprintf("at most %d values", maxNodes), fmt.Sprint(n))
	}
	var t map[string]any
	err := toml.Unmarshal(raw, &t)
	if wrong := (*toml.DecodeError)(nil); errors.As(err, &wrong) {
		line, column := wrong.Position()
		return nil, c.wrong(fmt.Sprintf("line %d, column %d", line, column), "TOML", wrong.Error())
	}
	if err != nil {
		return nil, c.wrong("", "TOML", err.Error())
	}
	return t, nil
}

// text is a member that is a string, or nothing if it is not there.
func (c *collector) text(t table, where, name string) (string, error) {
	switch v := t[name].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", c.wrong(where, "a string as "+name, fmt.Sprintf("%T", t[name]))
}

// texts reads several members that are strings.
func (c *collector) texts(t table, where string, into map[string]*string) error {
	for _, name := range slices.Sorted(maps.Keys(into)) {
		text, err := c.text(t, where, name)
		if err != nil {
			return err
		}
		*into[name] = text
	}
	return nil
}

// inner is a member that is a table, or nil if it is not there.
func (c *collector) inner(t table, where, name string) (table, error) {
	switch v := t[name].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return v, nil
	}
	return nil, c.wrong(where, "a table as "+name, fmt.Sprintf("%T", t[name]))
}

// each calls read with the tables of a member that is a list of them.
func (c *collector) each(t table, where, name string, read func(where string, t table) error) error {
	list, is := t[name].([]any)
	if !is && t[name] != nil {
		return c.wrong(where, "a list as "+name, fmt.Sprintf("%T", t[name]))
	}
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		if where != "" {
			at = where + ", " + at
		}
		inner, is := item.(map[string]any)
		if !is {
			return c.wrong(at, "a table", fmt.Sprintf("%T", item))
		}
		if err := c.entry(at); err != nil {
			return err
		}
		if err := read(at, inner); err != nil {
			return err
		}
	}
	return nil
}

package document

import (
	"fmt"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/strictyaml"
)

// either is a pair of words, of which the first is false and what is meant in silence.
func either(no, yes string) codec[bool] {
	inner := word(no, yes)
	return codec[bool]{
		read: func(n *yaml.Node, at place) (bool, error) {
			s, err := inner.read(n, at)
			return s == yes, err
		},
		write: func(v bool) *yaml.Node {
			if !v {
				return nil
			}
			return scalar(yes)
		},
		schema: inner.schema,
	}
}

// required is a word for what is wanted, or not.
func required() codec[bool] { return either("optional", "required") }

// boolean is true, false, or nothing.
func boolean() codec[*bool] {
	return codec[*bool]{
		read: func(n *yaml.Node, at place) (*bool, error) {
			v, err := strictyaml.Boolean(n, at.what)
			return &v, err
		},
		write: func(v *bool) *yaml.Node {
			if v == nil {
				return nil
			}
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(*v)}
		},
		schema: func() schema { return schema{"type": "boolean"} },
	}
}

// whole is a whole number; 0 is what is meant in silence.
func whole(least, most int) codec[int] {
	return codec[int]{
		read: func(n *yaml.Node, at place) (int, error) { return strictyaml.Whole(n, at.what, least, most) },
		write: func(v int) *yaml.Node {
			if v == 0 {
				return nil
			}
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(v)}
		},
		schema: func() schema { return schema{"type": "integer", "minimum": least, "maximum": most} },
	}
}

// fraction is a number from 0, which is what is meant in silence, to 1.
func fraction() codec[float64] {
	return codec[float64]{
		read: func(n *yaml.Node, at place) (float64, error) { return strictyaml.Fraction(n, at.what) },
		write: func(v float64) *yaml.Node {
			if v == 0 {
				return nil
			}
			return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatFloat(v, 'f', -1, 64)}
		},
		schema: func() schema { return schema{"type": "number", "minimum": 0, "maximum": 1} },
	}
}

const durationPattern = `^[0-9]+(m|h|d)$`

// duration is minutes, hours or days; 0 is silence.
func duration() codec[time.Duration] {
	return codec[time.Duration]{
		read: func(n *yaml.Node, at place) (time.Duration, error) { return strictyaml.Duration(n, at.what) },
		write: func(v time.Duration) *yaml.Node {
			for _, unit := range []struct {
				least, length time.Duration
				letter        string
			}{{72 * time.Hour, 24 * time.Hour, "d"}, {0, time.Hour, "h"}, {0, time.Minute, "m"}} {
				if v > 0 && v >= unit.least && v%unit.length == 0 {
					return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: fmt.Sprintf("%d%s", v/unit.length, unit.letter)}
				}
			}
			return nil
		},
		schema: func() schema { return schema{"type": "string", "pattern": durationPattern} },
	}
}

const datePattern = `^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$`

// date is a day or a time.
func date() codec[time.Time] {
	return codec[time.Time]{
		read: func(n *yaml.Node, at place) (time.Time, error) { return strictyaml.Date(n, at.what) },
		write: func(v time.Time) *yaml.Node {
			if v.IsZero() {
				return nil
			}
			v = v.UTC()
			layout := time.RFC3339Nano
			if v.Equal(v.Truncate(24 * time.Hour)) {
				layout = time.DateOnly
			}
			return &yaml.Node{Kind: yaml.ScalarNode, Value: v.Format(layout)}
		},
		schema: func() schema { return schema{"type": "string", "pattern": datePattern} },
	}
}

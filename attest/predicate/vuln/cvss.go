package vuln

import (
	"strconv"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// Rated gives the gravest severity of several scores as scanners and feeds write them: words, numbers from 0 to
// 10 as CVSS 3 and 4 have them, and vectors of CVSS 2, 3 and 4.
func Rated(scores ...string) Severity {
	worst := Unknown
	for _, score := range scores {
		worst = Worse(worst, scored(score))
	}
	return worst
}

// scored gives the severity of one score.
func scored(score string) Severity {
	if s := severityOf(score); s != Unknown {
		return s
	}
	if n, err := strconv.ParseFloat(score, 64); err == nil {
		return bands(n)
	}
	return vector(score)
}

// bands2 are NVD's ratings of CVSS 2, which knows no critical.
func bands2(score float64) Severity {
	if s := bands(score); s != Critical {
		return s
	}
	return High
}

// vector is the severity of a vector of any version of CVSS: by its base score, and of version 4 by
// the score of all that it says. One of version 2 may have the prefix or the parentheses that feeds
// give it.
func vector(v string) Severity {
	switch version, rest, _ := strings.Cut(v, "/"); version {
	case "CVSS:4.0":
		if c, err := gocvss40.ParseVector(v); err == nil {
			return bands(c.Score())
		}
	case "CVSS:3.1":
		if c, err := gocvss31.ParseVector(v); err == nil {
			return bands(c.BaseScore())
		}
	case "CVSS:3.0":
		if c, err := gocvss30.ParseVector(v); err == nil {
			return bands(c.BaseScore())
		}
	case "CVSS:2.0":
		return vector(rest)
	default:
		if c, err := gocvss20.ParseVector(strings.TrimSuffix(strings.TrimPrefix(v, "("), ")")); err == nil {
			return bands2(c.BaseScore())
		}
	}
	return Unknown
}

package report

import (
	"cmp"
	"encoding/json"
	"io"
	"net/url"
	"slices"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify/policy"
)

// The types are the part of SARIF 2.1.0 (OASIS, errata 01) that is written here.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool sarifTool `json:"tool"`
	// Results are those of all targets: one run is one command.
	Results     []sarifResult     `json:"results"`
	Invocations []sarifInvocation `json:"invocations"`
	ColumnKind  string            `json:"columnKind"`
	Properties  map[string]any    `json:"properties"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string      `json:"id"`
	ShortDescription sarifText   `json:"shortDescription"`
	Help             sarifText   `json:"help"`
	Properties       *sarifBag   `json:"properties,omitempty"`
	Default          *sarifLevel `json:"defaultConfiguration,omitempty"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifBag struct {
	Tags []string `json:"tags,omitempty"`
}

type sarifLevel struct {
	Level level `json:"level"`
}

// sarifInvocation says whether the judgement could be made.
type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   level     `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Properties   map[string]any    `json:"properties"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

// sarifPhysical is the policy's line, where there is one.
type sarifPhysical struct {
	Artifact struct {
		URI string `json:"uri"`
	} `json:"artifactLocation"`
	Region struct {
		Line int `json:"startLine"`
	} `json:"region"`
}

type sarifLogical struct {
	Name      string `json:"name"`
	Qualified string `json:"fullyQualifiedName"`
	Kind      string `json:"kind"`
}

// sarifVersion is the schema that OASIS publishes with the standard.
const sarifVersion = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// home is where the project is.
const home = "https://github.com/carnet-project/carnet"

// writeSARIF writes a log of one run. What is not met has kind fail and the level of what
// becomes of it; what is met has kind pass.
func writeSARIF(w io.Writer, results []Result, tool Tool) error {
	run := sarifRun{Results: []sarifResult{}, ColumnKind: "unicodeCodePoints", Invocations: []sarifInvocation{{Successful: true}}}
	run.Tool.Driver = sarifDriver{Name: cmp.Or(tool.Name, "carnet"), Version: tool.Version, InformationURI: home, Rules: sarifRules(results)}
	at := map[string]int{}
	for i, r := range run.Tool.Driver.Rules {
		at[r.ID] = i
	}
	var summaries []map[string]any
	for _, r := range results {
		summaries = append(summaries, sarifSummary(r))
		if r.Err != nil {
			run.Invocations[0].Successful = false
			run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{levelError, sarifText{Clean(r.Target) + ": " + Clean(r.Err.Error())}})
			continue
		}
		for _, e := range entries(r.Verdict) {
			run.Results = append(run.Results, sarifEntry(r, e, at))
		}
		for _, e := range passes(r.Verdict) {
			run.Results = append(run.Results, sarifEntry(r, e, at))
		}
	}
	run.Properties = map[string]any{"targets": append([]map[string]any{}, summaries...)}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{Schema: sarifVersion, Version: "2.1.0", Runs: []sarifRun{run}})
}

func sarifSummary(r Result) map[string]any {
	return map[string]any{
		"target": r.Target, "reference": r.Reference(), "outcome": r.Outcome(), "effect": effectOf(r),
		"policies": policiesToJSON(r.Verdict), "at": stamp(r.Verdict.At()),
	}
}

// passes are the rules that are met, and those that an exception lets pass.
func passes(v policy.Verdict) []entry {
	var all []entry
	for _, c := range v.Cells() {
		for _, f := range c.Findings {
			if f.Status.Allows() {
				all = append(all, entry{Finding: f, cell: c, level: levelNote})
			}
		}
	}
	return all
}

// sarifRules are the rules that results are about, in the order of these, as the catalogue
// describes them.
func sarifRules(results []Result) []sarifRule {
	catalogue := map[string]policy.Rule{}
	for _, r := range policy.Rules() {
		catalogue[r.ID] = r
	}
	all := []sarifRule{}
	seen := map[string]bool{}
	for _, r := range results {
		for _, e := range slices.Concat(entries(r.Verdict), passes(r.Verdict)) {
			id := Clean(e.Rule)
			if seen[id] {
				continue
			}
			seen[id] = true
			section, _, _ := cutRule(id)
			known := catalogue[e.Rule]
			all = append(all, sarifRule{
				ID: id, ShortDescription: sarifText{cmp.Or(known.Asks, id+" is met.")}, Default: &sarifLevel{levelError},
				Help:       sarifText{cmp.Or(known.Fix, Clean(Fix(e.Finding)), "nothing has to be done")},
				Properties: &sarifBag{Tags: []string{"supply-chain", section}},
			})
		}
	}
	return all
}

func sarifEntry(r Result, e entry, rules map[string]int) sarifResult {
	out := sarifResult{
		RuleID: Clean(e.Rule), RuleIndex: rules[Clean(e.Rule)], Kind: "fail", Level: string(e.level),
		Locations:    []sarifLocation{sarifPlace(r, e)},
		Fingerprints: map[string]string{"carnet/v1": fingerprint(r, e)},
		Properties:   map[string]any{"status": e.Status, "finding": ruleToJSON(e.Finding)},
	}
	text := "expected: " + e.Expected + "\nfound: " + e.Found
	switch {
	case e.Status == policy.StatusExcepted:
		out.Kind, out.Level, text = "review", "none", text+"\nexcepted by "+e.Exception
	case e.Status.Allows():
		out.Kind, out.Level = "pass", "none"
	default:
		text += "\nfix: " + Fix(e.Finding)
	}
	out.Message.Text = CleanLines(text)
	return out
}

// sarifPlace is the node, and the policy's line where the policy is a file: SARIF's viewers
// want a place in a file.
func sarifPlace(r Result, e entry) sarifLocation {
	reference := r.Reference()
	if e.cell.Node.Digest != r.Verdict.Artifact().Digest {
		reference += " " + nodeName(e.cell.Node) + " " + e.cell.Node.Digest.String()
	}
	place := sarifLocation{Logical: []sarifLogical{{Name: nodeName(e.cell.Node), Qualified: Clean(reference), Kind: kindOf(e.cell.Node)}}}
	for _, p := range policiesToJSON(r.Verdict) {
		if p.Name == e.Policy && p.URI != "" && e.Line > 0 {
			place.Physical = &sarifPhysical{}
			place.Physical.Artifact.URI = (&url.URL{Path: p.URI}).String()
			place.Physical.Region.Line = e.Line
		}
	}
	return place
}

func kindOf(n artifact.Artifact) string {
	if n.Kind == artifact.KindFile {
		return "resource"
	}
	return "module"
}

// fingerprint tells a result from others in every run: of which rule about what it is, and
// not what was found.
func fingerprint(r Result, e entry) string {
	parts := []string{r.Name, e.Policy, e.Rule, e.Platform, e.Vulnerability, e.Package, e.Check, e.cell.Requirement.Name()}
	return hash(parts)
}

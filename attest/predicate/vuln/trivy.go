package vuln

import (
	"fmt"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

const trivyURI = "https://github.com/aquasecurity/trivy"

// trivyReport is what Trivy's report says beside its findings (pkg/types/report.go of aquasecurity/trivy).
type trivyReport struct {
	schema           []byte
	artifact, made   string
	image, commit    string
	repoDigests      []string
	family, release  string
	ended            bool
	database, remote trivyDatabase
	// packages says that packages were looked at, and other counts what is no vulnerability.
	packages        bool
	modified, other int
}

// trivyDatabase is the database's own version and date, which no released Trivy writes into its report yet
// (aquasecurity/trivy#10076); "remote" is that of the server which did the work.
type trivyDatabase struct {
	version []byte
	updated string
}

func (d *trivyDatabase) field() strict.Field {
	return strict.Optional("VulnerabilityDB", strict.Object(
		strict.Optional("Version", strict.Raw(&d.version, strict.Count(0))),
		strict.Optional("UpdatedAt", strict.Text(&d.updated)),
	))
}

func (o *own) trivyFields() []strict.Field {
	return []strict.Field{
		strict.Optional("SchemaVersion", strict.Raw(&o.schema, strict.Count(0))),
		strict.Optional("CreatedAt", strict.Text(&o.made)),
		strict.Optional("ArtifactName", strict.Text(&o.artifact)),
		strict.Optional("Trivy", strict.Object(
			strict.Optional("Version", strict.Text(&o.version)),
			o.database.field(),
			strict.Optional("Server", strict.Object(o.remote.field())),
		)),
		strict.Optional("Metadata", strict.Object(
			strict.Optional("ImageID", strict.Text(&o.image)),
			strict.Optional("RepoDigests", texts(&o.repoDigests)),
			strict.Optional("Commit", strict.Text(&o.commit)),
			strict.Optional("OS", strict.Object(
				strict.Optional("Family", strict.Text(&o.family)),
				strict.Optional("Name", strict.Text(&o.release)),
				strict.Optional("EOSL", strict.Bool(&o.ended)),
			)),
		)),
		strict.Optional("Results", strict.Each(o.trivyResult)),
	}
}

func (o *own) trivyResult(in *strict.Reader) (bool, error) {
	var class string
	found := false
	filled, err := strict.Object(
		strict.Optional("Class", strict.Text(&class)),
		strict.Optional("Vulnerabilities", func(in *strict.Reader) (bool, error) { found = true; return strict.Each(o.trivyFinding)(in) }),
		strict.Optional("ExperimentalModifiedFindings", count(&o.modified)),
		strict.Optional("ModifiedFindings", count(&o.modified)),
		strict.Optional("Secrets", count(&o.other)),
		strict.Optional("Misconfigurations", count(&o.other)),
		strict.Optional("Licenses", count(&o.other)),
	)(in)
	o.packages = o.packages || found || class == "os-pkgs" || class == "lang-pkgs"
	return filled, err
}

func (o *own) trivyFinding(in *strict.Reader) (bool, error) {
	f := Finding{EPSS: -1}
	var severity, published string
	cvss := Unknown
	filled, err := strict.Object(
		strict.Required("VulnerabilityID", strict.Text(&f.ID)),
		strict.Optional("VendorIDs", texts(&f.Aliases)),
		strict.Required("PkgName", strict.Text(&f.Package.Name)),
		strict.Optional("PkgIdentifier", strict.Object(strict.Optional("PURL", strict.Text(&f.Package.PURL)))),
		strict.Optional("InstalledVersion", strict.Text(&f.Package.Version)),
		strict.Optional("FixedVersion", strict.Text(&f.FixedIn)),
		strict.Optional("Severity", strict.Text(&severity)),
		strict.Optional("PublishedDate", strict.Text(&published)),
		strict.Optional("CVSS", strict.Map(func(string) strict.Check {
			return strict.Object(strict.Optional("V2Score", score2(&cvss)), strict.Optional("V3Score", score(&cvss)), strict.Optional("V40Score", score(&cvss)))
		})),
	)(in)
	if f.Severity = severityOf(severity); f.Severity == Unknown {
		f.Severity = cvss
	}
	f.Published = when(published)
	return filled, o.add(f, err)
}

// trivyScan is the report as a scan. That packages were looked at has to be said: a scan for secrets alone has
// the same form and no vulnerabilities.
func (o *own) trivyScan() (*Scan, error) {
	s := &Scan{Target: o.artifact, Digests: o.repoDigests}
	s.Scanner = NewScanner(trivyURI, o.version)
	if !o.trivy() {
		return nil, unlike("/SchemaVersion", string(o.schema), "2, with an ArtifactName")
	}
	if !o.packages {
		return nil, unlike("/Results", "without packages", "results of the class os-pkgs or lang-pkgs: without them nobody says that vulnerabilities were looked for")
	}
	if o.image != "" {
		s.Digests = append(s.Digests, o.image)
	}
	if o.commit != "" {
		s.Commits = []string{o.commit}
	}
	db, where := o.database, "/Trivy/VulnerabilityDB/UpdatedAt"
	if o.remote.updated != "" {
		db, where = o.remote, "/Trivy/Server/VulnerabilityDB/UpdatedAt"
	}
	s.Database.Version = string(db.version)
	var err error
	if s.Database.Updated, err = stated(where, db.updated); err != nil {
		return nil, err
	}
	if s.Finished, err = stated("/CreatedAt", o.made); err != nil {
		return nil, err
	}
	if o.modified > 0 {
		s.note("Trivy left out %s by its own configuration or by VEX.", plural(o.modified, "finding"))
	}
	if o.other > 0 {
		s.note("%s of secrets, configuration or licences are no vulnerabilities and are not carried over.", plural(o.other, "finding"))
	}
	if o.ended {
		s.note("%s %s is past its end of life: its newer vulnerabilities are in no database.", strict.Clip(o.family), strict.Clip(o.release))
	}
	return s, nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

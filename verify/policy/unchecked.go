package policy

// NotChecked names the sections that no document of the policy asks for, in the order of the
// chain: what a verdict says nothing about.
func (p *Policy) NotChecked() []string {
	if p == nil {
		return nil
	}
	asked := map[string]bool{}
	for _, b := range p.parts {
		for _, r := range b.requires {
			for _, s := range r.Sections() {
				asked[s] = true
			}
		}
	}
	var missing []string
	for _, s := range Sections() {
		if !asked[s] {
			missing = append(missing, s)
		}
	}
	return missing
}

// Sections are the sections of a policy in the order of the chain, for people.
func Sections() []string {
	return []string{"image age", "signatures", "provenance", "source review", "base images", "SBOM", "vulnerabilities", "checks", "approvals"}
}

// Sections are those that r asks for, as [Sections] calls them.
func (r *Require) Sections() []string {
	var all []string
	for i, asked := range []bool{
		r.Image != nil && (r.Image.MaxAge > 0 || r.Image.MinVersion != ""), r.Signatures != nil || len(r.Bundles) > 0, r.Provenance != nil,
		r.Source != nil, r.Base != nil, r.SBOM != nil, r.Vulnerabilities != nil, len(r.Checks) > 0, len(r.Approvals) > 0,
	} {
		if asked {
			all = append(all, Sections()[i])
		}
	}
	return all
}

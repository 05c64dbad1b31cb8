package policy

func provenanceRules() []Rule {
	untrusted, fail := []Status{StatusUntrusted}, []Status{StatusFail}
	return []Rule{
		{"provenance.missing", []Status{StatusMissing}, "There is provenance of every platform.", "attest it where you build: carnet attest provenance, or the platform's own action; an unsigned statement in the image counts only where a builder has covered-by-index-signature"},
		{"provenance.invalid", []Status{StatusInvalid}, "The provenance is signed well and about this digest.", "do not use it: the evidence is for another artifact or was changed; find out how it came here"},
		{"provenance.format", fail, "The provenance is in a form that is read here.", "write SLSA provenance v1 or v0.2"},
		{"provenance.proof", untrusted, "Whoever must vouch for the provenance does: a log, an authority.", "sign again with a transparency log and a timestamp authority"},
		{"provenance.identity", untrusted, "One who may sign for an accepted builder signed.", "build where the policy's builders build, or add the signer found to a builder's signedBy if it is meant"},
		{"provenance.certificate", fail, "The provenance says what the signer's certificate says of the run.", "treat it as an attack until somebody has explained it: the run says one thing and its certificate another"},
		{"provenance.builder", untrusted, "The builder id and the build type are accepted with this signer.", "build with the builder that the policy names, or add the id found to the builder's ids if it is meant"},
		{"provenance.level", fail, "The builder may claim the SLSA build level that is asked for.", "build on a platform of the level, or lower minLevel: a workflow that signs for itself reaches level 2"},
		{"provenance.source", fail, "The repository that was built is one of the policy's.", "build from the repository that the policy names for this image, or add the one found"},
		{"provenance.ref", fail, "The branch or tag that was built is one of the policy's.", "merge or tag the commit, and deploy the image that is built from there"},
		{"provenance.trigger", fail, "Nobody from outside could start the run.", "build on push, release or by hand, and never on pull_request_target or workflow_run"},
		{"provenance.runner", fail, "The run was on a runner of the platform's, without a shell open to people.", "build on hosted runners, or ask for level 1"},
		{"provenance.parameters", fail, "The build has the parameters that the policy allows, and no others.", "build without the parameter, or allow it by name"},
		{"provenance.materials", fail, "Every material has a digest.", "pin what the build fetches by digest"},
		{"provenance.hermetic", fail, "The build had no network.", "build with the network off, which BuildKit records as hermetic"},
	}
}

func agreeRules() []Rule {
	fail := []Status{StatusFail}
	return []Rule{
		{"agree.repository", fail, "All that is by the builder's signers is of one repository.", "sign and attest in the run that builds"},
		{"agree.commit", fail, "All that is by the builder's signers, of every platform, is of one commit.", "build all platforms of one commit, and sign and attest in that run; run the checks again on the commit that was built"},
		{"agree.run", fail, "All that is by the builder's signers is of one run.", "sign and attest in the run that builds, or do not ask for agreement on the run"},
		{"agree.builder", fail, "The provenance of every platform names one builder.", "build all platforms with one builder, or do not ask for agreement on the builder"},
		{"agree.bound", []Status{StatusError}, "The accepted provenance is of few builds.", "remove provenance of old builds from the artifact"},
	}
}

package lockfile_test

func otherSamples() []sample {
	return []sample{
		{"Cargo", "Cargo.lock", `version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["memchr"]

[[package]]
name = "memchr"
version = "2.7.4"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "{a256}"

[[package]]
name = "mine"
version = "1.0.0"
source = "sparse+https://crates.example.com/index/"
checksum = "{b256}"

[[package]]
name = "regex"
version = "1.11.1"
source = "git+https://github.com/rust-lang/regex.git?branch=master#{a1}"
`, `
pkg:cargo/memchr@2.7.4 sha256:{a256}
pkg:cargo/mine@1.0.0?repository_url=https:%2F%2Fcrates.example.com%2Findex%2F sha256:{b256}
pkg:cargo/regex@1.11.1?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Frust-lang%2Fregex.git%40{a1} gitCommit:{a1} from git+https://github.com/rust-lang/regex.git@{a1}
undigested 0
`},
		{"Cargo, version 1", "Cargo.lock", `[[package]]
name = "memchr"
version = "2.7.4"
source = "registry+https://github.com/rust-lang/crates.io-index"

[metadata]
"checksum memchr 2.7.4 (registry+https://github.com/rust-lang/crates.io-index)" = "{a256}"
`, `
pkg:cargo/memchr@2.7.4 sha256:{a256}
undigested 0
`},
		{"bundler", "Gemfile.lock", `PATH
  remote: ../own
  specs:
    own (1.3.0)

GIT
  remote: https://github.com/rails/turbolinks.git
  revision: {a1}
  branch: main
  specs:
    turbolinks (3.0.0)
      coffee-rails

GEM
  remote: https://rubygems.org/
  specs:
    nokogiri (1.16.0-x86_64-linux)
      racc (~> 1.4)
    racc (1.7.3)
    rake (13.0.6)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  nokogiri

CHECKSUMS
  nokogiri (1.16.0-x86_64-linux) sha256={a256}
  racc (1.7.3) sha256={b256}
  rake (13.0.6)

BUNDLED WITH
   2.6.2
`, `
pkg:gem/nokogiri@1.16.0?platform=x86_64-linux sha256:{a256}
pkg:gem/racc@1.7.3 sha256:{b256}
pkg:gem/rake@13.0.6
pkg:gem/turbolinks@3.0.0?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Frails%2Fturbolinks.git%40{a1} gitCommit:{a1} from git+https://github.com/rails/turbolinks.git@{a1}
undigested 1
`},
		{"gradle", "gradle.lockfile", `# This is a Gradle generated file for dependency locking.
joda-time:joda-time:2.2=compileClasspath,runtimeClasspath
empty=annotationProcessor
`, `
pkg:maven/joda-time/joda-time@2.2
undigested 1
`},
		{"gradle verification", "verification-metadata.xml", `<?xml version="1.0" encoding="UTF-8"?>
<verification-metadata xmlns="https://schema.gradle.org/dependency-verification" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
   <configuration><verify-metadata>true</verify-metadata><trusted-artifacts><trust group="g"/></trusted-artifacts></configuration>
   <components>
      <component group="org.apache.pdfbox" name="pdfbox" version="2.0.17">
         <artifact name="pdfbox-2.0.17.jar">
            <sha512 value="{a512}" origin="PDFBox site"/>
            <sha256 value="{a256}"><also-trust value="{b256}"/></sha256>
         </artifact>
         <artifact name="pdfbox-2.0.17-sources.jar"><sha256 value="{b256}"/></artifact>
         <artifact name="pdfbox-2.0.17.pom"><pgp value="8756C4F765C9AC3CB6B85D62379CE192D401AB61"/></artifact>
      </component>
   </components>
</verification-metadata>`, `
pkg:maven/org.apache.pdfbox/pdfbox@2.0.17 sha256:{a256} sha512:{a512}
pkg:maven/org.apache.pdfbox/pdfbox@2.0.17?classifier=sources sha256:{b256}
pkg:maven/org.apache.pdfbox/pdfbox@2.0.17?type=pom
undigested 1
`},
		{"maven-lockfile", "lockfile.json", `{"artifactId": "app", "groupId": "g", "version": "1", "lockFileVersion": 1, "dependencies": [
  {"groupId": "org.junit.jupiter", "artifactId": "junit-jupiter-api", "version": "5.9.2", "classifier": "sources", "checksumAlgorithm": "SHA-256", "checksum": "{a256}",
   "resolved": "https://repo.maven.apache.org/maven2/x-sources.jar", "included": true, "id": "x", "children": [
     {"groupId": "org.opentest4j", "artifactId": "opentest4j", "version": "1.2.0", "checksumAlgorithm": "SHA-256", "checksum": "{b256}", "included": true, "children": []},
     {"groupId": "org.opentest4j", "artifactId": "opentest4j", "version": "1.1.0", "checksumAlgorithm": "SHA-256", "checksum": "{b256}", "included": false, "children": []}]}],
 "mavenPlugins": [{"groupId": "p", "artifactId": "q", "version": "3", "checksumAlgorithm": "SHA-512", "checksum": "{a512}"}], "metaData": {}}`, `
pkg:maven/org.junit.jupiter/junit-jupiter-api@5.9.2?classifier=sources sha256:{a256} from https://repo.maven.apache.org/maven2/x-sources.jar
pkg:maven/org.opentest4j/opentest4j@1.2.0 sha256:{b256}
pkg:maven/p/q@3 sha512:{a512}
undigested 0
`},
		{"another lockfile.json", "lockfile.json", `{"dependencies": {"a": "b"}, "locked": true}`, `
undigested 0
`},
		{"pom", "pom.xml", `<?xml version="1.0" encoding="ISO-8859-1"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>m</artifactId><version>9</version></dependency></dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.12</version><scope>test</scope></dependency>
    <dependency><groupId>g</groupId><artifactId>property</artifactId><version>${v}</version></dependency>
    <dependency><groupId>g</groupId><artifactId>range</artifactId><version>[1,2)</version></dependency>
    <dependency><groupId>g</groupId><artifactId>managed</artifactId>
      <exclusions><exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion></exclusions></dependency>
  </dependencies>
</project>`, `
pkg:maven/junit/junit@4.12
undigested 4
`},
		{"composer", "composer.lock", `{"content-hash": "x", "packages": [
  {"name": "Adoy/fastcgi-client", "version": "1.0.2", "source": {"type": "git", "url": "https://github.com/adoy/PHP-FastCGI-Client.git", "reference": "{a1}"},
   "dist": {"type": "zip", "url": "https://api.github.com/repos/adoy/PHP-FastCGI-Client/zipball/{a1}", "reference": "{a1}", "shasum": ""}}],
 "packages-dev": [{"name": "d/e", "version": "v2", "dist": {"type": "zip", "url": "https://example.com/d.zip", "shasum": "{b1}"}}, {"name": "own/own", "version": "1", "dist": {"type": "path", "url": "../own"}}]}`, `
pkg:composer/adoy/fastcgi-client@1.0.2 gitCommit:{a1} from https://api.github.com/repos/adoy/PHP-FastCGI-Client/zipball/{a1} gitCommitOf=https://github.com/adoy/PHP-FastCGI-Client.git
pkg:composer/d/e@v2 sha1:{b1} from https://example.com/d.zip
undigested 0
`},
		{"NuGet", "packages.lock.json", "\ufeff" + `{"version": 1, "dependencies": {
  "net8.0": {"AutoMapper": {"type": "Direct", "requested": "[13.0.1, )", "resolved": "13.0.1", "contentHash": "{nuget}", "dependencies": {"X": "1"}}, "own": {"type": "Project"}},
  "net9.0": {"AutoMapper": {"type": "Transitive", "resolved": "13.0.1", "contentHash": "{nuget}"}, "c": {"type": "CentralTransitive", "requested": "[1, )"}}}}`, `
pkg:nuget/AutoMapper@13.0.1 nugetContentHash=sha512:{a512}
undigested 2
`},
		{"mix", "mix.lock", `%{
  "jason": {:hex, :jason, "1.3.0", "{b256}", [:mix], [{:decimal, "~> 1.0 or ~> 2.0", [hex: :decimal, repo: "hexpm", optional: true]}], "hexpm", "{a256}"},
  "priv": {:hex, :priv, "1.0.0", "{b256}", [:mix], [], "hexpm:acme", "{b256}"},
  "old": {:hex, :old, "1.0.0"},
  "enacl": {:git, "https://github.com/aeternity/enacl.git", "{a1}", [ref: "2f50ba6"]},
  "local_dep": {:path, "../local_dep", []},
}
`, `
pkg:generic/enacl?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Faeternity%2Fenacl.git%40{a1} gitCommit:{a1} from git+https://github.com/aeternity/enacl.git@{a1}
pkg:hex/acme/priv@1.0.0 sha256:{b256}
pkg:hex/jason@1.3.0 sha256:{a256}
pkg:hex/old@1.0.0
undigested 1
`},
		{"Swift", "Package.resolved", `{"originHash": "x", "pins": [
  {"identity": "swift-mmio", "kind": "remoteSourceControl", "location": "git@github.com:apple/swift-mmio.git", "state": {"branch": "main", "revision": "{a1}"}},
  {"identity": "swift-syntax", "kind": "remoteSourceControl", "location": "https://github.com/apple/swift-syntax.git", "state": {"revision": "{b1}", "version": "509.1.1"}},
  {"identity": "own", "kind": "localSourceControl", "location": "/x", "state": {"revision": "{b1}"}}], "version": 3}`, `
pkg:swift/github.com/apple/swift-mmio gitCommit:{a1} from git+ssh://github.com/apple/swift-mmio.git@{a1}
pkg:swift/github.com/apple/swift-syntax@509.1.1 gitCommit:{b1} from git+https://github.com/apple/swift-syntax.git@{b1}
undigested 0
`},
		{"Swift, version 1", "Package.resolved", `{"object": {"pins": [{"package": "X", "repositoryURL": "https://github.com/o/X.git", "state": {"branch": null, "revision": "{a1}", "version": "1.0.0"}}]}, "version": 1}`, `
pkg:swift/github.com/o/X@1.0.0 gitCommit:{a1} from git+https://github.com/o/X.git@{a1}
undigested 0
`},
	}
}

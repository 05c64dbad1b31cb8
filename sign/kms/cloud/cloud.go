// Package cloud links the key services of AWS, Google Cloud, Azure and HashiCorp Vault,
// each of which registers itself with sigstore/sigstore. They weigh 12 MB and 4 ms of
// start-up, so that only the program that signs imports this package.
package cloud

import (
	_ "github.com/sigstore/sigstore/pkg/signature/kms/aws"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/azure"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/gcp"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/hashivault"
)
